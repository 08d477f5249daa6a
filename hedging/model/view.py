"""What the engine shows the app: one consistent picture, complete enough to draw every live page."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.model.book import Balance
from hedging.model.exposure import DeltaProof, Drift, Exposure, PositionExposure
from hedging.model.gates import Reading
from hedging.model.instrument import Instrument
from hedging.model.limits import Forecast, Utilisation
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.model.terms import TermsVersion
from hedging.model.trading import AutoSetting, Decision, Order, ReducedBy, Ticket, TradingState


class VenueMode(StrEnum):
    """What money an order moves."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Freshness of one source of data: when it last spoke, and how old it may be (seconds)."""

    name: str
    received_at: datetime | None
    limit_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Delta in coin against the spot in USD: today, and after the waiting ticket; equal lengths."""

    spots: tuple[float, ...]
    delta_now: tuple[float, ...]
    delta_at_expiry: tuple[float, ...]
    delta_after_ticket: tuple[float, ...] | None
    pnl_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderCell:
    """Delta (coin) and gamma (coin per 1 % move) at one expiry and strike; strike None for futures."""

    expiry: datetime | None
    strike: float | None
    delta: float
    gamma_1pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeMarket:
    """A configured hedge, held or not, with its quote; None where none has arrived."""

    instrument: Instrument
    quote: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingView:
    """Everything about one underlying; the figures are None while gaps forbid a number.

    ``leaving_band`` forecasts when the delta, left alone, leaves its band.
    """

    underlying: str
    exposure: Exposure | None
    drift: Drift | None
    profile: Profile | None
    ladder: tuple[LadderCell, ...]
    proofs: tuple[DeltaProof, ...]
    decision: Decision | None
    hedge_instrument: str
    leaving_band: Forecast | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlView:
    """One pre-trade check for the hedge of one underlying, and the figures it compares now."""

    control: str
    sentence: str
    underlying: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The engine's latest picture; ``sequence`` grows by one with each.

    ``balances`` and ``hedges`` are of the instant that the exposures are of, so that the book can be written
    out and valued again. ``limits`` are of every scope, fullest first; ``terms`` is the version in force and
    ``proposals`` those that wait, newest first. ``reduced_because`` says why only reducing is allowed,
    ``reduced_by`` who caused it and ``lifts_at`` when it ends by itself while the market stays sane (None:
    not by itself, or it is not sane yet); ``shadow_seconds_needed`` is the shadow time that arming takes;
    ``controls`` are the pre-trade checks of each underlying's hedge with what they compare now.
    """

    sequence: int
    at: datetime
    book: str
    mode: VenueMode
    engine_started_at: datetime
    ready: bool
    status: str
    trading_state: TradingState
    halted_because: str
    resume_asked_by: str
    auto: AutoSetting
    auto_refusals: tuple[str, ...]
    feeds: tuple[Feed, ...]
    gaps: tuple[Gap, ...]
    underlyings: tuple[UnderlyingView, ...]
    positions: tuple[PositionExposure, ...]
    limits: tuple[Utilisation, ...]
    tickets: tuple[Ticket, ...]
    orders: tuple[Order, ...]
    balances: tuple[Balance, ...] = ()
    hedges: tuple[HedgeMarket, ...] = ()
    terms: TermsVersion | None = None
    proposals: tuple[TermsVersion, ...] = ()
    reduced_because: str = ""
    controls: tuple[ControlView, ...] = ()
    reduced_by: ReducedBy | None = None
    lifts_at: datetime | None = None
    shadow_seconds_needed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureSample:
    """One point of the drift's history; coin and USD as in ``Exposure``, None while not known."""

    at: datetime
    underlying: str
    index: float | None
    delta: float | None
    band_lower: float
    band_upper: float
    ratio_held: float | None
    ratio_wanted: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRun:
    """Successive cycles that decided the same: the last decision, how many, and from when."""

    first_at: datetime
    cycles: int
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of the append-only ledger: ``body`` is canonical JSON, hashes are hex SHA-256."""

    sequence: int
    at: datetime
    kind: str
    actor: str
    ref: str
    body: str
    previous_hash: str
    hash: str
