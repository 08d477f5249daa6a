"""All a gate may look at beside the order itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedging.model.book import Balance
from hedging.model.exposure import Exposure
from hedging.model.gates import AutomaticExecution, Executed, VenueTrouble
from hedging.model.instrument import Instrument
from hedging.model.limits import Scope
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.trading import Order, TradingStatus
from hedging.risk.scopes import ScopeParts


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """One consistent picture for all gates.

    ``latches`` are the reasons of whichever kill latch is set; ``position`` the present signed amount in
    the order's instrument (None: not known), ``position_at`` when its query was sent; ``live`` every other
    order that is not over; ``messages`` the times of recent messages to the order's venue, cancels too;
    ``scopes`` what every limit is on, as it is now; ``instruments`` those of the venues, by key.

    ``orders_today`` and ``trades_today`` count at the order's venue since 00:00 UTC; ``executed`` are our own
    recent fills in the instrument, ``automatic`` the orders that automatic mode sent within the hour.
    ``dead_man_until`` is when the venue cancels what rests of the account unless it hears of us again, as it
    last confirmed (None: it does not). ``venue_trouble`` and ``instrument_trouble`` (words: not open, in
    settlement, delisted) forbid sending there; ``market_trouble`` (words) allows only what shrinks.
    """

    now: datetime
    rules: Rules
    underlying: UnderlyingRules
    instrument: Instrument
    status: TradingStatus
    latches: tuple[str, ...]
    quote: Quote | None
    exposure: Exposure | None
    position: Decimal | None
    position_at: datetime | None
    last_fill_at: datetime | None
    balance: Balance | None
    live: tuple[Order, ...]
    messages: tuple[datetime, ...]
    clock_offset_seconds: float | None
    scopes: Mapping[Scope, ScopeParts]
    instruments: Mapping[str, Instrument]
    orders_today: int = 0
    trades_today: int = 0
    executed: tuple[Executed, ...] = ()
    automatic: tuple[AutomaticExecution, ...] = ()
    dead_man_until: datetime | None = None
    venue_trouble: VenueTrouble | None = None
    instrument_trouble: str = ""
    market_trouble: str = ""
