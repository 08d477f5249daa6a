"""How long does one cycle of the engine take over 10,000 positions in 1,200 instruments?

A cycle here is what the loop does between a price and a verdict: take the price, show the core the market,
which values every position, sums exposure, drift, proof and limits, encodes and hashes the inputs, decides.
Nothing is published and no grid is drawn, which happens beside it. ``after a position read`` lays the
columns out anew and encodes all positions, as it is after each account's sweep. The peer is the loop a
small program would write: one position at a time with Black-76 from ``math.erf``, which gives the delta
alone; its delta is compared with ours.

One JSON line a row. Run: ``OPENBLAS_NUM_THREADS=1 PYTHONPATH=. python bench/cycle.py [--positions 10000]``.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from math import erf, log, sqrt

import numpy as np

from bench.grid import AT, DAYS, INDEX, STRIKES, listed_option, quote
from bench.known_book import KnownBook
from hedging.core import events as happened
from hedging.decide import Assessment
from hedging.model.book import Balance, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules

ACCOUNTS = tuple(f"account-{number}" for number in range(25))
HEDGE = replace(
    listed_option(1, 0, OptionKind.CALL),
    name="BTC-PERPETUAL",
    kind=Kind.PERPETUAL,
    amount_unit=AmountUnit.USD,
    expiry=None,
    strike=None,
    option_kind=None,
)
RULES = Rules(
    underlyings=(
        UnderlyingRules(
            underlying="BTC",
            account=ACCOUNTS[0],
            venue=HEDGE.venue,
            hedge_instrument=HEDGE.name,
            numeraire=Numeraire(0.0),
            band=Band(lower=-1e9, centre=0.0, upper=1e9, target=HedgeTarget.EDGE),
            limits=tuple(
                Limit(scope=Scope(ScopeKind.UNDERLYING, "BTC"), measure=measure, soft=1e12, hard=2e12)
                for measure in Measure
            ),
            max_order_coin=10.0,
        ),
    ),
)


class Desk:
    """The core with everything in it, as a cycle finds it."""

    def __init__(self, book: KnownBook, positions: tuple[Position, ...]) -> None:
        self.book = book
        self.positions = positions

    @classmethod
    def of(cls, number: int) -> "Desk":
        """A book of ``number`` positions, the same on every run."""
        rng = np.random.default_rng(20261122)
        listed = [
            listed_option(days, place, kind)
            for days in DAYS
            for place in range(STRIKES)
            for kind in OptionKind
        ]
        instruments = {each.key: each for each in (HEDGE, *listed)}
        book = KnownBook(dict.fromkeys(ACCOUNTS, HEDGE.venue), RULES, instruments, AT)
        places = rng.permutation(len(listed) * len(ACCOUNTS))[:number].tolist()
        amounts = np.round(rng.normal(0.0, 20.0, number), 1).tolist()
        made = [
            _position(ACCOUNTS[place // len(listed)], listed[place % len(listed)], amount)
            for place, amount in zip(places, amounts, strict=True)
        ]
        book.happen(happened.Started(), AT)
        _deal(book, made)
        for instrument in (HEDGE, *listed):
            book.take_quote(quote(instrument) if instrument.expiry else _hedge_quote(0))
        book.look(AT)
        if not book.state.ready:
            raise SystemExit("the core is not ready, and would not decide")
        return cls(book, tuple(made))

    @property
    def whole(self) -> Assessment:
        """The book as the last cycle valued it."""
        found = self.book.state.whole
        if found is None:
            raise SystemExit("nothing was valued")
        return found

    def cycle(self, number: int) -> None:
        """One price, one verdict."""
        self.book.take_quote(_hedge_quote(number))
        self.book.look(AT + timedelta(microseconds=number))

    def read_one_account(self, number: int) -> None:
        """A cycle after a sweep brought the positions of one account anew."""
        account = ACCOUNTS[number % len(ACCOUNTS)]
        own = tuple(held for held in self.whole.snapshot.positions if held.account == account)
        self.book.take_positions(account, own, AT + timedelta(microseconds=number))
        self.cycle(number)

    def plain_loop(self) -> float:
        """Net delta in coin, position by position."""
        now, total = AT, 0.0
        for held in self.positions:
            instrument = held.instrument
            found = self.book.board.quotes[instrument.key]
            expiry, strike, sign = instrument.expiry, instrument.strike, instrument.option_kind
            if None in (expiry, strike, sign, found.forward, found.iv) or expiry is None or strike is None:
                raise ValueError(f"{instrument.name} has no price")
            forward, vol = found.forward or 0.0, found.iv or 0.0
            years = (expiry - now).total_seconds() / 31_536_000
            deviation = vol * sqrt(years)
            d2 = log(forward / strike) / deviation - deviation / 2
            direction = int(sign or 0)
            exercised = (1 + erf(direction * d2 / sqrt(2))) / 2
            total += float(held.amount) * direction * strike / forward * exercised
        return total


def _deal(book: KnownBook, positions: list[Position]) -> None:
    """Give each account its positions and its balance, and answer all else that is asked at a start."""
    for account in ACCOUNTS:
        own = tuple(held for held in positions if held.account == account)
        book.take_positions(account, own, AT)
        book.take_balances(account, (_balance(account),), AT)
        book.happen(happened.FillsArrived((), account, AT), AT)
        book.happen(happened.ClockRead(account, 0.0), AT)


def _position(account: str, instrument: Instrument, amount: float) -> Position:
    return Position(
        account=account,
        instrument=instrument,
        amount=Decimal(f"{amount:.1f}"),
        average_price=None,
        floating_pnl=None,
        venue_delta=None,
        received_at=AT,
    )


def _balance(account: str) -> Balance:
    return Balance(
        account=account,
        currency="BTC",
        equity=100.0,
        available=80.0,
        initial_margin=20.0,
        maintenance_margin=15.0,
        delta_total=(),
        received_at=AT,
    )


def _hedge_quote(number: int) -> Quote:
    price = INDEX + 0.5 * (number % 7)
    return replace(
        quote(listed_option(1, 0, OptionKind.CALL)),
        instrument=HEDGE.name,
        bid=price - 0.5,
        ask=price + 0.5,
        mark=price,
        index=INDEX,
        forward=None,
        iv=None,
    )


def timed(act: Callable[[], object], repeats: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Milliseconds of each call, after one that warms up."""
    act()
    spent = np.empty(repeats)
    for repeat in range(repeats):
        start = time.perf_counter()
        act()
        spent[repeat] = (time.perf_counter() - start) * 1e3
    return spent


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=60)
    wanted = parser.parse_args()
    desk, numbers = Desk.of(wanted.positions), count(1)
    peer = timed(desk.plain_loop, max(3, wanted.repeats // 10))
    rows = {
        "cycle": timed(lambda: desk.cycle(next(numbers)), wanted.repeats),
        "cycle after a position read": timed(
            lambda: desk.read_one_account(next(numbers)), wanted.repeats // 3
        ),
        "peer: plain loop, delta alone": peer,
    }
    held = desk.whole.snapshot.positions
    ours = desk.whole.exposures["BTC"].delta_net
    theirs = Desk(desk.book, held).plain_loop()
    for name, spent in rows.items():
        found = {
            "bench": "cycle",
            "row": name,
            "positions": len(held),
            "instruments": len(desk.whole.book.holdings.keys),
            "ms_median": round(float(np.median(spent)), 2),
            "ms_p95": round(float(np.percentile(spent, 95)), 2),
            "times_faster_than_plain_loop": round(float(np.median(peer) / np.median(spent)), 2),
            "delta_difference": float(f"{abs(ours - theirs):.1e}"),
        }
        print(json.dumps(found))


if __name__ == "__main__":
    main()
