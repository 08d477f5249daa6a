"""The desk's settings as the core reads them: per underlying, for execution, ages and automatic mode."""

from dataclasses import dataclass, field
from enum import StrEnum

from hedging.model.instrument import key
from hedging.model.limits import Band, Limit, Numeraire
from hedging.model.smile import SmileLimits, SmileRule


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingRules:
    """How one underlying is hedged: where (``account`` at ``venue``), with what, in which band and limits.

    ``max_order_coin`` bounds a single order (C4); ``limits`` are those of this underlying, in each
    measure's unit; ``smile`` is what its options' volatilities are taken to do when the forward moves.
    """

    underlying: str
    account: str
    venue: str
    hedge_instrument: str
    numeraire: Numeraire
    band: Band
    limits: tuple[Limit, ...]
    max_order_coin: float
    smile: SmileRule = SmileRule.STICKY_STRIKE

    @property
    def hedge_key(self) -> str:
        """Key of the hedging instrument."""
        return key(self.venue, self.hedge_instrument)


class ExecutionStyle(StrEnum):
    """How an approved amount is brought to the market."""

    MARKETABLE = "marketable"  # limit orders at the collar's edge, clip after clip
    PASSIVE = "passive"  # rests at the touch for a while, then crosses
    SLICES = "slices"  # small clips with a pause that varies

    @property
    def rests(self) -> bool:
        """Whether its orders may rest in the book."""
        return self is ExecutionStyle.PASSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRules:
    """How a ticket becomes orders.

    Seconds: life of a ticket, pause between clips, the venue's time fence of an order, the lag after
    the fence before "not found" proves anything. USD: clip size, largest order. Shares of price:
    the collar's cap and its addition to three half-spreads, and how far two references may differ.
    ``initial_margin_headroom``: share of equity that must stay free of initial margin after the fill;
    ``initial_margin_rate``: share of an order's value by which it may raise the initial margin.
    ``drift_cap``: share by which a price may lie from any of our own of the last ``drift_minutes``.
    Orders of a UTC day and venue: ``daily_orders``, and ``orders_per_trade`` more for each trade.
    ``expiry_cutoff_minutes``: nothing is sent in an instrument this close to its expiry;
    ``settlement_pause_seconds``: nor so close to 08:00 UTC, on either side.
    ``resting_seconds``: within it the venue must cancel what rests once we are silent.
    ``style``: marketable, passive (rests ``passive_seconds`` at the touch, then crosses) or slices of
    ``slice_usd`` USD with ``slice_pause_seconds`` between them, more or less by the share ``slice_jitter``.
    """

    ticket_seconds: float = 120.0
    clip_usd: float = 300_000.0
    clip_pause_seconds: float = 0.7
    order_fence_seconds: float = 5.0
    venue_lag_seconds: float = 3.0
    max_order_usd: float = 2_000_000.0
    taker_fee: float = 0.0005
    collar_cap: float = 0.01
    collar_half_spreads: float = 3.0
    collar_extra: float = 0.002
    reference_agreement: float = 0.005
    initial_margin_headroom: float = 0.3
    initial_margin_rate: float = 0.05
    messages_per_second: float = 5.0
    messages_burst: int = 10
    messages_per_minute: int = 60
    daily_orders: int = 500
    orders_per_trade: int = 20
    drift_cap: float = 0.03
    drift_minutes: float = 5.0
    expiry_cutoff_minutes: float = 30.0
    settlement_pause_seconds: float = 60.0
    resting_seconds: float = 20.0
    style: ExecutionStyle = ExecutionStyle.MARKETABLE
    passive_seconds: float = 8.0
    slice_usd: float = 100_000.0
    slice_pause_seconds: float = 3.0
    slice_jitter: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRules:
    """Oldest input an order may rest on, in seconds; ``settle`` is the wait after a fill."""

    touch: float = 2.0
    marks: float = 5.0
    position: float = 10.0
    margin: float = 30.0
    clock_offset: float = 0.5
    settle: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRules:
    """The most a person may arm automatic hedging for, what it takes (C18), and what ends it (C8).

    ``shadow_minutes``: time in shadow before it may be armed. Per instrument, tickets that automatic mode may
    carry out on one side in 10 minutes and in an hour, changes of side in an hour, and what the orders of one
    ticket may trade as a multiple of what it set out to.
    """

    max_minutes: int = 60
    max_orders: int = 40
    max_turnover_usd: float = 20_000_000.0
    shadow_minutes: float = 60.0
    repeats_10_minutes: int = 6
    repeats_hour: int = 20
    sign_flips: int = 3
    turnover_to_target: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRules:
    """What makes a market insane, so that only reducing is allowed (C24).

    ``stale_share`` of the marks older than allowed; ``index_gap``: share between lowest and highest index
    within ``index_seconds``; ``quiet_seconds``: time without either after which it lifts by itself.
    """

    stale_share: float = 0.3
    index_gap: float = 0.05
    index_seconds: float = 60.0
    quiet_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """An account by its name, and the venue it is at."""

    name: str
    venue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything the core is told by configuration; ``wider`` are limits of accounts, venues and the book."""

    underlyings: tuple[UnderlyingRules, ...]
    wider: tuple[Limit, ...] = ()
    accounts: tuple[AccountPlace, ...] = ()
    execution: ExecutionRules = ExecutionRules()
    ages: AgeRules = AgeRules()
    auto: AutoRules = AutoRules()
    market: MarketRules = MarketRules()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit of every scope."""
        return (*(limit for item in self.underlyings for limit in item.limits), *self.wider)

    smile: SmileLimits = field(default_factory=SmileLimits)
