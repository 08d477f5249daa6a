"""Which of the error codes of OKX, Bybit and Binance prove that an order was not accepted.

Only codes of checks in front of the matching engine are listed. What comes from a service in trouble is
left out, and so unclear: OKX 50001 (upgrading), 50004 (timed out), 50013 and 50026 (busy, system error);
Bybit 10000 and 10016 (timed out, server error); Binance -1000, -1001, -1006 and -1007 (execution status
unknown), -1008 (overloaded), -2010 (its reasons include a duplicate), and every code not known here.
Source: the exchanges' lists of error codes, as the library's tables name them.
"""

import json
import re
from collections.abc import Mapping

from hedging.venues.address import BINANCE, BYBIT, DERIBIT, OKX
from hedging.venues.payload import Raw
from hedging.venues.translation import DERIBIT as OF_DERIBIT
from hedging.venues.translation import Answer, Dialect


def okx_answer(parsed: object) -> Answer | None:
    """The error of an OKX answer: that of its one order where there is one, else that of the request."""
    if not isinstance(parsed, Mapping):
        return None
    listed = parsed.get("data")
    one = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    if isinstance(one, Mapping) and one.get("sCode") not in (None, "", "0"):
        return _answer(one, "sCode", "sMsg")
    return _answer(parsed, "code", "msg")


def bybit_answer(parsed: object) -> Answer | None:
    """The error of an answer of Bybit's v5."""
    return _answer(parsed, "retCode", "retMsg") if isinstance(parsed, Mapping) else None


def binance_answer(parsed: object) -> Answer | None:
    """The error of an answer of Binance."""
    return _answer(parsed, "code", "msg") if isinstance(parsed, Mapping) else None


def _answer(read: Raw, code: str, message: str) -> Answer | None:
    """An error with a code other than 0 and a text."""
    number, text = read.get(code), read.get(message)
    if isinstance(number, str):
        number = _whole(number)
    if type(number) is not int or number == 0 or not isinstance(text, str):
        return None
    return Answer(number, text, "")


def _whole(text: str) -> int | None:
    try:
        number = json.loads(text)
    except ValueError:
        return None
    return number if type(number) is int else None


def _codes(*parts: int | range) -> frozenset[int]:
    return frozenset(code for part in parts for code in (part if isinstance(part, range) else (part,)))


def _down(first: int, last: int) -> range:
    """Codes below 0 as they are counted, both ends included."""
    return range(last, first + 1)


DIALECTS: Mapping[str, Dialect] = {
    DERIBIT: OF_DERIBIT,
    OKX: Dialect(
        prefix=re.compile("okx "),
        read=okx_answer,
        proves_not_accepted=_codes(
            *(50000, 50002, 50006, 50007, 50008, 50009, 50010, 50011, 50012, 50014, 50015, 50016, 50017),
            *(50018, 50019, 50020, 50021, 50022, 50023, 50024, 50025, 50027, 50028, 50036, 50037, 50061),
            *(range(50100, 50116), 50119, 50120),
            *(range(51000, 51011), 51012, 51014, 51015, range(51017, 51032)),
            *(range(51100, 51113), 51115, 51116, 51117, 51118, 51119, 51120, 51121, 51122, 51124),
            *(range(51127, 51140), 51155, 51174, 51185, 51203, 51204, 51205, 51403, 51404, 51407, 51408),
        ),
        not_found=_codes(51603),
        not_open=_codes(51400, 51401, 51402, 51405, 51410, 51603),
        already_known=_codes(51011, 51016),
    ),
    BYBIT: Dialect(
        prefix=re.compile("bybit "),
        read=bybit_answer,
        proves_not_accepted=_codes(
            *(range(10001, 10011), 10017, 10018, 10020, 10024, 10027, 10028, 10029),
            *(range(110003, 110008), 110009, range(110011, 110015), range(110016, 110024)),
            *(110032, 110040, 110042, 110044, 110045, 110051, 110052, 110053, 110063, 110066, 110068),
            *(110069, 110070, 110094, 3100116, 3100198),
        ),
        not_found=_codes(110001, 170213),
        not_open=_codes(110001, 110008, 110010, 170139, 170142, 170213),
        already_known=_codes(110030, 110072, 170141),
    ),
    BINANCE: Dialect(
        prefix=re.compile(r"binance [^{<]*(?=\{)"),  # for some the library adds words of its own
        read=binance_answer,
        proves_not_accepted=_codes(
            *(-1002, -1003, -1013, -1014, -1015, -1020, -1021, -1022),
            *(_down(-1100, -1106), -1109, -1111, _down(-1114, -1118), -1121, -1128, -1130, -1131, -1136),
            *(-2014, -2015, -2018, -2019, _down(-2021, -2028)),
            *(_down(-4001, -4005), _down(-4013, -4016), -4023, -4024, -4061, -4087, -4088),
            *(-4112, -4118, -4131, -4140, -4141, -4164, -4178, -4188, -4192, _down(-4400, -4403)),
            *(-5021, -5022, -5025, -5028),
        ),
        not_found=_codes(-2013),
        not_open=_codes(-2011, -2013),
        already_known=_codes(-4116),
    ),
}
