"""One client, one lock: a request at a time, and every failure in our own words."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from typing import TypeVar

from hedging.errors import BadInput, HedgingError
from hedging.venues.address import AccountAddress
from hedging.venues.client import order_safe_client
from hedging.venues.payload import Raw
from hedging.venues.refusals import DIALECTS
from hedging.venues.translation import answer_in, read_error, write_error

Answered = TypeVar("Answered")
Parameters = Mapping[str, str | int | bool]


class Pacing(Enum):
    """Whether the client itself waits between requests: for reads; orders are budgeted before they come."""

    PACED = "paced"
    UNPACED = "unpaced"


class Wire:
    """The synchronous client of one account, guarded: it is not safe in several threads.

    The time-out holds for connecting and for each wait for more of an answer.
    """

    def __init__(self, address: AccountAddress, pacing: Pacing, timeout_seconds: float) -> None:
        self.client = order_safe_client(address, timeout_seconds, paced=pacing is Pacing.PACED)
        self._secrets = address.secrets
        self._dialect = DIALECTS[address.venue]
        self._lock = threading.RLock()

    def read(self, what: str, ask: Callable[[], Answered]) -> Answered:
        """Ask and parse; any failure of either is VenueUnreachable."""
        with self._lock:
            try:
                return ask()
            except HedgingError as error:
                if not isinstance(error, BadInput):
                    raise
                raise read_error(error, what, self._secrets, self._dialect) from error
            except Exception as error:
                raise read_error(error, what, self._secrets, self._dialect) from error

    def write(self, what: str, send: Callable[[], Answered]) -> Answered:
        """Send and parse; a failure is VenueRejected where the answer proves it, else VenueUnclear."""
        with self._lock:
            try:
                return send()
            except Exception as error:
                raise write_error(error, what, self._secrets, self._dialect) from error

    def alone(self) -> AbstractContextManager[object]:
        """Keep every other thread out, for requests and what has to be true while they are made."""
        return self._lock

    def unless_not_found(self, ask: Callable[[], Answered]) -> Answered | None:
        """What is answered, None where the exchange answers that it knows no such order."""
        return self._unless(self._dialect.not_found, ask)

    def unless_not_open(self, ask: Callable[[], Answered]) -> Answered | None:
        """What is answered, None where the exchange answers that there is nothing left to cancel."""
        return self._unless(self._dialect.not_open, ask)

    def _unless(self, codes: frozenset[int], ask: Callable[[], Answered]) -> Answered | None:
        try:
            return ask()
        except Exception as error:
            answer = answer_in(error, self._dialect)
            if answer is None or answer.code not in codes:
                raise
            return None

    def close(self) -> None:
        """Close the connection once the request in flight has ended."""
        with self._lock:
            self.client.session.close()


def result(response: object) -> object:
    """The result member of a JSON-RPC response. Raises BadInput for anything else, such as an HTML page."""
    if not isinstance(response, Mapping) or "result" not in response:
        raise BadInput("the answer is not a JSON-RPC result")
    return response["result"]


def as_object(value: object) -> Raw:
    """A JSON object, or BadInput."""
    if not isinstance(value, Mapping):
        raise BadInput(f"expected a JSON object, got {type(value).__name__}")
    return value


def as_list(value: object) -> list[Raw]:
    """A list of JSON objects, or BadInput: an absent list is not an empty one."""
    if not isinstance(value, list):
        raise BadInput(f"expected a list, got {type(value).__name__}")
    return [as_object(item) for item in value]
