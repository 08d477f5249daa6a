"""The whole file: its sections together, what they must agree on, and how its mistakes are told."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from hedging.errors import SettingsError
from hedging.model.retention import Retention
from hedging.model.rules import AccountPlace, AgeRules, AutoRules, ExecutionRules, MarketRules, Rules
from hedging.model.smile import SmileLimits
from hedging.model.view import VenueMode
from hedging.settings.desk import HEDGED_AT, AccountSettings, UnderlyingSettings
from hedging.settings.fields import Count, Positive, Section
from hedging.settings.limits import DeskLimitsSettings
from hedging.settings.trading import AgeSettings, AutoSettings, ExecutionSettings, MarketSettings

MOST_FINE_HOURS = 24 * 7  # a week of seconds is gigabytes for a large book
MOST_KEEP_DAYS = 3660  # ten years


class SmileSettings(Section):
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


class RecordSettings(Section):
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


class LedgerSettings(Section):
    """Where the signed head of the ledger is exported to, with which key, and how often; both or none."""

    heads: Path | None = None
    head_key: Path | None = None
    head_seconds: Annotated[Positive, Field(ge=1, le=3600)] = 60.0

    @model_validator(mode="after")
    def _both_or_none(self) -> "LedgerSettings":
        if (self.heads is None) != (self.head_key is None):
            raise ValueError("heads and head_key belong together: give both, or none")
        return self


class Settings(Section):
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
    ledger: LedgerSettings = LedgerSettings()

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
