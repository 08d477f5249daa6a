"""What do smiles cost: fitting them, keeping them, and what they take from the loop beside which they run?

``fit``: 12 expiries of 40 strikes whose volatilities are off a known smile by 0.2 points, searched for
everywhere; ``fit again`` from the slices of before. ``read``: JSON of all options of the simulated market
that settle in BTC to quotes. ``shift``: sticky moneyness of 2,000 positions in 200 options, once valued.
``cycle``: valuing 2,000 positions in 200 options every 20 ms on the loop: alone, with a round (reading,
fitting, recording, drawing of three chains) every 5 s, four times as often as in an engine, and with rounds
without a pause. ``late_ms`` is how late a timer of 1 ms comes meanwhile, ``round_ms`` how long a round
takes. ``picture``: bytes that a round writes for the screen. ``record``: bytes of a day of recorded
options, and what reading a week of them and fitting minimum variance to it takes.

One JSON line a row, times in ms as median, 95 % and largest. Run: ``PYTHONPATH=. python bench/smiles.py``.
"""

import asyncio
import gc
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np

from bench.passages import machine
from hedging.clock import monotonic_ns, utc_now
from hedging.decide import assess
from hedging.engine.smile_picture import SmileInputs
from hedging.engine.smiles import LiveSmiles, SmileParts
from hedging.ledger import OptionRecords
from hedging.ledger.codec import encode
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument, OptionKind, Settlement
from hedging.model.limits import Band, HedgeTarget, Numeraire
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.smile import ChainQuote, OptionPoint, SmileLimits, SmileRule
from hedging.model.snapshot import Snapshot
from hedging.paper.exchange import Exchange
from hedging.paper.market import Market
from hedging.paper.render import book_summary, instrument
from hedging.pricing.svi import RawSvi, implied_vol
from hedging.risk.greeks import value_positions
from hedging.risk.minimum_variance import minimum_variance_fits, recorded_points
from hedging.risk.smile import fitted_smiles
from hedging.risk.smile_shift import with_smiles
from hedging.venues import deribit
from hedging.venues.chain import Chain, chain

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
SWITCH_SECONDS = 0.0005  # the engine's
CURRENCIES = ("BTC", "ETH", "USDC")
DAYS = (1, 2, 7, 14, 30, 60, 90, 120, 180, 240, 300, 360)
STRIKES, POSITIONS, CYCLES = 40, 2_000, 600
BAND = Band(lower=-5.0, centre=0.0, upper=5.0, target=HedgeTarget.EDGE)


@dataclass(frozen=True)
class Simulated:
    """The chains of the simulated market at its start: instruments by key, and the answers as text."""

    instruments: Mapping[str, Instrument]
    answers: Mapping[str, str]

    @classmethod
    def at_start(cls) -> "Simulated":
        """Seed 7."""
        market = Market(7, int(START.timestamp()) * 10**9)
        exchange = Exchange(market, [])
        listed = list(market.listings.values())
        nouns = [deribit.instrument(instrument(row), row.name) for row in listed]
        answers = {
            currency: json.dumps(
                [
                    book_summary(exchange, row.name)
                    for row in listed
                    if row.strike is not None and row.settlement_currency == currency
                ]
            )
            for currency in CURRENCIES
        }
        return cls({each.key: each for each in nouns}, answers)

    def read(self, currency: str, instruments: Mapping[str, Instrument]) -> Chain:
        """The chain as if it had just arrived."""
        now = utc_now()
        found = chain(json.loads(self.answers[currency]), instruments, now)
        fresh = tuple(replace(each, venue_at=now, received_at=now) for each in found.quotes)
        return replace(found, quotes=fresh)

    def close(self) -> None:
        """Nothing is open."""


def quoted(days: float, random: np.random.Generator) -> list[ChainQuote]:
    """Calls of one expiry, off a known smile by noise."""
    years = days / 365
    at_the_money = 0.36 * years
    slice_ = RawSvi(0.5 * at_the_money, 0.35 * at_the_money**0.5, -0.3, 0.0, 1.4 * at_the_money**0.5)
    places = np.linspace(-2.5, 2.5, STRIKES) * at_the_money**0.5
    vols = implied_vol(slice_, places, years) + random.normal(0, 0.002, STRIKES)
    return [
        ChainQuote(
            venue="deribit",
            instrument=f"BTC-{days}-{place:.3f}",
            underlying="BTC",
            settlement=Settlement.INVERSE,
            settlement_currency="BTC",
            expiry=START + timedelta(days=days),
            strike=1e5 * float(np.exp(place)),
            kind=OptionKind.CALL,
            bid=None,
            ask=None,
            mark=None,
            forward=1e5,
            index=1e5,
            iv=float(vol),
            open_interest=None,
            venue_at=START,
            received_at=START,
        )
        for place, vol in zip(places, vols, strict=True)
    ]


def book(simulated: Simulated) -> Snapshot:
    """So many positions in 200 options of BTC, and the hedge."""
    quotes = {each.instrument: each for each in simulated.read("BTC", simulated.instruments).quotes}
    options = [each for each in simulated.instruments.values() if each.name in quotes][:200]
    now = utc_now()
    held = tuple(
        Position(
            account="main",
            instrument=options[place % len(options)],
            amount=Decimal(place % 7 - 3 or 1),
            average_price=None,
            floating_pnl=0.0,
            venue_delta=None,
            received_at=now,
        )
        for place in range(POSITIONS)
    )
    perpetual = next(each for each in simulated.instruments.values() if each.name == "BTC-PERPETUAL")
    index = quotes[options[0].name].index
    shown = [quote(each, quotes[each.name], now) for each in options]
    own = replace(shown[0], instrument=perpetual.name, bid=index, ask=index, mark=index, iv=None)
    balance = Balance(
        account="main",
        currency="BTC",
        equity=100.0,
        available=100.0,
        initial_margin=0.0,
        maintenance_margin=0.0,
        delta_total=(),
        received_at=now,
    )
    return Snapshot(
        at=now, positions=held, balances=(balance,), quotes={each.key: each for each in (own, *shown)}
    )


def quote(of: Instrument, row: ChainQuote, now: datetime) -> Quote:
    """A row of the chain as the ticker of its instrument."""
    return Quote(
        venue=of.venue,
        instrument=of.name,
        bid=row.bid,
        ask=row.ask,
        bid_size=1.0,
        ask_size=1.0,
        mark=row.mark,
        index=row.index,
        forward=row.forward,
        iv=row.iv,
        venue_delta=None,
        venue_at=now,
        received_at=now,
        touch_received_at=now,
    )


def rules() -> Rules:
    """BTC under sticky moneyness."""
    item = UnderlyingRules(
        underlying="BTC",
        account="main",
        venue="deribit",
        hedge_instrument="BTC-PERPETUAL",
        numeraire=Numeraire(0.0),
        band=BAND,
        limits=(),
        max_order_coin=5.0,
        smile=SmileRule.STICKY_MONEYNESS,
    )
    return Rules(underlyings=(item, replace(item, underlying="ETH", hedge_instrument="ETH-PERPETUAL")))


def spread(found: Sequence[float]) -> list[float]:
    """Median, 95 % and largest, in ms."""
    return [round(float(each), 3) for each in (*np.percentile(found, [50, 95]), max(found))]


def milliseconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    began = monotonic_ns()
    act()
    return (monotonic_ns() - began) / 1e6


@dataclass(frozen=True)
class Times:
    """Of the cycles, of the timer's lateness, and of the rounds, in ms."""

    cycles: list[float]
    late: list[float]
    rounds: list[float]


async def cycles(given: Snapshot, beside: LiveSmiles | None, pause: float) -> Times:
    """What the loop's work takes, alone or beside rounds with a pause in between."""
    took: list[float] = []
    late: list[float] = []
    rounds: list[float] = []
    known = assess(given, rules()).book.holdings

    async def ticking() -> None:
        while True:
            began = monotonic_ns()
            await asyncio.sleep(0.001)
            late.append((monotonic_ns() - began) / 1e6 - 1)

    async def rounding(smiles: LiveSmiles) -> None:
        while True:
            began = monotonic_ns()
            await smiles.round()
            rounds.append((monotonic_ns() - began) / 1e6)
            await asyncio.sleep(pause)

    tasks = [asyncio.ensure_future(ticking())]
    if beside is not None:
        tasks.append(asyncio.ensure_future(rounding(beside)))
    for _ in range(CYCLES):
        took.append(milliseconds(partial(assess, given, rules(), known)))
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    return Times(took, late, rounds)


def shifts(simulated: Simulated, given: Snapshot) -> list[float]:
    """What the shift of a book under sticky moneyness takes, once it is valued."""
    slices = fitted_smiles(simulated.read("BTC", simulated.instruments).quotes, utc_now(), SmileLimits())
    known = replace(given, smiles=slices.slices)
    valued = value_positions(known, frozenset(), 60.0)
    return [milliseconds(partial(with_smiles, valued, known, rules())) for _ in range(50)]


def recorded(records: OptionRecords, points: Sequence[OptionPoint], folder: Path) -> dict[str, object]:
    """Bytes of a day of one underlying, and what a week of every fifth minute takes to be read and fitted."""
    for step in range(7 * 288):
        at = START + timedelta(minutes=5 * step)
        moved = 1 + 0.01 * np.sin(step)
        records.put([replace(each, at=at, forward=each.forward * moved) for each in points], START)
    size = sum(path.stat().st_size for path in folder.iterdir())
    read = milliseconds(lambda: records.history("deribit", "BTC", START, 5))
    history = records.history("deribit", "BTC", START, 5)
    fit = milliseconds(lambda: minimum_variance_fits("BTC", history, START, SmileLimits()))
    rows = 7 * 288 * len(points)
    return {
        "row": "record",
        "options": len(points),
        "bytes_a_point": round(size / rows, 1),
        "megabytes_a_day": round(size / rows * len(points) * 1440 / 1e6, 2),
        "read_week_ms": round(read, 1),
        "fit_week_ms": round(fit, 1),
    }


def main() -> None:
    """Measure and print."""
    sys.setswitchinterval(SWITCH_SECONDS)
    random = np.random.default_rng(7)
    quotes = [each for days in DAYS for each in quoted(days, random)]
    limits = SmileLimits()
    fits = [milliseconds(partial(fitted_smiles, quotes, START, limits)) for _ in range(10)]
    near = fitted_smiles(quotes, START, limits).slices
    again = [milliseconds(partial(fitted_smiles, quotes, START, limits, near)) for _ in range(10)]
    simulated = Simulated.at_start()
    reads = [milliseconds(partial(simulated.read, "BTC", simulated.instruments)) for _ in range(20)]
    rows: list[dict[str, object]] = [
        {"row": "fit", "expiries": len(DAYS), "strikes": STRIKES, "ms": spread(fits)},
        {"row": "fit again", "expiries": len(DAYS), "strikes": STRIKES, "ms": spread(again)},
        {
            "row": "read",
            "options": len(simulated.read("BTC", simulated.instruments).quotes),
            "ms": spread(reads),
        },
    ]
    given = book(simulated)
    rows.append({"row": "shift", "positions": POSITIONS, "ms": spread(shifts(simulated, given))})
    gc.freeze()  # as an engine does
    for name, pause in (("alone", None), ("a round each 5 s", 5.0), ("rounds all the time", 0.0)):
        with tempfile.TemporaryDirectory() as folder:
            records = OptionRecords.open(Path(folder))
            smiles = LiveSmiles(
                SmileParts({"deribit": simulated}, records, timedelta(days=30)),
                lambda: SmileInputs(given, rules(), simulated.instruments),
                lambda _: None,
                print,
                utc_now,
            )
            found = asyncio.run(cycles(given, None if pause is None else smiles, pause or 0.0))
            row: dict[str, object] = {
                "row": f"cycle, {name}",
                "ms": spread(found.cycles),
                "late_ms": spread(found.late),
            }
            rows.append(row if pause is None else {**row, "round_ms": spread(found.rounds)})
            if pause == 0:
                picture = records.picture("BTC")
                size = 0 if picture is None else len(encode(picture))
                rows.append({"row": "picture", "bytes": size, "bytes_a_second": round(size / 20)})
            smiles.close()
    points = recorded_points(simulated.read("BTC", simulated.instruments).quotes, utc_now())
    with tempfile.TemporaryDirectory() as folder:
        records = OptionRecords.open(Path(folder))
        rows.append(recorded(records, points, Path(folder)))
        records.close()
    for each in rows:
        print(json.dumps({**each, "machine": machine()}))


if __name__ == "__main__":
    main()
