"""Orders, fills and the requests that make them, as the paper exchange keeps them."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from hedging.units import Side

ZERO = Decimal(0)


class OrderType(StrEnum):
    """How an order is priced; the value is Deribit's word."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long an order may rest; the value is Deribit's word."""

    GOOD_TIL_CANCELLED = "good_til_cancelled"
    GOOD_TIL_DAY = "good_til_day"
    FILL_OR_KILL = "fill_or_kill"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"

    @property
    def rests(self) -> bool:
        """Whether an unfilled rest stays in the book."""
        return self in (TimeInForce.GOOD_TIL_CANCELLED, TimeInForce.GOOD_TIL_DAY)


class OrderState(StrEnum):
    """Where an order stands; the value is Deribit's word."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class PostOnly(StrEnum):
    """What happens to an order that would trade at once although it must not."""

    NO = "no"
    REPRICE = "reprice"
    REJECT = "reject"


class Liquidity(StrEnum):
    """Which side of a fill an account was on; the value is Deribit's letter."""

    MAKER = "M"
    TAKER = "T"


class Origin(StrEnum):
    """Where an order came from."""

    API = "api"
    BY_HAND = "by_hand"  # typed at the exchange's own screen: no label of any client
    LIQUIDATION = "liquidation"  # the exchange trades for the account


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for: amount in Deribit's unit (USD for inverse futures, coin otherwise).

    ``price`` is None for market orders. ``valid_until_ms`` is real time in milliseconds: past it the
    exchange must refuse. ``connection`` names the websocket that sent it, for cancel-on-disconnect.
    """

    instrument: str
    side: Side
    amount: Decimal
    type: OrderType = OrderType.LIMIT
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TIL_CANCELLED
    post_only: PostOnly = PostOnly.NO
    reduce_only: bool = False
    label: str = ""
    valid_until_ms: int | None = None
    connection: int | None = None
    origin: Origin = Origin.API


@dataclass(slots=True)
class Order:
    """An accepted order and what has become of it.

    ``price`` is always set: a market order carries the worst price it may trade at.
    ``average_price`` is None until the first fill. ``commission`` is in the settlement currency.
    """

    order_id: str
    account: str
    request: OrderRequest
    price: Decimal
    amount: Decimal
    sequence: int
    created_ms: int
    updated_ms: int
    state: OrderState = OrderState.OPEN
    filled: Decimal = ZERO
    average_price: float | None = None
    commission: float = 0.0
    profit_loss: float = 0.0
    replaced: bool = False
    cancel_reason: str = ""

    @property
    def remaining(self) -> Decimal:
        """Amount still to be filled, in Deribit's unit."""
        return self.amount - self.filled

    @property
    def side(self) -> Side:
        """Direction of the order."""
        return self.request.side

    @property
    def instrument(self) -> str:
        """Name of the instrument it trades."""
        return self.request.instrument

    @property
    def label(self) -> str:
        """The client's own mark on the order; not unique."""
        return self.request.label


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of one account's order; ``fee`` and ``profit_loss`` in ``fee_currency``."""

    trade_id: str
    trade_seq: int
    account: str
    order_id: str
    instrument: str
    side: Side
    price: float
    amount: float
    liquidity: Liquidity
    fee: float
    fee_currency: str
    profit_loss: float
    mark_price: float
    index_price: float
    timestamp_ms: int
    order: "Order" = field(repr=False, compare=False)
    state: OrderState = OrderState.OPEN
    tick_direction: int = 0
    iv: float | None = None
    underlying_price: float | None = None


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """One print of the tape; the account behind it, if any, stays unnamed."""

    trade_id: str
    trade_seq: int
    instrument: str
    side: Side
    price: float
    amount: float
    mark_price: float
    index_price: float
    timestamp_ms: int
    tick_direction: int = 0
