"""What does one refresh of the Scenarios page cost, and what does asking again for the same cost?

Rows: a desk's 20 positions, and 10,000 positions in 1,200 instruments; each is the whole answer (what-if
book, hedge, two grids of 17 × 9, exposures), its two figures as JSON, and the tails of 2,160 hourly closes by
both ways for both books. ``kept`` is the answer when view and question are those of before. One core, one
JSON line a row, milliseconds. Run: ``PYTHONPATH=. python bench/scenario_page.py [--repeats 15]``.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # is read when NumPy is imported

import msgspec
import numpy as np

from bench.grid import AT, INDEX, Book
from components.scenario_answer import Answer, answer, kept_answer
from components.scenario_choice import Question, Show, Side, Unit
from components.scenario_figure import figure, slice_figure
from components.scenario_tail import tails
from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement
from hedging.model.limits import Band, HedgeTarget, Numeraire
from hedging.model.market import Quote
from hedging.model.trading import AutoSetting, TradingState
from hedging.model.view import HedgeMarket, UnderlyingView, VenueMode, View
from hedging.model.what_if import Close
from hedging.risk.drift import drift
from hedging.risk.exposure import Basis, summed

ASKED = Question(underlying="BTC")


def perpetual() -> HedgeMarket:
    """The hedge, not held."""
    instrument = Instrument(
        venue="paper",
        name="BTC-PERPETUAL",
        symbol="",
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.USD,
        lot=Decimal(10),
        minimum=Decimal(10),
        tick=Decimal("0.5"),
    )
    marked = Quote(
        venue="paper",
        instrument=instrument.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=INDEX,
        index=INDEX,
        forward=None,
        iv=None,
        venue_delta=None,
        venue_at=AT,
        received_at=AT,
        touch_received_at=AT,
    )
    return HedgeMarket(instrument=instrument, quote=marked)


def view_of(count: int) -> View:
    """The view of a book of this many positions, outside a band of ±0.1."""
    positions = tuple(Book.of(count).valued.positions)
    whole = summed(Basis("BTC", Numeraire(0.0), INDEX, 100.0, AT), positions)
    band = Band(lower=-0.1, centre=0.0, upper=0.1, target=HedgeTarget.EDGE)
    shown = UnderlyingView(
        underlying="BTC",
        exposure=whole,
        drift=drift(whole, band),
        profile=None,
        ladder=(),
        proofs=(),
        decision=None,
        hedge_instrument="BTC-PERPETUAL",
    )
    return View(
        sequence=1,
        at=AT,
        book="bench",
        mode=VenueMode.PAPER,
        engine_started_at=AT,
        ready=True,
        status="",
        trading_state=TradingState.ACTIVE,
        halted_because="",
        resume_asked_by="",
        auto=AutoSetting(),
        auto_refusals=(),
        feeds=(),
        gaps=(),
        underlyings=(shown,),
        positions=positions,
        limits=(),
        tickets=(),
        orders=(),
        hedges=(perpetual(),),
    )


def closes() -> list[Close]:
    """Ninety days of hours."""
    moves = np.random.default_rng(1).standard_normal(2_160) * 0.005
    return [
        Close(
            instrument="paper:BTC-PERPETUAL",
            at=AT - timedelta(hours=2_160 - hour),
            price=float(INDEX * price),
        )
        for hour, price in enumerate(np.exp(np.cumsum(moves)))
    ]


def measured(act: Callable[[], object], repeats: int) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    act()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - begun))
    return {
        "median_ms": round(float(np.median(times)), 3),
        "p95_ms": round(float(np.quantile(times, 0.95)), 3),
    }


def encoded(found: Answer) -> bytes:
    """Both figures as they go to the browser."""
    charts = (figure(found, Show.PNL, Unit.USD, Side.BEFORE), slice_figure(found, Show.PNL, Unit.USD))
    return msgspec.json.encode(msgspec.to_builtins(charts))


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    recorded = closes()
    for count in (20, 10_000):
        view = view_of(count)
        found = answer(view, ASKED)
        if not isinstance(found, Answer) or found.after is None:
            raise ValueError(f"no answer with a hedge: {found}")
        acts: dict[str, Callable[[], object]] = {
            "answer": partial(answer, view, ASKED),
            "kept": partial(kept_answer, view, ASKED),
            "figures": partial(encoded, found),
            "tails": partial(tails, found, recorded, 1, 0.95),
        }
        for name, act in acts.items():
            print(
                json.dumps(
                    {"bench": "scenario_page", "positions": count, "row": name, **measured(act, repeats)}
                )
            )


if __name__ == "__main__":
    main()
