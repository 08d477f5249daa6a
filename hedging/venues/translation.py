"""The exchange library's errors in our own words: rejected, unclear or unreachable; and Deribit's codes.

Once a write has left, everything but a parsed rejection by the exchange is unclear: a cut answer, an HTML
page, an exception of the library's own parser, a connection refused. Only the codes listed here prove that
an order was not accepted. Left out on purpose, and therefore unclear: 10001 (general failure), 10040 (retry)
and 11051 (maintenance), 13028 (too slow) and 13888 (timed out), 11031, 11094 and 13008 (internal errors), and
every code not known here: they come from a service in trouble, and looking the order up costs little. Rate
limits (10028, 10047, 10066) and settlement (10041) are refused before the matching engine and prove it.
Source: docs.deribit.com, "RPC error codes".
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hedging.errors import VenueError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.venues.redaction import redact, redact_chain

ALREADY_KNOWN = "already known there"
ORDER_NOT_FOUND = 10004
NOT_OPEN = frozenset({10004, 10010, 11008, 11044})  # nothing left to cancel
PROVES_NOT_ACCEPTED = frozenset(
    (
        *(9999, 10000, 10002, 10003, 10005, 10006, 10007, 10008, 10009, 10011, 10012, 10013, 10014, 10015),
        *(10016, 10017, 10018, 10019, 10020, 10021, 10022, 10023, 10024, 10025, 10026, 10027, 10028, 10029),
        *(10031, 10032, 10033, 10036, 10041, 10043, 10047, 10066),
        *(11029, 11030, 11038, 11039, 11041, 11042, 11043, 11047, 11048, 11049, 11050, 11054),
        *(13002, 13004, 13009, 13010, 13012, 13016, 13019, 13020, 13021, 13025),
        *(-32000, -32600, -32601, -32602, -32700),
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON-RPC error as the exchange sent it."""

    code: int
    message: str
    reason: str

    @property
    def text(self) -> str:
        """The error in one line."""
        return f"{self.code} {self.message}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one exchange says no: where its error stands in the library's text, and what its codes mean.

    ``already_known``: the client id is in use there, so the order is found by it. ``not_found`` and
    ``not_open`` answer a look-up and a cancel of an order that is not there.
    """

    prefix: re.Pattern[str]
    read: Callable[[object], Answer | None]
    proves_not_accepted: frozenset[int]
    not_found: frozenset[int]
    not_open: frozenset[int]
    already_known: frozenset[int] = frozenset()


def answer_of(parsed: object) -> Answer | None:
    """The error member of a JSON-RPC response, None where there is none."""
    details = parsed.get("error") if isinstance(parsed, Mapping) and parsed.get("jsonrpc") == "2.0" else None
    if not isinstance(details, Mapping):
        return None
    code, data = details.get("code"), details.get("data")
    if type(code) is not int:
        return None
    reason = data.get("reason") if isinstance(data, Mapping) else None
    return Answer(code, str(details.get("message")), "" if reason is None else str(reason))


DERIBIT = Dialect(
    prefix=re.compile("deribit "),
    read=answer_of,
    proves_not_accepted=PROVES_NOT_ACCEPTED,
    not_found=frozenset({ORDER_NOT_FOUND}),
    not_open=NOT_OPEN,
)


def answer_in(error: BaseException, dialect: Dialect = DERIBIT) -> Answer | None:
    """The exchange's own error inside an exception of the library, None where there is none.

    The library puts its name before the body of the response: ``deribit {"jsonrpc": …}``. Anything that is
    not exactly such a body is not an answer.
    """
    text = str(error.args[0]) if error.args else ""
    library = dialect.prefix.match(text)
    if library is None:
        return None
    try:
        return dialect.read(json.loads(text[library.end() :]))
    except (ValueError, RecursionError):
        return None


def read_error(
    error: Exception, what: str, secrets: tuple[str, ...], dialect: Dialect = DERIBIT
) -> VenueError:
    """A failed read: nothing is known, nothing was changed."""
    return VenueUnreachable(_text(error, what, secrets, dialect))


def write_error(
    error: Exception, what: str, secrets: tuple[str, ...], dialect: Dialect = DERIBIT
) -> VenueError:
    """A failed write: rejected where the exchange's answer proves it, otherwise unclear."""
    answer = answer_in(error, dialect)
    if answer is not None and answer.code in dialect.proves_not_accepted:
        return VenueRejected(_text(error, what, secrets, dialect))
    known = answer is not None and answer.code in dialect.already_known
    return VenueUnclear(_text(error, f"{what}: {ALREADY_KNOWN}" if known else what, secrets, dialect))


def _text(error: Exception, what: str, secrets: tuple[str, ...], dialect: Dialect) -> str:
    answer = answer_in(error, dialect)
    told = answer.text if answer else f"{type(error).__name__}: {error}"
    text = redact(f"{what}: {told}", secrets)
    redact_chain(error, secrets)
    return text
