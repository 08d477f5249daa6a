"""A valued book as JSON or as a table for a terminal; columns and units in docs/offline.md."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.decide import Assessment
from hedging.errors import BadInput
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import Kind
from hedging.model.limits import Numeraire
from hedging.model.snapshot import Gap

Cell = str | float | None

EXPOSURE_COLUMNS = (
    "underlying", "index_usd", "equity_coin", "delta_coin", "delta_usd", "delta_net_coin",
    "delta_black_coin", "delta_hedge_coin", "gamma_1pct_coin", "gamma_black_1pct_coin", "vega_usd",
    "theta_usd", "gross_notional_usd",
)  # fmt: skip
POSITION_COLUMNS = (
    "account", "instrument", "amount", "quantity_coin", "delta_black_coin", "delta_net_coin",
    "gamma_black_1pct_coin", "vega_usd", "theta_usd", "value_usd", "iv", "iv_from",
)  # fmt: skip
GAP_COLUMNS = ("what", "underlying", "reason", "detail")


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of the three tables: exposures, positions and gaps, each under its ``_COLUMNS``."""

    at: datetime
    numeraire: Numeraire
    exposures: tuple[tuple[Cell, ...], ...]
    positions: tuple[tuple[Cell, ...], ...]
    gaps: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(
        cls, at: datetime, numeraire: Numeraire, underlyings: Sequence[str], found: Assessment
    ) -> "Report":
        """The report of an assessment; an underlying whose exposure is not known has blank figures."""
        return cls(
            at,
            numeraire,
            tuple(
                _exposure(name, found.exposures.get(name), found.positions) for name in sorted(underlyings)
            ),
            tuple(_position(position) for position in found.positions),
            tuple(_gap(gap) for gap in found.gaps),
        )

    def text(self, form: Format) -> str:
        """The report written out, without a final line break."""
        return self._json() if form is Format.JSON else self._table()

    def _json(self) -> str:
        whole = {
            "as_of": self.at.isoformat(),
            "numeraire": self.numeraire.sentence,
            "exposures": _objects(EXPOSURE_COLUMNS, self.exposures),
            "positions": _objects(POSITION_COLUMNS, self.positions),
            "gaps": _objects(GAP_COLUMNS, self.gaps),
        }
        return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)

    def _table(self) -> str:
        parts = [f"book of {self.at.isoformat()}, {self.numeraire.sentence}"]
        if self.gaps:
            parts.append(f"NOT COMPLETE: {len(self.gaps)} gaps\n{_aligned(GAP_COLUMNS, self.gaps)}")
        parts.append(_aligned(EXPOSURE_COLUMNS, self.exposures))
        parts.append(_aligned(POSITION_COLUMNS, self.positions))
        return "\n\n".join(parts)


def numeraire_of(word: str) -> Numeraire:
    """``coin``, ``usd`` or the per cent of equity that is hedged, from 0 to 100.

    >>> numeraire_of("40").sentence
    'hedge 40% of equity'

    Raises BadInput for anything else.
    """
    named = {"coin": 0.0, "usd": 1.0}
    try:
        share = named[word.lower()] if word.lower() in named else float(word) / 100
    except ValueError as error:
        raise BadInput(f"the numeraire {word!r} is unknown; write coin, usd or a per cent as 40") from error
    if not 0 <= share <= 1:
        raise BadInput(f"{word} per cent of equity cannot be hedged; write a number from 0 to 100")
    return Numeraire(share)


def _exposure(name: str, found: Exposure | None, positions: Sequence[PositionExposure]) -> tuple[Cell, ...]:
    if found is None:
        return (name, *(None for _ in EXPOSURE_COLUMNS[1:]))
    own = [position for position in positions if position.instrument.underlying == name]
    black = sum(position.delta_black for position in own if position.instrument.kind is not Kind.SPOT)
    return (
        name,
        found.index,
        found.equity,
        found.delta,
        found.delta * found.index,
        found.delta_net,
        black,
        found.delta_hedge,
        found.gamma_coin * 0.01,
        found.gamma_black_coin * 0.01,
        found.vega_usd,
        found.theta_usd,
        found.gross_notional_usd,
    )


def _position(found: PositionExposure) -> tuple[Cell, ...]:
    return (
        found.account,
        found.instrument.name,
        found.amount,
        found.quantity_coin,
        found.delta_black,
        found.delta_net,
        found.gamma_coin * 0.01,
        found.vega_usd,
        found.theta_usd,
        found.value_usd,
        found.iv,
        found.iv_source.value if found.iv_source and found.iv is not None else None,
    )


def _gap(gap: Gap) -> tuple[Cell, ...]:
    return (gap.what, gap.underlying or "the whole book", gap.reason.value, gap.detail)


def _objects(columns: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...]) -> list[dict[str, Cell]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _aligned(columns: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...]) -> str:
    written = [columns, *(tuple(map(_written, row)) for row in rows)]
    widths = [max(len(row[place]) for row in written) for place in range(len(columns))]
    numeric = [any(isinstance(row[place], float) for row in rows) for place in range(len(columns))]
    lines = []
    for row in written:
        cells = zip(row, widths, numeric, strict=True)
        lines.append("  ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in cells).rstrip())
    return "\n".join(lines)


def _written(cell: Cell) -> str:
    if cell is None:
        return "not known"
    return cell if isinstance(cell, str) else f"{cell:,.6g}" if abs(cell) < 1e6 else f"{cell:,.0f}"
