"""What an account is worth: positions at mark, and the summary of each currency as Deribit draws it up.

Delta of a summary: ``delta_total`` = Σ q·(Δ_Black - mark in coin) + Σ futures' size in coin, without equity;
``delta_total_map`` is the same before the premium is taken off, so they differ by the options' value. While a
delivery price is averaged the premium that is taken off decays with the delta: a call of delta 1 and mark 0.3
stands at 0.5 - 0.15 after a quarter of an hour, as Deribit documents it ("Delta decay during settlement").
Where options are settled in dollars there is no premium to take off; a dollar summary's ``delta_total`` is in
dollars at the index, its map in coins.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedging.paper.account import Account, Position
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.margin import MarginFigure, MarginParameters, Pricing, position_margin
from hedging.paper.market_nouns import Mark
from hedging.paper.orders import ZERO, Order, OrderType
from hedging.units import Side

Marks = Callable[[str], Mark]


@dataclass(frozen=True, slots=True)
class PositionValue:
    """A position at mark. Money in the settlement currency; Greeks are of the whole position, Black-76."""

    position: Position
    mark: Mark
    coins: float
    delta: float
    gamma: float
    vega: float
    theta: float
    option_value: float
    session_profit: float
    total_profit: float
    margin: MarginFigure


@dataclass(frozen=True, slots=True)
class GreekMaps:
    """Sums by index name (``btc_usd``); delta in coin and not premium-adjusted, of options and futures."""

    delta: Mapping[str, float]
    gamma: Mapping[str, float]
    vega: Mapping[str, float]
    theta: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of one currency of an account; money in that currency."""

    currency: str
    balance: float
    equity: float
    margin_balance: float
    initial_margin: float
    maintenance_margin: float
    projected_initial_margin: float
    projected_maintenance_margin: float
    available_funds: float
    delta_total: float
    projected_delta_total: float
    options_value: float
    options_delta: float
    options_gamma: float
    options_vega: float
    options_theta: float
    futures_session_upl: float
    futures_session_rpl: float
    options_session_upl: float
    options_session_rpl: float
    futures_pl: float
    options_pl: float
    session_funding: float
    maps: GreekMaps


def pricing(mark: Mark) -> Pricing:
    """What margin needs of a mark."""
    return Pricing(mark.mark_price, mark.underlying_price, mark.index_price)


def value_position(position: Position, mark: Mark, parameters: MarginParameters) -> PositionValue:
    """Value a position that is not empty at ``mark``."""
    size = float(position.size)
    coins = position.coins(mark.mark_price)
    unit_delta = mark.delta if mark.delta is not None else 1.0
    return PositionValue(
        position=position,
        mark=mark,
        coins=coins,
        delta=coins * unit_delta,
        gamma=size * _of_option(mark.gamma),
        vega=size * _of_option(mark.vega),
        theta=size * _of_option(mark.theta),
        option_value=size * mark.mark_price if position.is_option else 0.0,
        session_profit=position.session_profit(mark.mark_price),
        total_profit=position.total_profit(mark.mark_price),
        margin=position_margin(position.listing, size, pricing(mark), parameters),
    )


def summarise(account: Account, currency: str, marks: Marks, parameters: MarginParameters) -> Summary:
    """Draw up the summary of one currency."""
    wallet = account.wallet(currency)
    values = [
        value_position(position, marks(position.listing.name), parameters)
        for position in account.held(currency)
    ]
    options = [value for value in values if value.position.is_option]
    futures = [value for value in values if not value.position.is_option]
    options_value = sum(value.option_value for value in options)
    futures_upl = sum(value.session_profit for value in futures)
    margin_balance = wallet.balance + wallet.futures_session_realised + wallet.session_funding + futures_upl
    orders = open_order_margin(account, currency, marks, parameters)
    initial = sum(value.margin.initial for value in values) + orders
    maintenance = sum(value.margin.maintenance for value in values)
    staying = _staying(values)
    return Summary(
        currency=currency,
        balance=wallet.balance,
        equity=margin_balance + options_value,
        margin_balance=margin_balance,
        initial_margin=initial,
        maintenance_margin=maintenance,
        projected_initial_margin=sum(value.margin.initial for value in staying) + orders,
        projected_maintenance_margin=sum(value.margin.maintenance for value in staying),
        available_funds=margin_balance - initial,
        delta_total=_delta_total(values),
        projected_delta_total=_delta_total(staying),
        options_value=options_value,
        options_delta=sum(value.delta for value in options),
        options_gamma=sum(value.gamma for value in options),
        options_vega=sum(value.vega for value in options),
        options_theta=sum(value.theta for value in options),
        futures_session_upl=futures_upl,
        futures_session_rpl=wallet.futures_session_realised,
        options_session_upl=sum(value.session_profit for value in options),
        options_session_rpl=wallet.options_session_realised,
        futures_pl=sum(value.total_profit for value in futures),
        options_pl=sum(value.total_profit for value in options),
        session_funding=wallet.session_funding,
        maps=_maps(values),
    )


def open_order_margin(
    account: Account,
    currency: str,
    marks: Marks,
    parameters: MarginParameters,
    candidate: tuple[Listing, Order] | None = None,
) -> float:
    """Margin bound by open orders and a ``candidate``: the worst their fills would add, per instrument."""
    orders: dict[str, list[Order]] = defaultdict(list)
    listings: dict[str, Listing] = {}
    for order in account.open_orders.values():
        position = account.positions.get(order.instrument)
        if position is not None and position.listing.settlement_currency == currency:
            orders[order.instrument].append(order)
            listings[order.instrument] = position.listing
    if candidate is not None:
        orders[candidate[0].name].append(candidate[1])
        listings[candidate[0].name] = candidate[0]
    return sum(
        _added_margin(listings[name], account.position(listings[name]).size, group, (marks(name), parameters))
        for name, group in orders.items()
    )


def _added_margin(
    listing: Listing, held: Decimal, orders: Iterable[Order], terms: tuple[Mark, MarginParameters]
) -> float:
    mark, parameters = terms
    group = list(orders)
    bought = sum((order.remaining for order in group if order.side is Side.BUY), ZERO)
    sold = sum((order.remaining for order in group if order.side is Side.SELL), ZERO)
    if listing.kind is ListingKind.SPOT:
        return float(bought) * mark.mark_price

    def initial(size: Decimal) -> float:
        return position_margin(listing, float(size), pricing(mark), parameters).initial

    worst = max(initial(held + bought), initial(held - sold)) - initial(held)
    premium = 0.0
    if listing.kind is ListingKind.OPTION:
        premium = sum(float(order.remaining) * _worst_price(order, mark) for order in group if order.side > 0)
    return max(0.0, worst) + premium


def _worst_price(order: Order, mark: Mark) -> float:
    return mark.mark_price if order.request.type is OrderType.MARKET else float(order.price)


def _of_option(greek: float | None) -> float:
    """Greek of one unit; what is not an option has none, and adds none."""
    return greek if greek is not None else 0.0


def _delta_total(values: Iterable[PositionValue]) -> float:
    total = 0.0
    for value in values:
        listing = value.position.listing
        if listing.settlement_currency == listing.base_currency:
            total += value.delta - value.option_value * value.mark.undecayed
        else:
            total += value.delta * value.mark.index_price
    return total


def _staying(values: list[PositionValue]) -> list[PositionValue]:
    """Positions without those of the closest expiry."""
    closest = min((value.position.listing.expiration_ns for value in values), default=0)
    return [
        value
        for value in values
        if value.position.is_perpetual or value.position.listing.expiration_ns > closest
    ]


def _maps(values: Iterable[PositionValue]) -> GreekMaps:
    delta: dict[str, float] = defaultdict(float)
    gamma: dict[str, float] = defaultdict(float)
    vega: dict[str, float] = defaultdict(float)
    theta: dict[str, float] = defaultdict(float)
    for value in values:
        index = value.position.listing.index_name
        delta[index] += value.delta
        if value.position.is_option:
            gamma[index] += value.gamma
            vega[index] += value.vega
            theta[index] += value.theta
    return GreekMaps(dict(delta), dict(gamma), dict(vega), dict(theta))
