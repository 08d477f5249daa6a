"""Configuration: one TOML file validated before anything starts.

``load(path)`` either returns settings in which every value was checked, or raises SettingsError with one
line per mistake: where, what was found, and what to do.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hedging.errors import SettingsError
from hedging.model.limits import (
    WHOLE_BOOK,
    Band,
    HedgeTarget,
    Limit,
    Measure,
    Numeraire,
    Scope,
    ScopeKind,
)
from hedging.model.retention import Retention
from hedging.model.rules import (
    AccountPlace,
    AgeRules,
    AutoRules,
    ExecutionRules,
    ExecutionStyle,
    MarketRules,
    Rules,
    UnderlyingRules,
)
from hedging.model.smile import SmileLimits, SmileRule
from hedging.model.view import VenueMode

# Strict: neither a text nor true is a number here.
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
NotNegative = Annotated[Finite, Field(ge=0)]
Share = Annotated[Finite, Field(ge=0, le=1)]
Count = Annotated[int, Field(strict=True, gt=0)]

MOST_MESSAGES = 300  # a minute; the engine remembers the times of the last 400
MOST_FINE_HOURS = 24 * 7  # a week of seconds is gigabytes for a large book
MOST_KEEP_DAYS = 3660  # ten years

MEASURES = {
    "delta": Measure.DELTA,
    "gamma_1pct": Measure.GAMMA_1PCT,
    "vega": Measure.VEGA,
    "theta": Measure.THETA,
    "gross_notional": Measure.GROSS_NOTIONAL,
    "net_notional": Measure.NET_NOTIONAL,
    "leverage": Measure.LEVERAGE,
    "hedge_position": Measure.HEDGE_POSITION,
}


def _hedged_share(value: object) -> object:
    """Share of equity hedged, from the words the file may use for it."""
    named = {"coin": 0.0, "usd": 1.0}
    if isinstance(value, str) and value not in named:
        raise ValueError("write 'coin', 'usd', or the share of equity to hedge, between 0 and 1")
    return named[value] if isinstance(value, str) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


VenueName = Literal["deribit", "okx", "bybit", "binance"]
HEDGED_AT = "deribit"  # where orders are sent; accounts elsewhere are read
ON_THIS_MACHINE = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/?")


class AccountSettings(_Section):
    """One account at one venue; secrets are named, never written here."""

    name: str = Field(min_length=1)
    venue: VenueName
    mode: VenueMode
    key_env: str = Field(default="HEDGING_KEY", min_length=1)
    secret_env: str = Field(default="HEDGING_SECRET", min_length=1)  # the name of a variable, not a secret
    passphrase_env: str = Field(default="HEDGING_PASSPHRASE", min_length=1)
    secrets_file: Path | None = None
    rest: str | None = None
    ws: str | None = None

    @model_validator(mode="after")
    def _addresses(self) -> "AccountSettings":
        paper = self.mode is VenueMode.PAPER
        if self.venue == HEDGED_AT and paper != bool(self.rest and self.ws):
            raise ValueError(
                "rest and ws are given for mode = 'paper', and only there: testnet and live have their own"
            )
        if self.venue != HEDGED_AT:
            here = ON_THIS_MACHINE.fullmatch(self.rest or "") is not None
            if self.ws is not None or paper != here or (self.rest is not None and not here):
                raise ValueError(
                    f"mode = 'paper' at {self.venue} is a server on this machine: give rest as "
                    "'http://127.0.0.1:PORT' and no ws; testnet and live have their own addresses"
                )
        return self


class BandSettings(_Section):
    """Deltas in coin between which nothing is done."""

    lower: Finite
    upper: Finite
    centre: Finite = 0.0
    target: HedgeTarget = HedgeTarget.EDGE
    share: Share = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> "BandSettings":
        if not self.lower < self.centre < self.upper:
            raise ValueError(
                f"a band needs lower < centre < upper, got {self.lower:g}, {self.centre:g}, {self.upper:g}"
            )
        return self


class LimitSettings(_Section):
    """Soft and hard bound in the measure's unit."""

    soft: Positive
    hard: Positive

    @model_validator(mode="after")
    def _ordered(self) -> "LimitSettings":
        if self.soft > self.hard:
            raise ValueError(f"the soft limit {self.soft:g} lies above the hard limit {self.hard:g}")
        return self


class WiderLimitsSettings(_Section):
    """Limits of an account, a venue or the book; none is required."""

    hedge_position: LimitSettings | None = None
    delta: LimitSettings | None = None
    gamma_1pct: LimitSettings | None = None
    vega: LimitSettings | None = None
    theta: LimitSettings | None = None
    gross_notional: LimitSettings | None = None
    net_notional: LimitSettings | None = None
    leverage: LimitSettings | None = None

    def limits(self, scope: Scope) -> tuple[Limit, ...]:
        """The nouns the core reads."""
        return tuple(
            Limit(scope=scope, measure=measure, soft=found.soft, hard=found.hard)
            for name, measure in MEASURES.items()
            if (found := getattr(self, name)) is not None
        )


class LimitsSettings(WiderLimitsSettings):
    """Limits of one underlying; the position limit is required, no order passes without it."""

    hedge_position: LimitSettings
    delta: LimitSettings


class DeskLimitsSettings(_Section):
    """Limits of the whole book, and of accounts and venues by their names."""

    book: WiderLimitsSettings = WiderLimitsSettings()
    account: Mapping[str, WiderLimitsSettings] = Field(default_factory=dict)
    venue: Mapping[str, WiderLimitsSettings] = Field(default_factory=dict)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The nouns the core reads: the book's first."""
        found = list(self.book.limits(WHOLE_BOOK))
        for kind, named in ((ScopeKind.ACCOUNT, self.account), (ScopeKind.VENUE, self.venue)):
            for name, section in named.items():
                found += section.limits(Scope(kind, name))
        return tuple(found)


class UnderlyingSettings(_Section):
    """How one underlying is hedged."""

    account: str
    hedge: str
    numeraire: Annotated[Share, BeforeValidator(_hedged_share)] = 0.0
    max_order_coin: Positive
    band: BandSettings
    limits: LimitsSettings
    smile: SmileRule = SmileRule.STICKY_STRIKE

    @model_validator(mode="after")
    def _inside_limits(self) -> "UnderlyingSettings":
        widest = max(abs(self.band.lower), abs(self.band.upper))
        if widest > self.limits.delta.hard:
            raise ValueError(
                f"the band reaches {widest:g}, beyond the hard delta limit {self.limits.delta.hard:g}"
            )
        if self.max_order_coin > self.limits.hedge_position.hard:
            raise ValueError(
                f"max_order_coin {self.max_order_coin:g} lies beyond the hard limit of the hedge position, "
                f"{self.limits.hedge_position.hard:g}: lower the one or raise the other"
            )
        return self

    def rules(self, underlying: str, venue: str) -> UnderlyingRules:
        """The nouns the core reads."""
        return UnderlyingRules(
            underlying=underlying,
            account=self.account,
            venue=venue,
            hedge_instrument=self.hedge,
            numeraire=Numeraire(self.numeraire),
            band=Band(**self.band.model_dump()),
            limits=self.limits.limits(Scope(ScopeKind.UNDERLYING, underlying)),
            max_order_coin=self.max_order_coin,
            smile=self.smile,
        )


class ExecutionSettings(_Section):
    """How a ticket becomes orders; see ``hedging.model.rules.ExecutionRules`` for the units."""

    ticket_seconds: Positive = 120.0
    clip_usd: Positive = 300_000.0
    clip_pause_seconds: Annotated[NotNegative, Field(le=60)] = 0.7
    order_fence_seconds: Annotated[Positive, Field(le=60)] = 5.0
    venue_lag_seconds: Positive = 3.0
    max_order_usd: Positive = 2_000_000.0
    taker_fee: Annotated[NotNegative, Field(le=0.01)] = 0.0005
    collar_cap: Annotated[Positive, Field(le=0.05)] = 0.01
    collar_half_spreads: Positive = 3.0
    collar_extra: Annotated[NotNegative, Field(le=0.05)] = 0.002
    reference_agreement: Annotated[Positive, Field(le=0.05)] = 0.005
    initial_margin_headroom: Share = 0.3
    initial_margin_rate: Share = 0.05
    messages_per_second: Positive = 5.0
    messages_burst: Count = 10
    messages_per_minute: Annotated[Count, Field(le=MOST_MESSAGES)] = 60
    daily_orders: Count = 500
    orders_per_trade: Annotated[Count, Field(le=1000)] = 20
    drift_cap: Annotated[Positive, Field(le=0.2)] = 0.03
    drift_minutes: Annotated[Positive, Field(le=60)] = 5.0
    expiry_cutoff_minutes: Annotated[Positive, Field(le=1440)] = 30.0
    settlement_pause_seconds: Annotated[NotNegative, Field(le=3600)] = 60.0
    resting_seconds: Annotated[Positive, Field(le=300)] = 20.0
    style: ExecutionStyle = ExecutionStyle.MARKETABLE
    passive_seconds: Annotated[Positive, Field(le=60)] = 8.0
    slice_usd: Positive = 100_000.0
    slice_pause_seconds: Annotated[NotNegative, Field(le=60)] = 3.0
    slice_jitter: Share = 0.5

    @model_validator(mode="after")
    def _clip_passes(self) -> "ExecutionSettings":
        if self.clip_usd > self.max_order_usd:
            raise ValueError(
                f"clip_usd {self.clip_usd:g} lies above max_order_usd {self.max_order_usd:g}: "
                "no clip could be sent; lower the one or raise the other"
            )
        if self.slice_usd > self.max_order_usd:
            raise ValueError(
                f"slice_usd {self.slice_usd:g} lies above max_order_usd {self.max_order_usd:g}: "
                "no slice could be sent; lower the one or raise the other"
            )
        return self


class AgeSettings(_Section):
    """Oldest input an order may rest on, in seconds."""

    touch: Positive = 2.0
    marks: Positive = 5.0
    position: Positive = 10.0
    margin: Positive = 30.0
    clock_offset: Positive = 0.5
    settle: Positive = 3.0


class AutoSettings(_Section):
    """What arming automatic hedging takes, the most it is armed for, and how much repetition ends it."""

    max_minutes: Count = 60
    max_orders: Count = 40
    max_turnover_usd: Positive = 20_000_000.0
    shadow_minutes: Annotated[NotNegative, Field(le=10_080)] = 60.0
    repeats_10_minutes: Count = 6
    repeats_hour: Count = 20
    sign_flips: Count = 3
    turnover_to_target: Annotated[Positive, Field(ge=1)] = 3.0


class MarketSettings(_Section):
    """What makes a market insane, so that only what shrinks is sent, and how long it must be quiet again."""

    stale_share: Annotated[Share, Field(lt=1)] = 0.3
    index_gap: Annotated[Positive, Field(le=0.5)] = 0.05
    index_seconds: Annotated[Positive, Field(ge=5, le=600)] = 60.0
    quiet_seconds: Annotated[Positive, Field(le=3600)] = 60.0


class SmileSettings(_Section):
    """What a smile must be to be hedged on; see ``hedging.model.smile.SmileLimits`` for the units."""

    oldest_seconds: Annotated[Positive, Field(ge=30, le=3600)] = 60.0
    worst_error_vol: Annotated[Positive, Field(le=0.1)] = 0.01
    least_quotes: Annotated[Count, Field(ge=6)] = 6
    least_gain: Annotated[Positive, Field(lt=1)] = 0.05
    least_observations: Annotated[Count, Field(ge=30)] = 300
    least_moments: Annotated[Count, Field(ge=10)] = 60
    move_minutes: Annotated[Count, Field(le=1440)] = 5
    history_days: Annotated[Positive, Field(le=90)] = 7.0
    oldest_fit_hours: Positive = 24.0


class RecordSettings(_Section):
    """How long what is recorded of the book stays: whole for some hours, thinned for some days."""

    fine_hours: Annotated[Positive, Field(ge=1, le=MOST_FINE_HOURS)] = 24.0
    keep_days: Annotated[Positive, Field(le=MOST_KEEP_DAYS)] = 30.0

    @model_validator(mode="after")
    def _fine_within_kept(self) -> "RecordSettings":
        if self.fine_hours > self.keep_days * 24:
            raise ValueError(
                f"fine_hours {self.fine_hours:g} is longer than keep_days {self.keep_days:g}: "
                "what is deleted cannot be fine; lower the one or raise the other"
            )
        return self

    @property
    def retention(self) -> Retention:
        """The two as times."""
        return Retention(fine=timedelta(hours=self.fine_hours), keep=timedelta(days=self.keep_days))


class Settings(_Section):
    """The whole file."""

    book: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")
    state: Path
    accounts: tuple[AccountSettings, ...] = Field(min_length=1)
    underlyings: Mapping[str, UnderlyingSettings] = Field(min_length=1)
    limits: DeskLimitsSettings = DeskLimitsSettings()
    watch: tuple[str, ...] = ()
    execution: ExecutionSettings = ExecutionSettings()
    ages: AgeSettings = AgeSettings()
    auto: AutoSettings = AutoSettings()
    market: MarketSettings = MarketSettings()
    smile: SmileSettings = SmileSettings()
    records: RecordSettings = RecordSettings()

    @model_validator(mode="after")
    def _accounts_exist(self) -> "Settings":
        names = [account.name for account in self.accounts]
        modes = sorted({account.mode.value for account in self.accounts})
        mistakes = [
            f"underlyings.{underlying}.account is {item.account!r}; name one of {', '.join(names)}"
            for underlying, item in self.underlyings.items()
            if item.account not in names
        ]
        mistakes += [
            f"underlyings.{underlying}.account is {item.account!r}, which is at {account.venue}: accounts "
            f"there are only read; name one at {HEDGED_AT}, where orders are sent"
            for underlying, item in self.underlyings.items()
            for account in self.accounts
            if account.name == item.account and account.venue != HEDGED_AT
        ]
        mistakes += _shared_keys(self.accounts)
        mistakes += self._unknown_scopes()
        if len(set(names)) != len(names):
            mistakes.append(f"two accounts have the same name ({', '.join(names)}); rename one")
        if len(modes) != 1:
            mistakes.append(f"accounts of mode {' and '.join(modes)} cannot share a book; make two files")
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def _unknown_scopes(self) -> list[str]:
        """Limits of accounts and venues that the file does not have."""
        accounts = {account.name for account in self.accounts}
        venues = {str(account.venue) for account in self.accounts}
        return [
            f"limits.{kind}.{name} names no {kind} of this file; it has {', '.join(sorted(known))}"
            for kind, given, known in (
                ("account", self.limits.account, accounts),
                ("venue", self.limits.venue, venues),
            )
            for name in given
            if name not in known
        ]

    @property
    def mode(self) -> VenueMode:
        """What money an order moves."""
        return self.accounts[0].mode

    @property
    def rules(self) -> Rules:
        """The settings as the core reads them."""
        venues = {account.name: account.venue for account in self.accounts}
        return Rules(
            underlyings=tuple(
                item.rules(name, venues[item.account]) for name, item in self.underlyings.items()
            ),
            wider=self.limits.limits,
            accounts=tuple(AccountPlace(account.name, str(account.venue)) for account in self.accounts),
            execution=ExecutionRules(**self.execution.model_dump()),
            ages=AgeRules(**self.ages.model_dump()),
            auto=AutoRules(**self.auto.model_dump()),
            market=MarketRules(**self.market.model_dump()),
            smile=SmileLimits(**self.smile.model_dump()),
        )


def _shared_keys(accounts: Sequence[AccountSettings]) -> list[str]:
    """Where the key of one venue would be shown to another."""
    venues: dict[str, set[str]] = {}
    for account in accounts:
        if account.secrets_file is None:
            venues.setdefault(account.key_env, set()).add(account.venue)
    return [
        f"key_env {name!r} is the key of accounts at {' and '.join(sorted(found))}; give each its own"
        for name, found in venues.items()
        if len(found) > 1
    ]


def load(path: Path) -> Settings:
    """Read and check ``path``.

    Raises SettingsError when the file is absent, is no TOML, or has an unknown key or a bad value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"there is no configuration at {path}; copy hedging.example.toml there and fill it in"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}") from error
    except ValidationError as error:
        raise SettingsError(_explained(path, error)) from error


def _explained(path: Path, error: ValidationError) -> str:
    """One line per mistake: place, what is wrong, what was found; values that may be secrets stay unsaid."""
    lines = [f"{path} cannot be used:"]
    places = [problem["loc"] for problem in error.errors()]
    for problem in error.errors():
        place, given = problem["loc"], problem.get("input")
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "is not a known setting; correct its name or remove it"
        elif problem["type"] == "missing":
            message = "is missing; add it (docs/configuration.md says what it means)"
        elif isinstance(given, str | int | float):
            message = f"{message}; found {given!r}"
        elif any(other[: len(place)] == place for other in places if len(other) > len(place)):
            continue  # a list is only too short because its entries are wrong, which is said already
        lines.append(f"  {'.'.join(map(str, place)) or 'the file'}: {message}")
    return "\n".join(lines)
