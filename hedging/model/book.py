"""What the desk holds: positions and balances per account, as the venue reports them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedging.model.instrument import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A signed holding: ``amount`` in the venue's unit, long positive.

    ``venue_delta`` is what the venue says of the whole position, in coin.
    """

    account: str
    instrument: Instrument
    amount: Decimal
    average_price: float | None
    floating_pnl: float | None
    venue_delta: float | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One currency of one account, in units of that currency.

    ``delta_total`` is the venue's own net transaction delta in coin, per underlying where the
    currency margins several (USDC); ``delta_black`` the same of Black's deltas, where the venue states it.
    """

    account: str
    currency: str
    equity: float
    available: float
    initial_margin: float
    maintenance_margin: float
    delta_total: tuple[tuple[str, float], ...]
    received_at: datetime
    delta_black: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One currency of an account that is margined as a whole, or of a spot wallet, in that currency.

    None is what the venue does not state per currency; the margin of such an account is in its Balance
    in USD, and adding the two would count the equity twice.
    """

    account: str
    currency: str
    equity: float
    available: float | None
    initial_margin: float | None
    maintenance_margin: float | None
    received_at: datetime
