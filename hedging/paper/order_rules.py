"""What an order must satisfy before it may trade: grid, limits of price, label, time fence, overlap."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

from hedging.paper.listing import Listing, ListingKind
from hedging.paper.market_nouns import Mark
from hedging.paper.matching import Level
from hedging.paper.orders import Order, OrderRequest, OrderType
from hedging.paper.refusal import Code, Refused
from hedging.units import Side

LABEL_LENGTH = 64


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """The highest price a buyer and the lowest price a seller may name, on the tick grid."""

    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class LimitWidths:
    """How far from the mark orders may be priced: futures relative; options relative or of the index."""

    future: float = 0.05
    option_relative: float = 0.5
    option_of_index: float = 0.05


@lru_cache(maxsize=4096)
def exact(value: float) -> Decimal:
    """A float as people write it."""
    return Decimal(repr(value))


def tick_at(listing: Listing, price: Decimal) -> Decimal:
    """Tick size that holds at ``price``."""
    tick = exact(listing.tick_size)
    for above, step in listing.tick_size_steps:
        if price > exact(above):
            tick = exact(step)
    return tick


def price_limits(listing: Listing, mark: Mark, widths: LimitWidths) -> PriceLimits:
    """Price limits around ``mark``; the lowest is at least one tick."""
    middle = mark.mark_price
    if listing.kind is ListingKind.OPTION:
        unit = 1.0 if listing.inverse else mark.index_price
        width = max(widths.option_relative * middle, widths.option_of_index * unit)
    else:
        width = widths.future * middle
    low, high = Decimal(repr(middle - width)), Decimal(repr(middle + width))
    low_tick, high_tick = tick_at(listing, low), tick_at(listing, high)
    lowest = (low / low_tick).to_integral_value(rounding=ROUND_CEILING) * low_tick
    highest = (high / high_tick).to_integral_value(rounding=ROUND_FLOOR) * high_tick
    return PriceLimits(max(lowest, exact(listing.tick_size)), highest)


def check_request(listing: Listing, request: OrderRequest, real_now_ms: int) -> None:
    """Check what needs no market. Raises Refused."""
    if request.valid_until_ms is not None and real_now_ms > request.valid_until_ms:
        raise Refused(Code.TIMED_OUT, "the request arrived after valid_until", "valid_until")
    if len(request.label) > LABEL_LENGTH:
        raise Refused(Code.INVALID_PARAMS, f"longer than {LABEL_LENGTH} characters", "label")
    check_amount(listing, request.amount)
    if request.type is OrderType.LIMIT:
        if request.price is None:
            raise Refused(Code.INVALID_PARAMS, "value required", "price")
        check_price(listing, request.price)


def check_amount(listing: Listing, amount: Decimal) -> None:
    """Check that ``amount`` is at least the minimum and on its grid. Raises Refused."""
    smallest = exact(listing.min_trade_amount)
    if amount < smallest:
        raise Refused(Code.QTY_TOO_LOW, f"at least {smallest}", "amount")
    if amount % smallest:
        raise Refused(Code.INVALID_PARAMS, f"must be a multiple of {smallest}", "amount")


def check_price(listing: Listing, price: Decimal) -> None:
    """Check that ``price`` is positive and on the tick grid. Raises Refused."""
    if price <= 0:
        raise Refused(Code.INVALID_PRICE, "must be positive", "price")
    if price % tick_at(listing, price):
        raise Refused(Code.PRICE_WRONG_TICK, f"must be a multiple of {tick_at(listing, price)}", "price")


def check_limits(side: Side, price: Decimal, limits: PriceLimits) -> None:
    """Check a limit order's price against the limits. Raises Refused."""
    if side is Side.BUY and price > limits.highest:
        raise Refused(Code.PRICE_TOO_HIGH, f"{price} is above {limits.highest}", "price")
    if side is Side.SELL and price < limits.lowest:
        raise Refused(Code.PRICE_TOO_LOW, f"{price} is below {limits.lowest}", "price")


def check_overlap(order: Order, own: list[Order], depth: list[Level]) -> None:
    """Refuse an order that would trade with ``own`` resting orders; ``depth`` is the opposite side, shown."""
    own_prices = {resting.price for resting in own}
    left = order.remaining
    for level in depth:
        if left <= 0 or order.side * (level.price - order.price) > 0:
            return
        if level.price in own_prices:
            raise Refused(Code.ORDER_OVERLAP, "it would trade with an order of the same account")
        left -= level.amount
