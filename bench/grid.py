"""How fast is a 41 × 21 grid of spot and volatility over 10,000 option positions, against naive revaluation?

Naive: 861 passes of scipy.stats over every position. ``ours, from positions`` includes the netting. The error
of P&L is the largest of all cells, relative to the scale of the book, which is Σ|coins| × index × 1 % (what a
one per cent move does to the gross position); that of the Greeks is relative to the largest in the grid.
One JSON line a row. Run: ``OPENBLAS_NUM_THREADS=1 python bench/grid.py [--positions 10000] [--repeats 9]``.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.limits import Numeraire
from hedging.risk.netting import netted
from hedging.risk.scenario import Shocks, Surface, netted_scenario, scenario
from hedging.units import years_between

Array = NDArray[np.float64]
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INDEX = 100_000.0
DAYS = (1, 2, 5, 12, 19, 33, 61, 96, 124, 187, 278, 369)
STRIKES = 50  # a call and a put each: 12 × 50 × 2 = 1,200 instruments
SPOTS = tuple(float(move) for move in np.linspace(-0.4, 0.4, 41))
VOLS = tuple(float(shift) for shift in np.linspace(-0.25, 0.25, 21))


@dataclass(frozen=True)
class Book:
    """The same positions as objects and as columns: sign, coins, forward, strike, years, vol."""

    positions: tuple[PositionExposure, ...]
    columns: tuple[Array, ...]

    @classmethod
    def of(cls, count: int) -> "Book":
        """Inverse options of a crypto-like listing, the same on every run."""
        rng = np.random.default_rng(20261122)
        places = [(days, place, kind) for days in DAYS for place in range(STRIKES) for kind in OptionKind]
        listed = [listed_option(*place) for place in places]
        held = rng.integers(0, len(listed), count)
        amounts = np.round(rng.normal(0.0, 20.0, count), 1) + 0.05
        positions = tuple(
            replace(listed[place], amount=float(amount), quantity_coin=float(amount))
            for place, amount in zip(held, amounts, strict=True)
        )
        rows = [
            (p.instrument.option_kind, p.quantity_coin, p.forward, p.instrument.strike, p.years, p.iv)
            for p in positions
        ]
        return cls(positions, tuple(np.array(rows, dtype=np.float64).T.copy()))


def listed_option(days: int, place: int, kind: OptionKind) -> PositionExposure:
    """One instrument of the listing with its marks, held with amount 1."""
    expiry = AT.replace(hour=8) + timedelta(days=days)
    forward = INDEX * (1 + 0.0002 * days)
    strike = float(round(INDEX * np.exp(0.05 * (place - STRIKES / 2) * (days / 365) ** 0.5), -2))
    instrument = Instrument(
        venue="paper",
        name=f"BTC-{expiry:%d%b%y}-{strike:.0f}-{kind.name[0]}",
        symbol="",
        kind=Kind.OPTION,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.COIN,
        lot=Decimal("0.1"),
        minimum=Decimal("0.1"),
        tick=Decimal("0.0001"),
        expiry=expiry,
        strike=strike,
        option_kind=kind,
    )
    return PositionExposure(
        account="main",
        instrument=instrument,
        amount=1.0,
        quantity_coin=1.0,
        delta_black=0.0,
        delta_net=0.0,
        gamma_coin=0.0,
        vega_usd=0.0,
        theta_usd=0.0,
        value_usd=0.0,
        notional_usd=INDEX,
        iv=0.55 + 0.15 * abs(np.log(strike / forward)),
        forward=forward,
        mark=0.05,
        years=years_between(AT, expiry),
        is_hedge=False,
    )


def naive_cell(columns: tuple[Array, ...], move: float, shift: float, *, greeks: bool) -> tuple[float, ...]:
    """Coins the options are worth in one cell; on demand net delta, Black gamma (coin) and vega (USD)."""
    sign, coins, forward, strike, years, vol = columns
    f, root = forward * (1 + move), np.sqrt(years)
    total = (vol + shift) * root
    d1 = np.log(f / strike) / total + total / 2
    first, second = stats.norm.cdf(sign * d1), stats.norm.cdf(sign * (d1 - total))
    worth = float(np.sum(coins * sign * (first - strike / f * second)))
    if not greeks:
        return (worth,)
    density = stats.norm.pdf(d1)
    return (
        worth,
        float(np.sum(coins * sign * strike / f * second)),
        float(np.sum(coins * density / total)),
        float(np.sum(coins * f * density * root)),
    )


def naive_grid(columns: tuple[Array, ...], *, greeks: bool) -> Array:
    """All cells, shape (columns of ``naive_cell``, vols, spots)."""
    cells = [[naive_cell(columns, move, shift, greeks=greeks) for move in SPOTS] for shift in VOLS]
    return np.moveaxis(np.array(cells), -1, 0)


def timings(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, Array]:
    """Milliseconds of each repeat of each call, after one that warms up.

    The calls take turns, so that what else the machine does falls on all of them alike.
    """
    spent = {name: np.empty(repeats) for name in calls}
    for call in calls.values():
        call()
    for repeat in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            spent[name][repeat] = (time.perf_counter() - start) * 1e3
    return spent


def line(row: str, times: Array, peers: dict[str, Array], errors: dict[str, float]) -> str:
    """The JSON line of one row; ratios above 1 where the row is faster than the peer."""
    found: dict[str, object] = {
        "bench": "grid",
        "row": row,
        "ms_median": round(float(np.median(times)), 2),
        "ms_p95": round(float(np.percentile(times, 95)), 2),
        "ms_minimum": round(float(times.min()), 2),
    }
    for name, peer in peers.items():
        found[f"times_faster_than_{name}"] = round(float(np.median(peer) / np.median(times)), 1)
        found[f"times_faster_than_{name}_minima"] = round(float(peer.min() / times.min()), 1)
    return json.dumps(found | {name: float(f"{error:.2e}") for name, error in errors.items()})


def errors_of(surface: Surface, truth: Array, columns: tuple[Array, ...]) -> dict[str, float]:
    """Largest errors as the module's docstring says."""
    now = naive_cell(columns, 0.0, 0.0, greeks=False)[0]
    spots = INDEX * (1 + np.array(SPOTS))
    scale = float(np.abs(columns[1]).sum()) * INDEX * 0.01
    pnl = (truth[0] - now) * spots
    gamma = truth[2] - truth[1]

    def worst(ours: Array, exact: Array) -> float:
        return float(np.abs(ours[0] - exact).max() / np.abs(exact).max())

    return {
        "pnl_error": float(np.abs(surface.pnl_usd[0] - pnl).max()) / scale,
        "delta_error": worst(surface.delta_coin, truth[1]),
        "gamma_error": worst(surface.gamma_coin, gamma),
        "vega_error": worst(surface.vega_usd, truth[3]),
    }


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=9)
    wanted = parser.parse_args()
    book = Book.of(wanted.positions)
    exposure = Exposure(
        underlying="BTC",
        at=AT,
        numeraire=Numeraire(0.0),
        index=INDEX,
        equity=500.0,
        delta=0.0,
        delta_net=0.0,
        delta_hedge=0.0,
        delta_primary=0.0,
        gamma_coin=0.0,
        gamma_black_coin=0.0,
        vega_usd=0.0,
        theta_usd=0.0,
        gross_notional_usd=0.0,
        hedge_position=0.0,
    )
    shocks = Shocks(spots=SPOTS, vols=VOLS)
    net = netted("BTC", book.positions, AT)
    rows = f"ours from {net.options.vol.size} netted rows"
    times = timings(
        {
            "861 passes, P&L alone": lambda: naive_grid(book.columns, greeks=False),
            "861 passes, four surfaces": lambda: naive_grid(book.columns, greeks=True),
            "ours from positions": lambda: scenario(exposure, book.positions, shocks),
            rows: lambda: netted_scenario(exposure, net, shocks),
            "netting alone": lambda: netted("BTC", book.positions, AT),
        },
        wanted.repeats,
    )
    truth = naive_grid(book.columns, greeks=True)
    errors = errors_of(scenario(exposure, book.positions, shocks), truth, book.columns)
    peers = {
        "naive_pnl_alone": times["861 passes, P&L alone"],
        "naive_four_surfaces": times["861 passes, four surfaces"],
    }
    for name, spent in times.items():
        print(line(name, spent, peers, errors if name.startswith("ours") else {}))


if __name__ == "__main__":
    main()
