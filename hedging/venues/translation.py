"""The exchange library's errors in our own words: rejected, unclear or unreachable.

Once a write has left, everything but a parsed rejection by the exchange is unclear: a cut answer, an HTML
page, an exception of the library's own parser, a connection refused. Only the codes listed here prove that
an order was not accepted. Left out on purpose, and therefore unclear: 10001 (general failure), 10040 (retry)
and 11051 (maintenance), 13028 (too slow) and 13888 (timed out), 11031, 11094 and 13008 (internal errors), and
every code not known here: they come from a service in trouble, and looking the order up costs little. Rate
limits (10028, 10047, 10066) and settlement (10041) are refused before the matching engine and prove it.
Source: docs.deribit.com, "RPC error codes".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hedging.errors import VenueError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.venues.redaction import redact, redact_chain

_PREFIX = "deribit "
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


def answer_in(error: BaseException) -> Answer | None:
    """The exchange's own error inside an exception of the library, None where there is none.

    The library puts its name before the body of the response: ``deribit {"jsonrpc": …}``. Anything that is
    not exactly such a body is not an answer.
    """
    text = str(error.args[0]) if error.args else ""
    if not text.startswith(_PREFIX):
        return None
    try:
        return answer_of(json.loads(text.removeprefix(_PREFIX)))
    except ValueError:
        return None


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


def read_error(error: Exception, what: str, secrets: tuple[str, ...]) -> VenueError:
    """A failed read: nothing is known, nothing was changed."""
    return VenueUnreachable(_text(error, what, secrets))


def write_error(error: Exception, what: str, secrets: tuple[str, ...]) -> VenueError:
    """A failed write: rejected where the exchange's answer proves it, otherwise unclear."""
    answer = answer_in(error)
    if answer is not None and answer.code in PROVES_NOT_ACCEPTED:
        return VenueRejected(_text(error, what, secrets))
    return VenueUnclear(_text(error, what, secrets))


def _text(error: Exception, what: str, secrets: tuple[str, ...]) -> str:
    answer = answer_in(error)
    told = answer.text if answer else f"{type(error).__name__}: {error}"
    text = redact(f"{what}: {told}", secrets)
    redact_chain(error, secrets)
    return text
