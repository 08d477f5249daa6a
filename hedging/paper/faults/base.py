"""What a fault can do, and where it is asked.

A fault is a frozen dataclass in its own file: the first paragraph of the class's docstring is the sentence
people read, its fields are its parameters. Every hook's default is: nothing is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, get_type_hints

from hedging.clock import monotonic_ns
from hedging.errors import BadInput
from hedging.paper.account import Account
from hedging.paper.exchange import Exchange
from hedging.paper.faults.calls import Call, Calls, Fate, Frame, Group, Late
from hedging.paper.listing import Listing
from hedging.paper.orders import Order
from hedging.paper.params import Params
from hedging.paper.rear_view import RearView

Undo = Callable[[], None]
Levels = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a parameter, both allowed."""

    low: float
    high: float


Share = Annotated[float, Between(0.0, 1.0)]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a fault that acts may reach."""

    exchange: Exchange
    account: Account
    rear_view: RearView

    def look_back(self) -> None:
        """Keep the accounts as they are now, for reads that are answered from the past."""
        self.rear_view.take(self.exchange.accounts.values(), monotonic_ns())


@dataclass(frozen=True)
class Fault:
    """A named switch. ``lasting`` is false where it acts once and is over."""

    name: ClassVar[str] = ""
    group: ClassVar[Group] = Group.VENUE
    lasting: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_bounds(self)

    @classmethod
    def sentence(cls) -> str:
        """What it does, in one sentence."""
        return " ".join((cls.__doc__ or "").split("\n\n", maxsplit=1)[0].split())

    # --- calls -----------------------------------------------------------------------------------

    def before(self, call: Call) -> Fate | None:
        """Fate of a call before the exchange carries it out; then it never does."""

    def late(self, call: Call) -> Late | None:
        """How much later than it came a call is carried out; no answer comes then."""

    def request(self, call: Call) -> Params:
        """Parameters with which a call is carried out."""
        return call.params

    def result(self, call: Call, result: object) -> object:
        """Result that is told of a call that was carried out; never changed in place."""
        del call
        return result

    def after(self, call: Call) -> Fate | None:
        """Fate of the answer to a call that was carried out."""

    def age_seconds(self, call: Call) -> float | None:
        """How old the state is that a read is answered from."""

    # --- messages --------------------------------------------------------------------------------

    def message(self, channel: str, data: object) -> object:
        """Data that is told on a channel; never changed in place."""
        del channel
        return data

    def levels(self, name: str, bids: Levels, asks: Levels) -> tuple[Levels, Levels] | None:
        """Depth that the book channels of an instrument show, best first."""

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """After how many seconds a message leaves, once for each entry; ``number`` counts those touched."""

    def freezes(self, channel: str) -> bool:
        """Whether messages of ``channel`` are not even made."""
        del channel
        return False

    @property
    def freezes_rest(self) -> bool:
        """Whether REST market data stays as it was when the fault began."""
        return False

    @property
    def refuses_connections(self) -> bool:
        """Whether websockets are closed and new ones refused."""
        return False

    # --- the exchange itself ---------------------------------------------------------------------

    def skew_seconds(self, elapsed_seconds: float) -> float:
        """How far the exchange's clock is ahead, so long after the switch."""
        del elapsed_seconds
        return 0.0

    def may_fill(self, order: Order, lot: Decimal) -> Decimal | None:
        """Most of an arriving order that may trade, in whole lots."""

    @property
    def holds_resting(self) -> bool:
        """Whether resting orders wait although the market reaches them."""
        return False

    def fills_before_cancel(self, order: Order) -> bool:
        """Whether an open order trades in the instant in which its cancel arrives."""
        del order
        return False

    def fills_after_end(self, order: Order) -> float | None:
        """After how many seconds the cancelled rest of an order trades all the same."""

    def fee_currency(self, listing: Listing) -> str | None:
        """Currency in which the fee of a trade is taken."""

    def begin(self, stage: Stage) -> Undo | None:
        """Act, when switched on; what is returned is called when it is switched off."""


@dataclass(frozen=True)
class CallFault(Fault):
    """A fault of chosen calls."""

    group: ClassVar[Group] = Group.WIRE
    calls: Calls = Calls.ORDERS

    def touches(self, call: Call) -> bool:
        """Whether the fault concerns ``call``."""
        chosen = {Calls.ORDERS: call.is_order, Calls.CANCELS: call.is_cancel, Calls.READS: call.is_read}
        return chosen.get(self.calls, True)


def check_bounds(item: object) -> None:
    """Raise BadInput when a field of a dataclass is outside its bounds."""
    for name, limits in parameter_bounds(type(item)).items():
        value = getattr(item, name)
        if not limits.low <= value <= limits.high:
            raise BadInput(f"{name}={value!r} is not between {limits.low:g} and {limits.high:g}")


def parameter_bounds(kind: type) -> dict[str, Between]:
    """Bounds of those fields of a dataclass that have any."""
    found: dict[str, Between] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for item in getattr(hint, "__metadata__", ()):
            if isinstance(item, Between):
                found[name] = item
    return found
