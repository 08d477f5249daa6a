"""What does recording cost: the time of one instant, the bytes of a day, and what it takes from the loop?

Two books of two underlyings, ten limits and three balances, with 20 instruments and with 1,200; how many
positions there are does not matter, marks are of instruments. A third of the prices walks by a tick each
second. ``store_ms`` is the transaction of one instant, ``loop_ms`` what the event loop gives for it,
``late_ms`` how late a timer of 1 ms comes on the loop while instants with marks are stored beside it, and
``late_idle_ms`` while nothing is; each as median, 95 % and largest. ``thin_ms`` is the longest step of the
thinning, ``bytes_a_day`` the file's growth as sampled, ``bytes_kept`` a day of it and 29 of one a minute.

One JSON line a book. Run: ``PYTHONPATH=. python bench/records.py [--instants 600]``.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias

import numpy as np

from bench.passages import machine
from hedging.clock import monotonic_ns
from hedging.decide import Assessment, assess
from hedging.engine.sampling import Pace, Seen, moment, seen
from hedging.ledger import Series
from hedging.ledger.series_points import Kind
from hedging.model.book import Balance
from hedging.model.exposure import Drift, DriftState, Exposure
from hedging.model.limits import (
    Band,
    BreachLevel,
    HedgeTarget,
    Limit,
    Measure,
    Numeraire,
    Scope,
    ScopeKind,
    Utilisation,
)
from hedging.model.market import Quote
from hedging.model.retention import Retention
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Snapshot

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

START = datetime(2026, 11, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SWITCH_SECONDS = 0.0005  # the engine's
BAND = Band(lower=-5.0, centre=0.0, upper=5.0, target=HedgeTarget.EDGE)
SECONDS_A_DAY, MINUTES_KEPT, SAMPLE_MINUTES = 86_400, 29 * 1_440, 200


@dataclass(frozen=True)
class Market:
    """Prices of so many instruments that walk on their ticks."""

    mids: Floats
    vols: Floats
    random: np.random.Generator

    @classmethod
    def of(cls, instruments: int) -> "Market":
        """A market of twelve expiries."""
        random = np.random.default_rng(7)
        return cls(
            np.exp(random.normal(-3, 1.5, instruments)),
            random.uniform(0.3, 0.9, instruments),
            random,
        )

    def quotes(self, at: datetime) -> dict[str, Quote]:
        """The quotes at one instant: a third of them have moved by a tick since the last."""
        moved = self.random.random(self.mids.size) < 1 / 3
        self.mids[moved] += self.random.choice([-1e-4, 1e-4], int(moved.sum()))
        index = round(100_000 + 50 * float(self.random.standard_normal()), 2)
        ages = self.random.uniform(0, 1, self.mids.size)
        return {
            f"deribit:BTC-{place % 12}-{place}": self._quote(place, index, at - SECOND * float(ages[place]))
            for place in range(self.mids.size)
        }

    def _quote(self, place: int, index: float, received: datetime) -> Quote:
        mark = round(float(self.mids[place]), 4)
        return Quote(
            venue="deribit",
            instrument=f"BTC-{place % 12}-{place}",
            bid=round(mark - 5e-4, 4),
            ask=round(mark + 5e-4, 4),
            bid_size=1.0,
            ask_size=1.0,
            mark=mark,
            index=index,
            forward=round(index * (1 + 0.002 * (place % 12)), 2),
            iv=round(float(self.vols[place]), 4),
            venue_delta=0.5,
            venue_at=received,
            received_at=received,
            touch_received_at=received,
        )


def rules(underlying: str) -> UnderlyingRules:
    """Rules of one underlying."""
    return UnderlyingRules(
        underlying=underlying,
        account="main",
        venue="deribit",
        hedge_instrument="BTC-0-0",
        numeraire=Numeraire(0.0),
        band=BAND,
        limits=(),
        max_order_coin=5.0,
    )


def assessment(at: datetime, market: Market, names: tuple[str, ...]) -> Assessment:
    """What the engine made of the instant: every figure changes with each."""
    values = [float(value) for value in market.random.standard_normal(16)]
    exposures = {
        name: Exposure(
            underlying=name,
            at=at,
            numeraire=Numeraire(0.0),
            index=100_000 + values[0],
            equity=values[1],
            delta=values[2],
            delta_net=values[3],
            delta_hedge=values[4],
            delta_primary=values[5],
            gamma_coin=values[6],
            gamma_black_coin=values[7],
            vega_usd=values[8],
            theta_usd=values[9],
            gross_notional_usd=values[10],
            hedge_position=values[11],
        )
        for name in names
    }
    drifts = {
        name: Drift(
            underlying=name,
            delta=values[2],
            band=BAND,
            state=DriftState.INSIDE,
            beyond_band=0.0,
            target=0.0,
            ratio_held=values[12],
            ratio_wanted=values[13],
        )
        for name in names
    }
    limits = tuple(
        Utilisation(
            limit=Limit(scope=Scope(ScopeKind.UNDERLYING, name), measure=measure, soft=1.0, hard=2.0),
            value=values[14] + place,
            level=BreachLevel.INSIDE,
        )
        for name in names
        for place, measure in enumerate(tuple(Measure)[:5])
    )
    balances = tuple(
        Balance(
            account="main",
            currency=currency,
            equity=values[1],
            available=values[2],
            initial_margin=values[3],
            maintenance_margin=values[4],
            delta_total=((currency, values[5]),),
            received_at=at,
        )
        for currency in ("BTC", "ETH", "USDC")
    )
    snapshot = Snapshot(at=at, positions=(), balances=balances, quotes=market.quotes(at))
    empty = assess(snapshot, Rules(underlyings=()))
    return replace(empty, exposures=exposures, drifts=drifts, limits=limits, gaps=())


def milliseconds(act: Callable[[], object]) -> float:
    """How long it took."""
    began = monotonic_ns()
    act()
    return (monotonic_ns() - began) / 1e6


async def lateness(series: Series, instants: Sequence[Seen]) -> list[float]:
    """How late a timer of 1 ms comes while instants are stored beside the loop."""
    late: list[float] = []
    for found in instants:
        storing = asyncio.ensure_future(asyncio.to_thread(_store, series, found))
        while not storing.done():
            late.append(await _tick())
        await storing
    return late


async def idle(ticks: int) -> list[float]:
    """The same while nothing is stored."""
    return [await _tick() for _ in range(ticks)]


async def _tick() -> float:
    began = monotonic_ns()
    await asyncio.sleep(0.001)
    return (monotonic_ns() - began) / 1e6 - 1


def _store(series: Series, found: Seen) -> None:
    series.add(moment(found))


def taken(instruments: int, instants: int) -> tuple[list[Seen], list[float]]:
    """What the loop hands over in each second, and the milliseconds that took."""
    names = ("BTC", "ETH")
    found: list[Seen] = []
    took: list[float] = []
    market, pace = Market.of(instruments), Pace()
    needed = frozenset(market.quotes(START))
    for second in range(instants):
        at = START + SECOND * second
        desk = SimpleNamespace(
            rules=Rules(underlyings=tuple(rules(name) for name in names)),
            sessions={"main": None},
            state=SimpleNamespace(needed=needed),
            now=partial(START.__add__, SECOND * second),
        )
        whole = assessment(at, market, names)
        began = monotonic_ns()
        each = seen(desk, whole, pace)  # type: ignore[arg-type]
        took.append((monotonic_ns() - began) / 1e6)
        if each is not None:
            found.append(each)
    return found, took


def measured(instruments: int, instants: int) -> dict[str, object]:
    """One row."""
    found, took = taken(instruments, instants)
    marked = [each for each in found if each.marks_of]
    with tempfile.TemporaryDirectory() as name:
        series = Series.open(Path(name))
        stores = [milliseconds(partial(_store, series, each)) for each in found]
        rows = sum(series.extent(kind).rows for kind in Kind)
        size = series.size().total
        for minute in range(SAMPLE_MINUTES):
            _store(series, replace(marked[-1], at=START + timedelta(days=400, minutes=minute)))
        a_minute = (series.size().total - size) / SAMPLE_MINUTES
        late = asyncio.run(lateness(series, marked[:30]))
        thinning = series.thinning(Retention())
        later = START + timedelta(days=2)
        steps = [milliseconds(partial(thinning.step, later)) for _ in range(20)]
        series.close()
    a_day = size / instants * SECONDS_A_DAY
    return {
        "instruments": instruments,
        "instants": instants,
        "store_ms": spread(stores),
        "loop_ms": spread(took),
        "late_ms": spread(late),
        "late_idle_ms": spread(asyncio.run(idle(300))),
        "thin_ms": round(max(steps), 2),
        "rows_a_second": round(rows / instants, 1),
        "bytes_a_day": round(a_day),
        "bytes_kept": round(a_day + a_minute * MINUTES_KEPT),
        **machine(),
    }


def spread(values: Sequence[float]) -> list[float]:
    """Median, 95 % and largest."""
    return [round(float(value), 3) for value in np.quantile(values, (0.5, 0.95, 1))]


def main() -> None:
    """Measure both books."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--instants", type=int, default=600)
    instants = parser.parse_args().instants
    sys.setswitchinterval(SWITCH_SECONDS)
    for instruments in (20, 1_200):
        print(json.dumps(measured(instruments, instants)))


if __name__ == "__main__":
    main()
