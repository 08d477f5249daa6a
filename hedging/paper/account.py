"""What an account holds: wallets, positions, and what a fill, funding or settlement does to them.

Coin P&L of an inverse future of N USD is N(1/entry - 1/exit); of anything linear, quantity × (exit - entry).
A future's P&L waits in the session until settlement moves it into the balance; an option's premium moves at
once, and its value is marked beside the balance. Fees leave the balance at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from hedging.paper.listing import Listing, ListingKind
from hedging.paper.orders import ZERO, Fill, Order
from hedging.units import Side


class LogType(StrEnum):
    """Kind of a line in the transaction log; the value is Deribit's word."""

    TRADE = "trade"
    SETTLEMENT = "settlement"
    DELIVERY = "delivery"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A change of a wallet: ``cashflow`` and ``change`` in ``currency``; ``change`` includes the fee."""

    entry_id: int
    timestamp_ms: int
    type: LogType
    currency: str
    change: float
    balance: float
    cashflow: float
    commission: float = 0.0
    instrument: str = ""
    amount: float = 0.0
    price: float | None = None
    side: Side | None = None
    position: float = 0.0
    order_id: str = ""
    trade_id: str = ""
    label: str = ""


@dataclass(slots=True)
class Position:
    """A signed holding in Deribit's unit (USD for inverse futures, coin otherwise).

    ``average_price`` is the entry, ``session_price`` what the session's P&L counts from: the entry, or the
    last settlement. Realised figures are in the settlement currency.
    """

    listing: Listing
    size: Decimal = ZERO
    average_price: float = 0.0
    session_price: float = 0.0
    settlement_price: float = 0.0
    session_realised: float = 0.0
    realised_funding: float = 0.0

    @property
    def is_option(self) -> bool:
        """Whether it is an option: premium at once, value marked."""
        return self.listing.strike is not None

    @property
    def is_perpetual(self) -> bool:
        """Whether it has no expiry and pays funding."""
        return self.listing.settlement_period == "perpetual"

    def coins(self, price: float) -> float:
        """Signed size in the base coin at ``price``."""
        size = float(self.size)
        return size / price if _counts_dollars(self.listing) else size

    def total_profit(self, mark: float) -> float:
        """Unrealised P&L since entry at ``mark``, in the settlement currency."""
        return profit(self.listing, float(self.size), self.average_price, mark)

    def session_profit(self, mark: float) -> float:
        """Unrealised P&L of the running session at ``mark``, in the settlement currency."""
        return profit(self.listing, float(self.size), self.session_price, mark)


@dataclass(slots=True)
class Wallet:
    """Cash of one currency, and what futures owe it or it owes them until settlement."""

    currency: str
    balance: float = 0.0
    futures_session_realised: float = 0.0
    options_session_realised: float = 0.0  # informative: the cash has moved with the premium
    session_funding: float = 0.0


@dataclass(slots=True)
class Account:
    """All that one client has at the exchange."""

    name: str
    wallets: dict[str, Wallet] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    open_orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)

    def wallet(self, currency: str) -> Wallet:
        """Wallet of a currency, empty when there was none."""
        return self.wallets.setdefault(currency, Wallet(currency))

    def position(self, listing: Listing) -> Position:
        """Position in an instrument, empty when there was none."""
        return self.positions.setdefault(listing.name, Position(listing))

    def held(self, currency: str | None = None) -> list[Position]:
        """Positions of a settlement currency that are not empty, or all of them."""
        return [
            position
            for position in self.positions.values()
            if position.size and currency in (None, position.listing.settlement_currency)
        ]

    def record(self, entry: LogEntry) -> None:
        """Add a line to the transaction log."""
        self.log.append(entry)


@dataclass(frozen=True, slots=True)
class Execution:
    """An amount bought or sold at a price, as it hits an account; fee in the settlement currency."""

    listing: Listing
    side: Side
    amount: Decimal
    price: float
    fee: float = 0.0


def profit(listing: Listing, size: float, entry: float, mark: float) -> float:
    """P&L in the settlement currency of a signed ``size`` between two prices; 0 for an empty size."""
    if size == 0.0:
        return 0.0
    if _counts_dollars(listing):
        return size * (1.0 / entry - 1.0 / mark)
    return size * (mark - entry)


def average(listing: Listing, lots: Iterable[tuple[float, float]]) -> float:
    """Entry price of several (amount, price) pairs of one sign, amounts not all 0.

    Harmonic for inverse futures, so that N(1/average - 1/mark) is the sum of the parts; else arithmetic.
    """
    pairs = list(lots)
    total = sum(amount for amount, _ in pairs)
    if _counts_dollars(listing):
        return total / sum(amount / price for amount, price in pairs)
    return sum(amount * price for amount, price in pairs) / total


def trading_fee(listing: Listing, amount: Decimal, price: float, index: float, *, maker: bool) -> float:
    """Fee of an execution in the settlement currency.

    Futures: rate × traded value. Options: rate × coins (× index when settled in dollars), at most 12.5 %
    of the premium (docs.deribit.com, fees).
    """
    rate = listing.maker_commission if maker else listing.taker_commission
    size = float(amount)
    if listing.strike is not None:
        value = size if listing.inverse else size * index
        return min(rate * value, 0.125 * price * size)
    return rate * (size / price if listing.inverse else size * price)


def execute(account: Account, execution: Execution) -> float:
    """Book an execution into positions and wallet; returns the realised P&L in the settlement currency.

    The realised P&L counts from the position's entry; the session's own share goes to the session.
    """
    listing, side = execution.listing, execution.side
    wallet = account.wallet(listing.settlement_currency)
    if listing.kind is ListingKind.SPOT:
        account.wallet(listing.base_currency).balance += side * float(execution.amount)
        wallet.balance -= side * float(execution.amount) * execution.price + execution.fee
        return 0.0
    position = account.position(listing)
    wallet.balance -= execution.fee
    if position.is_option:
        wallet.balance -= side * float(execution.amount) * execution.price
    opposite = position.size * side < 0
    closing = min(abs(position.size), execution.amount) if opposite else ZERO
    realised = 0.0
    if closing:
        realised = _close(position, wallet, closing, execution.price)
    opening = execution.amount - closing
    if opening:
        _open(position, side * opening, execution.price)
    return realised


def _close(position: Position, wallet: Wallet, amount: Decimal, price: float) -> float:
    """Take ``amount`` off the position at ``price``; returns P&L since entry."""
    sign = 1 if position.size > 0 else -1
    signed = sign * float(amount)
    realised = profit(position.listing, signed, position.average_price, price)
    session = profit(position.listing, signed, position.session_price, price)
    position.session_realised += session
    if position.is_option:
        wallet.options_session_realised += session
    else:
        wallet.futures_session_realised += session
    position.size -= sign * amount
    return realised


def _open(position: Position, signed: Decimal, price: float) -> None:
    """Add ``signed`` to the position at ``price``."""
    old, new = abs(float(position.size)), abs(float(signed))
    if old:
        entries, sessions = (old, position.average_price), (old, position.session_price)
        position.average_price = average(position.listing, [entries, (new, price)])
        position.session_price = average(position.listing, [sessions, (new, price)])
    else:
        position.average_price = position.session_price = price
    position.size += signed


def _counts_dollars(listing: Listing) -> bool:
    return listing.inverse and listing.strike is None
