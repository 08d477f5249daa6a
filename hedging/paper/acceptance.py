"""What an order must pass before the floor gets it: limits, post-only, reduce-only, overlap, funds."""

from decimal import Decimal

from hedging.paper.account import Account, trading_fee
from hedging.paper.floor import Floor
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.order_rules import check_limits, check_overlap, exact, price_limits, tick_at
from hedging.paper.orders import Order, OrderRequest, Origin, PostOnly
from hedging.paper.refusal import Code, Refused
from hedging.paper.valuation import open_order_margin, summarise
from hedging.units import Side


def new_order(floor: Floor, account: Account, listing: Listing, request: OrderRequest) -> Order:
    """Make the order of a request, priced and sized as it may be. Raises Refused."""
    limits = price_limits(listing, floor.market.mark(listing.name), floor.rules.widths)
    price = request.price
    if price is None:
        price = limits.highest if request.side is Side.BUY else limits.lowest
    else:
        check_limits(request.side, price, limits)
    order = Order(
        order_id=f"{listing.settlement_currency}-{floor.next_id()}",
        account=account.name,
        request=request,
        price=price,
        amount=request.amount,
        sequence=floor.next_sequence(),
        created_ms=floor.now_ms,
        updated_ms=floor.now_ms,
    )
    if request.reduce_only:
        order.amount = min(order.amount, floor.reducible(account, listing, order))
        if not order.amount:
            raise Refused(Code.OTHER_REJECT, "reduce_only: there is no position to reduce", "reduce_only")
    order.price = post_only_price(floor, listing, order)
    return order


def post_only_price(floor: Floor, listing: Listing, order: Order) -> Decimal:
    """Price at which a post-only order may rest; the order's own otherwise. Raises Refused."""
    if order.request.post_only is PostOnly.NO:
        return order.price
    bids, asks = floor.depth(listing.name)
    opposite = asks if order.side is Side.BUY else bids
    if not opposite or order.side * (order.price - opposite[0].price) < 0:
        return order.price
    if order.request.post_only is PostOnly.REJECT:
        raise Refused(Code.POST_ONLY_REJECT, f"it would trade at {opposite[0].price}", "price")
    best = opposite[0].price
    return best - order.side * tick_at(listing, best - order.side * exact(listing.tick_size))


def check(floor: Floor, account: Account, listing: Listing, order: Order) -> None:
    """Check what needs the account: overlap with own orders, and funds. Raises Refused."""
    bids, asks = floor.depth(listing.name)
    check_overlap(order, floor.own_resting(order), asks if order.side is Side.BUY else bids)
    if order.request.origin is Origin.API:
        _check_funds(floor, account, listing, order)


def _check_funds(floor: Floor, account: Account, listing: Listing, order: Order) -> None:
    if listing.kind is ListingKind.SPOT and order.side is Side.SELL:
        if account.wallet(listing.base_currency).balance < float(order.remaining):
            raise Refused(Code.NOT_ENOUGH_FUNDS)
        return
    currency = listing.settlement_currency
    before = summarise(account, currency, floor.market.mark, floor.rules.margin)
    bound = open_order_margin(account, currency, floor.market.mark, floor.rules.margin)
    needed = open_order_margin(account, currency, floor.market.mark, floor.rules.margin, (listing, order))
    mark = floor.market.mark(listing.name)
    fee = trading_fee(listing, order.remaining, mark.mark_price, mark.index_price, maker=False)
    if needed > bound and before.available_funds - (needed - bound) - fee < 0.0:
        raise Refused(
            Code.NOT_ENOUGH_FUNDS,
            f"{needed - bound + fee:.6g} {currency} needed, {before.available_funds:.6g} available",
        )
