"""The demo account: coin collateral and an options book worth hedging, opened at the market's own marks."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from hedging.errors import BadInput
from hedging.paper.account import Account, Execution
from hedging.paper.auth import ApiKey, Scope, random_key
from hedging.paper.exchange import Exchange
from hedging.paper.listing import DAY_NS, Listing, ListingKind, OptionType
from hedging.paper.order_rules import exact, tick_at
from hedging.units import Side

DEMO_ACCOUNT = "desk"
COLLATERAL = {"BTC": 60.0, "ETH": 800.0, "USDC": 500_000.0}


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """An option chosen by distance: ``days`` to expiry, ``moneyness`` strike / forward - 1.

    ``amount`` is signed, in coin. ``entry`` is the entry price over the mark, so that the book has a past:
    1.05 was sold well or bought dear.
    """

    underlying: str
    settlement: str
    option_type: OptionType
    days: float
    moneyness: float
    amount: int
    entry: float


@dataclass(frozen=True, slots=True)
class DeltaTarget:
    """A perpetual that brings the delta of its settlement currency's part of a coin to ``coins``."""

    perpetual: str
    index_name: str
    coins: float
    entry: float


_CALL, _PUT = OptionType.CALL, OptionType.PUT
LEGS = (
    # short strangle, a month out
    OptionLeg("BTC", "BTC", _CALL, 33, 0.10, -28, 1.06),
    OptionLeg("BTC", "BTC", _PUT, 33, -0.10, -28, 0.97),
    # calendar: short the near at-the-money call, long the far one
    OptionLeg("BTC", "BTC", _CALL, 6, 0.01, -10, 1.08),
    OptionLeg("BTC", "BTC", _CALL, 68, 0.01, 10, 0.98),
    # risk reversal: long the put, short the call
    OptionLeg("BTC", "BTC", _PUT, 124, -0.18, 20, 1.04),
    OptionLeg("BTC", "BTC", _CALL, 124, 0.22, -20, 1.03),
    # the same coin settled in dollars
    OptionLeg("BTC", "USDC", _PUT, 33, -0.06, -8, 1.05),
    OptionLeg("BTC", "USDC", _CALL, 33, 0.12, 6, 0.96),
    OptionLeg("ETH", "ETH", _CALL, 33, 0.12, -300, 1.05),
    OptionLeg("ETH", "ETH", _PUT, 33, -0.12, -300, 0.98),
    OptionLeg("ETH", "ETH", _CALL, 6, 0.01, -100, 1.07),
    OptionLeg("ETH", "ETH", _CALL, 68, 0.01, 100, 0.99),
    OptionLeg("ETH", "ETH", _PUT, 124, -0.20, 150, 1.03),
    OptionLeg("ETH", "ETH", _CALL, 124, 0.25, -150, 1.02),
)
TARGETS = (
    DeltaTarget("BTC_USDC-PERPETUAL", "btc_usdc", 0.4, 0.991),
    DeltaTarget("BTC-PERPETUAL", "btc_usd", 13.8, 1.004),
    DeltaTarget("ETH-PERPETUAL", "eth_usd", -45.0, 0.996),
)


def demo_keys(account: str = DEMO_ACCOUNT) -> tuple[ApiKey, ...]:
    """Random keys of the demo account: one to trade, one to look, one that may do too much."""
    trader = {Scope.ACCOUNT_READ, Scope.TRADE_WRITE}
    return (
        random_key("trader", account, trader),
        random_key("viewer", account, {Scope.ACCOUNT_READ, Scope.TRADE_READ}),
        random_key("treasurer", account, trader | {Scope.ACCOUNT_WRITE, Scope.WALLET_WRITE}),
    )


def fund_demo_account(exchange: Exchange) -> None:
    """Bring collateral and the book into the demo account of a new exchange."""
    account = exchange.accounts[DEMO_ACCOUNT]
    for currency, amount in COLLATERAL.items():
        exchange.transfer(account, currency, amount)
    for leg in LEGS:
        listing = _nearest(exchange, leg)
        side = Side.BUY if leg.amount > 0 else Side.SELL
        price = _entry_price(exchange, listing, leg.entry)
        exchange.open_position(account, Execution(listing, side, Decimal(abs(leg.amount)), price))
    for target in TARGETS:
        _open_perpetual(exchange, account, target)
    exchange.drain()


def _open_perpetual(exchange: Exchange, account: Account, target: DeltaTarget) -> None:
    listing = exchange.listing(target.perpetual)
    mark = exchange.mark(listing.name).mark_price
    summary = exchange.summary(account, listing.settlement_currency)
    present = summary.delta_total if listing.inverse else summary.maps.delta.get(target.index_name, 0.0)
    coins = target.coins - present
    size = Decimal(repr(coins * mark if listing.inverse else coins))
    lot = exact(listing.min_trade_amount)
    amount = (size / lot).to_integral_value(rounding=ROUND_HALF_EVEN) * lot
    if amount:
        side = Side.BUY if amount > 0 else Side.SELL
        price = _entry_price(exchange, listing, target.entry)
        exchange.open_position(account, Execution(listing, side, abs(amount), price))


def _entry_price(exchange: Exchange, listing: Listing, entry: float) -> float:
    """Mark × ``entry`` on the tick grid, at least one tick."""
    price = Decimal(repr(exchange.mark(listing.name).mark_price * entry))
    tick = tick_at(listing, price)
    return float(max(tick, (price / tick).to_integral_value(rounding=ROUND_HALF_EVEN) * tick))


def _nearest(exchange: Exchange, leg: OptionLeg) -> Listing:
    """The listed option closest to a leg: first by expiry, then by strike."""
    chain: Iterable[Listing] = [
        listing
        for listing in exchange.market.listings.values()
        if listing.kind is ListingKind.OPTION
        and (listing.underlying, listing.settlement_currency) == (leg.underlying, leg.settlement)
        and listing.option_type is leg.option_type
        and listing.name not in exchange.accounts[DEMO_ACCOUNT].positions
    ]
    now_ns = exchange.market.now_ns
    expiries = {listing.expiration_ns for listing in chain}
    if not expiries:
        raise BadInput(f"no {leg.settlement} options on {leg.underlying} are listed")
    expiry = min(expiries, key=lambda at: abs((at - now_ns) / DAY_NS - leg.days))
    slice_ = [listing for listing in chain if listing.expiration_ns == expiry]
    forward = exchange.mark(slice_[0].name).underlying_price
    wanted = forward * (1 + leg.moneyness)
    return min(slice_, key=lambda listing: abs((listing.strike or 0.0) - wanted))
