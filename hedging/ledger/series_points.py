"""What an engine records of a moment: one noun a kind; a field is named as its column, unit and all.

A value that was not known is None, and ``missing`` (or ``gaps``, how many inputs lacked) says why.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from hedging.errors import LedgerError
from hedging.ledger.series_marks import MarkFrame


class Kind(StrEnum):
    """What is recorded; the value is the word on the command line."""

    EXPOSURE = "exposure"
    DRIFT = "drift"
    LIMITS = "limits"
    MARKS = "marks"
    MARGIN = "margin"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Span:
    """Times at or after ``since`` and before ``until``; None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None


EVER = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposurePoint:
    """Exposure of one underlying, in the units of ``hedging.model.exposure.Exposure``."""

    underlying: str
    index_usd: float | None = None
    equity_coin: float | None = None
    delta_coin: float | None = None
    delta_net_coin: float | None = None
    delta_hedge_coin: float | None = None
    delta_after_expiry_coin: float | None = None
    smile_shift_coin: float | None = None
    gamma_coin: float | None = None
    gamma_black_coin: float | None = None
    vega_usd: float | None = None
    theta_usd: float | None = None
    gross_notional_usd: float | None = None
    hedge_position_coin: float | None = None
    hedged_share: float | None = None
    gaps: int | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPoint:
    """Where one underlying's delta lay against its band, in the units of ``hedging.model.exposure.Drift``."""

    underlying: str
    state: str | None = None
    band_lower_coin: float
    band_centre_coin: float | None = None
    band_upper_coin: float
    target_coin: float | None = None
    beyond_coin: float | None = None
    ratio_held: float | None = None
    ratio_wanted: float | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit as it was set: what it is on, and its two bounds in ``unit``."""

    scope: str
    measure: str
    soft: float
    hard: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPoint:
    """How full a limit was; ``gaps``: how many inputs of its value lacked."""

    line: LimitLine
    value: float | None
    level: str
    gaps: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPoint:
    """One currency of one account, in that currency.

    ``delta_total_coin`` is the venue's own delta where the currency margins one underlying; where that
    is not the currency itself, or are several, ``delta_totals`` names each: "BTC=1.5 ETH=-2.25".
    """

    account: str
    currency: str
    equity: float | None = None
    available: float | None = None
    initial_margin: float | None = None
    maintenance_margin: float | None = None
    delta_total_coin: float | None = None
    delta_totals: str | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All that is recorded of one instant; ``marks`` is None where they are not due."""

    at: datetime
    exposures: tuple[ExposurePoint, ...]
    drifts: tuple[DriftPoint, ...]
    limits: tuple[LimitPoint, ...]
    margins: tuple[MarginPoint, ...]
    marks: MarkFrame | None


def columns(point: ExposurePoint | DriftPoint | MarginPoint | LimitLine | LimitPoint) -> dict[str, object]:
    """A point by its columns.

    Raises LedgerError naming a field that is not finite: SQLite would keep NaN as NULL.
    """
    found = {name: getattr(point, name) for name in _names(type(point))}
    for name, value in found.items():
        if isinstance(value, float) and not isfinite(value):
            raise LedgerError(
                f"{type(point).__name__}.{name} is {value}: it cannot be stored; pass a finite value or None"
            )
    return found


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _NAMES[kind]
