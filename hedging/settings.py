"""Configuration: one TOML file plus secrets from the environment, validated before anything starts.

``load(path)`` either returns settings in which every value was checked, or raises SettingsError with one
line per mistake: where, what was found, and what to do.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hedging.errors import SettingsError
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire
from hedging.model.rules import AgeRules, AutoRules, ExecutionRules, Rules, UnderlyingRules
from hedging.model.view import VenueMode

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

MEASURES = {
    "delta": Measure.DELTA,
    "gamma_1pct": Measure.GAMMA_1PCT,
    "vega": Measure.VEGA,
    "gross_notional": Measure.GROSS_NOTIONAL,
    "hedge_position": Measure.HEDGE_POSITION,
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class AccountSettings(_Section):
    """One account at one venue; secrets are named, never written here."""

    name: str = Field(min_length=1)
    venue: Literal["deribit"]
    mode: VenueMode
    key_env: str = "HEDGING_KEY"
    secret_env: str = "HEDGING_SECRET"  # noqa: S105 the name of a variable, not a secret
    secrets_file: Path | None = None
    rest: str | None = None
    ws: str | None = None

    @model_validator(mode="after")
    def _addresses(self) -> "AccountSettings":
        if (self.mode is VenueMode.PAPER) != bool(self.rest and self.ws):
            raise ValueError(
                "rest and ws are given for mode = 'paper', and only there: testnet and live have their own"
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


class LimitsSettings(_Section):
    """Limits of one underlying; the position limit is required, no order passes without it."""

    hedge_position: LimitSettings
    delta: LimitSettings
    gamma_1pct: LimitSettings | None = None
    vega: LimitSettings | None = None
    gross_notional: LimitSettings | None = None


class UnderlyingSettings(_Section):
    """How one underlying is hedged."""

    account: str
    hedge: str
    numeraire: Literal["coin", "usd"] | Share = "coin"
    max_order_coin: Positive
    band: BandSettings
    limits: LimitsSettings

    @model_validator(mode="after")
    def _band_inside_limit(self) -> "UnderlyingSettings":
        widest = max(abs(self.band.lower), abs(self.band.upper))
        if widest > self.limits.delta.hard:
            raise ValueError(
                f"the band reaches {widest:g}, beyond the hard delta limit {self.limits.delta.hard:g}"
            )
        return self

    def rules(self, underlying: str) -> UnderlyingRules:
        """The nouns the core reads."""
        shares = {"coin": 0.0, "usd": 1.0}
        share = shares[self.numeraire] if isinstance(self.numeraire, str) else self.numeraire
        limits = [
            Limit(underlying=underlying, measure=measure, soft=found.soft, hard=found.hard)
            for name, measure in MEASURES.items()
            if (found := getattr(self.limits, name)) is not None
        ]
        return UnderlyingRules(
            underlying=underlying,
            account=self.account,
            hedge_instrument=self.hedge,
            numeraire=Numeraire(share),
            band=Band(**self.band.model_dump()),
            limits=tuple(limits),
            max_order_coin=self.max_order_coin,
        )


class ExecutionSettings(_Section):
    """How a ticket becomes orders; see ``hedging.model.rules.ExecutionRules`` for the units."""

    ticket_seconds: Positive = 120.0
    clip_usd: Positive = 300_000.0
    clip_pause_seconds: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.7
    order_fence_seconds: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 5.0
    venue_lag_seconds: Positive = 3.0
    max_order_usd: Positive = 2_000_000.0
    taker_fee: Annotated[float, Field(ge=0, le=0.01, allow_inf_nan=False)] = 0.0005
    collar_cap: Annotated[float, Field(gt=0, le=0.05, allow_inf_nan=False)] = 0.01
    collar_half_spreads: Positive = 3.0
    collar_extra: Annotated[float, Field(ge=0, le=0.05, allow_inf_nan=False)] = 0.002
    reference_agreement: Annotated[float, Field(gt=0, le=0.05, allow_inf_nan=False)] = 0.005
    initial_margin_headroom: Share = 0.3
    messages_per_second: Positive = 5.0
    messages_burst: Count = 10
    messages_per_minute: Count = 60


class AgeSettings(_Section):
    """Oldest input an order may rest on, in seconds."""

    touch: Positive = 2.0
    marks: Positive = 5.0
    position: Positive = 10.0
    margin: Positive = 30.0
    clock_offset: Positive = 0.5
    settle: Positive = 3.0


class AutoSettings(_Section):
    """The most a person may arm automatic hedging for."""

    max_minutes: Count = 60
    max_orders: Count = 40
    max_turnover_usd: Positive = 20_000_000.0


class Settings(_Section):
    """The whole file."""

    book: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")
    state: Path
    accounts: tuple[AccountSettings, ...] = Field(min_length=1)
    underlyings: Mapping[str, UnderlyingSettings] = Field(min_length=1)
    watch: tuple[str, ...] = ()
    execution: ExecutionSettings = ExecutionSettings()
    ages: AgeSettings = AgeSettings()
    auto: AutoSettings = AutoSettings()

    @model_validator(mode="after")
    def _accounts_exist(self) -> "Settings":
        names = [account.name for account in self.accounts]
        if len(set(names)) != len(names):
            raise ValueError("two accounts have the same name")
        if len({account.mode for account in self.accounts}) != 1:
            raise ValueError("paper, testnet and live accounts cannot share a book")
        for underlying, item in self.underlyings.items():
            if item.account not in names:
                raise ValueError(
                    f"underlyings.{underlying}.account is {item.account!r}; "
                    f"the accounts are {', '.join(names)}"
                )
        return self

    @property
    def mode(self) -> VenueMode:
        """What money an order moves."""
        return self.accounts[0].mode

    @property
    def rules(self) -> Rules:
        """The settings as the core reads them."""
        return Rules(
            underlyings=tuple(item.rules(name) for name, item in self.underlyings.items()),
            execution=ExecutionRules(**self.execution.model_dump()),
            ages=AgeRules(**self.ages.model_dump()),
            auto=AutoRules(**self.auto.model_dump()),
        )


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


def secrets(account: AccountSettings) -> tuple[str, str]:
    """Key and secret of an account, from its 0600 file or from the environment.

    Raises SettingsError when one is missing or the file may be read by others.
    """
    if account.secrets_file is not None:
        return _from_file(account, account.secrets_file)
    found = []
    for variable in (account.key_env, account.secret_env):
        value = os.environ.get(variable, "").strip()
        if not value:
            raise SettingsError(
                f"account {account.name!r} needs the environment variable {variable}; set it and start again"
            )
        found.append(value)
    return found[0], found[1]


def _from_file(account: AccountSettings, path: Path) -> tuple[str, str]:
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"{path} may be read by others; run: chmod 600 {path}")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"the secrets of {account.name!r} cannot be read: {error}") from error
    key, secret = values.get("key"), values.get("secret")
    if not (isinstance(key, str) and key and isinstance(secret, str) and secret):
        raise SettingsError(f'{path} needs the two lines key = "…" and secret = "…"')
    return key, secret


def _explained(path: Path, error: ValidationError) -> str:
    lines = [f"{path} cannot be used:"]
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"]) or "the file"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "is not a known setting; correct its name or remove it"
        elif problem["type"] == "missing":
            message = "is missing"
        else:
            given = problem.get("input")
            message = message if isinstance(given, dict) else f"{message}; found {given!r}"
        lines.append(f"  {place}: {message}")
    return "\n".join(lines)
