"""The sections on limits: of each underlying, and of accounts, venues and the whole book."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from hedging.model.limits import WHOLE_BOOK, Limit, Measure, Scope, ScopeKind
from hedging.settings.fields import Positive, Section

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


class LimitSettings(Section):
    """Soft and hard bound in the measure's unit."""

    soft: Positive
    hard: Positive

    @model_validator(mode="after")
    def _ordered(self) -> "LimitSettings":
        if self.soft > self.hard:
            raise ValueError(f"the soft limit {self.soft:g} lies above the hard limit {self.hard:g}")
        return self


class WiderLimitsSettings(Section):
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


class DeskLimitsSettings(Section):
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
