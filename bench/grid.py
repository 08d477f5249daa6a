"""How fast is a 41 × 21 grid of spot and volatility over 10,000 option positions, against naive revaluation?

Naive: 861 passes of scipy.stats.norm over every position, for the P&L alone and for the four surfaces ours
gives (P&L, delta, gamma, vega). Ours: ``from valued columns`` is what a cycle holds (hedging/risk/valued.py),
netted and repriced; ``from position rows`` begins at 10,000 objects instead; ``from netted rows`` is a book
netted before, as for a second grid of the same quotes. One BLAS thread, so one core. The error of P&L is the
largest of all cells, relative to what one per cent does to the gross position (Σ|coins| × index × 1 %) and,
as ``pnl_error_of_largest``, to the largest P&L of the grid; that of the Greeks is relative to the largest in
the grid. One JSON line a row. Run: ``PYTHONPATH=. python bench/grid.py [--positions 10000] [--repeats 15]``.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # is read when NumPy is imported

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hedging.model.book import Position
from hedging.model.exposure import Exposure
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.limits import Numeraire
from hedging.model.market import Quote
from hedging.model.snapshot import Snapshot
from hedging.risk.greeks import value_positions
from hedging.risk.netting import netted, netted_book
from hedging.risk.scenario import Shocks, Surface, netted_scenario, scenario
from hedging.risk.valued import ValuedBook
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
    """The same positions valued by the product, and as columns: sign, coins, forward, strike, years, vol."""

    valued: ValuedBook
    columns: tuple[Array, ...]

    @classmethod
    def of(cls, count: int) -> "Book":
        """Inverse options of a crypto-like listing, the same on every run."""
        rng = np.random.default_rng(20261122)
        places = [(days, place, kind) for days in DAYS for place in range(STRIKES) for kind in OptionKind]
        listed = [listed_option(*place) for place in places]
        quotes = {option.key: quote(option) for option in listed}
        held = [listed[place] for place in rng.integers(0, len(listed), count)]
        amounts = np.round(rng.normal(0.0, 20.0, count), 1) + 0.05
        positions = tuple(
            Position(
                account="main",
                instrument=option,
                amount=Decimal(f"{amount:.2f}"),
                average_price=None,
                floating_pnl=None,
                venue_delta=None,
                received_at=AT,
            )
            for option, amount in zip(held, amounts, strict=True)
        )
        valued = value_positions(
            Snapshot(at=AT, positions=positions, balances=(), quotes=quotes), frozenset(), 5.0
        )
        rows = [
            (p.instrument.option_kind, p.quantity_coin, p.forward, p.instrument.strike, p.years, p.iv)
            for p in valued.positions
        ]
        return cls(valued, tuple(np.array(rows, dtype=np.float64).T.copy()))


def listed_option(days: int, place: int, kind: OptionKind) -> Instrument:
    """One instrument of the listing."""
    expiry = AT.replace(hour=8) + timedelta(days=days)
    strike = float(round(INDEX * np.exp(0.05 * (place - STRIKES / 2) * (days / 365) ** 0.5), -2))
    return Instrument(
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


def quote(option: Instrument) -> Quote:
    """Its marks; calls and puts of a strike are marked alike."""
    if option.expiry is None or option.strike is None:
        raise ValueError(f"{option.name} is no option")
    forward = INDEX * (1 + 0.0002 * 365 * years_between(AT, option.expiry))
    return Quote(
        venue=option.venue,
        instrument=option.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=0.05,
        index=INDEX,
        forward=forward,
        iv=0.55 + 0.15 * abs(float(np.log(option.strike / forward))),
        venue_delta=None,
        venue_at=AT,
        received_at=AT,
        touch_received_at=AT,
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
    pnl_error = float(np.abs(surface.pnl_usd[0] - pnl).max())
    gamma = truth[2] - truth[1]

    def worst(ours: Array, exact: Array) -> float:
        return float(np.abs(ours[0] - exact).max() / np.abs(exact).max())

    return {
        "pnl_error": pnl_error / scale,
        "pnl_error_of_largest": pnl_error / float(np.abs(pnl).max()),
        "delta_error": worst(surface.delta_coin, truth[1]),
        "gamma_error": worst(surface.gamma_coin, gamma),
        "vega_error": worst(surface.vega_usd, truth[3]),
    }


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=15)
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
    rows, net = book.valued.positions, netted_book("BTC", book.valued, AT)
    once = f"ours from {net.options.vol.size} netted rows"
    calls: dict[str, Callable[[], object]] = {
        "861 passes, P&L alone": lambda: naive_grid(book.columns, greeks=False),
        "861 passes, four surfaces": lambda: naive_grid(book.columns, greeks=True),
        "ours from valued columns": lambda: netted_scenario(
            exposure, netted_book("BTC", book.valued, AT), shocks
        ),
        "ours from position rows": lambda: scenario(exposure, rows, shocks),
        once: lambda: netted_scenario(exposure, net, shocks),
        "netting of valued columns": lambda: netted_book("BTC", book.valued, AT),
        "netting of position rows": lambda: netted("BTC", rows, AT),
    }
    times = timings(calls, wanted.repeats)
    truth = naive_grid(book.columns, greeks=True)
    peers = {
        "naive_pnl_alone": times["861 passes, P&L alone"],
        "naive_four_surfaces": times["861 passes, four surfaces"],
    }
    for name, spent in times.items():
        found = calls[name]()
        errors = errors_of(found, truth, book.columns) if isinstance(found, Surface) else {}
        print(line(name, spent, {} if name.startswith("netting") else peers, errors))


if __name__ == "__main__":
    main()
