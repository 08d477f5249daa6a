"""What faults speak of: calls, what becomes of them, messages, and the words to choose among them."""

from dataclasses import dataclass, field
from enum import StrEnum

from hedging.paper.params import Params
from hedging.paper.refusal import Refused


class Group(StrEnum):
    """What a fault is about, for lists that people read."""

    WIRE = "connection"
    ORDERS = "orders"
    STREAM = "stream"
    PRICES = "prices"
    CLOCK = "clock"
    VENUE = "venue"
    ACCOUNT = "account"
    ACCESS = "access"


class Wire(StrEnum):
    """What happens to the connection that carried a call."""

    PROCEED = "proceed"
    RESET = "reset"  # the connection is torn down without an answer
    SILENCE = "silence"  # the connection stays open, no answer comes
    HALF = "half"  # half of the answer, then torn down
    TRUNCATED = "truncated"  # half of the answer, sent as if it were whole
    LAST = "last"  # the whole answer, then torn down
    PAGE = "page"  # something else than the answer; a websocket is torn down


class Calls(StrEnum):
    """Which calls a fault touches."""

    ORDERS = "orders"  # buy, sell, edit
    CANCELS = "cancels"
    READS = "reads"  # private, of the account's state
    ALL = "all"


class Underlying(StrEnum):
    """Which instruments and indices a fault touches."""

    ANY = "any"
    BTC = "BTC"
    ETH = "ETH"

    def holds(self, name: str) -> bool:
        """Whether the instrument or index called ``name`` belongs to it."""
        return self is Underlying.ANY or name.upper().startswith(self.value)


class Channels(StrEnum):
    """Which channels a fault touches."""

    ALL = "all"
    MARKET = "market"
    ACCOUNT = "account"
    BOOKS = "books"

    def holds(self, channel: str) -> bool:
        """Whether the channel belongs to it."""
        private = channel.startswith("user.")
        chosen = {
            Channels.MARKET: not private,
            Channels.ACCOUNT: private,
            Channels.BOOKS: channel.startswith("book."),
        }
        return chosen.get(self, True)


@dataclass(frozen=True, slots=True)
class Page:
    """Something that stands where the answer should."""

    status: int
    body: bytes
    content_type: str = "text/html"


Fate = Wire | Page | Refused
"""What becomes of a call: of its connection, a page in place of the answer, or an error as the answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call: ``method`` such as ``private/buy``; ``reused`` when its connection has carried one before."""

    method: str
    params: Params = field(default_factory=lambda: Params({}))
    reused: bool = False

    @property
    def is_order(self) -> bool:
        """Whether it can place or change an order."""
        return self.method in ("private/buy", "private/sell", "private/edit")

    @property
    def is_cancel(self) -> bool:
        """Whether it cancels orders."""
        return self.method.startswith("private/cancel")

    @property
    def is_private(self) -> bool:
        """Whether it needs a key."""
        return self.method.startswith("private/")

    @property
    def is_read(self) -> bool:
        """Whether it asks for the account's state."""
        return self.method.startswith("private/get_")

    @property
    def is_position_read(self) -> bool:
        """Whether it asks for positions."""
        return self.method in ("private/get_positions", "private/get_position")

    @property
    def subject(self) -> str:
        """Instrument or index it names; empty when it names none."""
        name = "instrument_name" if self.params.has("instrument_name") else "index_name"
        return self.params.text(name, "")


@dataclass(frozen=True, slots=True)
class Late:
    """An order that is carried out ``seconds`` after it came; ``fenced`` when its fence is checked then."""

    seconds: float
    fenced: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of a channel on its way out; ``snapshot`` when it begins a book."""

    channel: str
    snapshot: bool = False
