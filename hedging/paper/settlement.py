"""What happens at 08:00 UTC: session profits move into balances, what expires is delivered; and funding."""

from collections.abc import Callable
from dataclasses import dataclass

from hedging.paper.account import Account, LogEntry, LogType, Position, profit
from hedging.paper.listing import DAY_NS, EXPIRY_HOUR, Listing, OptionType
from hedging.paper.valuation import Marks

_EXPIRY_NS = EXPIRY_HOUR * 3_600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a line is written, and how it is numbered."""

    timestamp_ms: int
    next_id: Callable[[], int]


def next_settlement_ns(now_ns: int) -> int:
    """The first 08:00 UTC after ``now_ns``.

    >>> [next_settlement_ns(hour * 3600 * 10**9) // (3600 * 10**9) for hour in (0, 7, 8)]
    [8, 8, 32]
    """
    return now_ns + DAY_NS - (now_ns - _EXPIRY_NS) % DAY_NS


def delivery_value(listing: Listing, price: float) -> float:
    """Settlement price of one unit at the delivery price of its index (USD).

    An option's payoff, in coin where it is settled in coin; for a future the delivery price itself.
    """
    if listing.strike is None:
        return price
    away = price - listing.strike if listing.option_type is OptionType.CALL else listing.strike - price
    payoff = max(0.0, away)
    return payoff / price if listing.inverse else payoff


def deliver(account: Account, position: Position, price: float, stamp: Stamp) -> float:
    """Close an expired position at the delivery price of its index; returns the cash moved.

    A future's last session profit moves with it; an option's payoff is paid into the balance.
    """
    listing = position.listing
    wallet = account.wallet(listing.settlement_currency)
    size = float(position.size)
    value = delivery_value(listing, price)
    cash = size * value if position.is_option else profit(listing, size, position.session_price, value)
    wallet.balance += cash
    account.record(
        LogEntry(
            stamp.next_id(),
            stamp.timestamp_ms,
            LogType.DELIVERY,
            wallet.currency,
            cash,
            wallet.balance,
            cash,
            instrument=listing.name,
            amount=abs(size),
            price=value,
        )
    )
    del account.positions[listing.name]
    return cash


def settle_session(account: Account, currency: str, marks: Marks, stamp: Stamp) -> float:
    """Move the session's futures profit into the balance and begin a new one; returns the cash moved."""
    wallet = account.wallet(currency)
    cash = wallet.futures_session_realised + wallet.session_funding
    for position in account.held(currency):
        mark = marks(position.listing.name).mark_price
        if not position.is_option:
            cash += position.session_profit(mark)
        position.session_price = mark
        position.settlement_price = mark
    for position in account.positions.values():
        if position.listing.settlement_currency == currency:
            position.session_realised = 0.0
            position.realised_funding = 0.0
    wallet.balance += cash
    wallet.futures_session_realised = 0.0
    wallet.options_session_realised = 0.0
    wallet.session_funding = 0.0
    if cash:
        account.record(
            LogEntry(
                stamp.next_id(),
                stamp.timestamp_ms,
                LogType.SETTLEMENT,
                currency,
                cash,
                wallet.balance,
                cash,
            )
        )
    return cash


def accrue_funding(account: Account, position: Position, rate: float, mark: float) -> None:
    """Charge ``rate`` (a fraction of the position's value, positive when longs pay) to a perpetual."""
    value = float(position.size) / mark if position.listing.inverse else float(position.size) * mark
    paid = -value * rate
    position.realised_funding += paid
    account.wallet(position.listing.settlement_currency).session_funding += paid
