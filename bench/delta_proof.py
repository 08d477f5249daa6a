"""Does our delta equal the account's own, at every look, through an hour with trades and a settlement?

The paper exchange stands still and is moved by hand, two simulated seconds at a time, from 07:15 to 08:15
UTC of a Friday: half an hour of averaging, the settlement, and what is listed after it. Between two looks the
desk trades at random in inverse and dollar-settled options, perpetuals and dated futures of both coins, many
of them of the expiry that is being settled; now and then the spot or the volatility jumps. Our side is the
real one: positions and balances read by ``AccountSession`` over HTTP, tickers pushed to a ``MarketStream``
over websocket, both taken by the engine's core, and its snapshot through ``decide.assess``.

The tolerance is no guess: it is what the rounding of the figures on the wire can do to our sum
(``Rounding``), worked out at every look by a third, scalar valuation that shares nothing with the other two.

One JSON line. Run: ``PYTHONPATH=. python bench/delta_proof.py [--minutes 60] [--every 2] [--seed 5]``.
"""

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.black_twin import Rounding, net_delta, rounding
from bench.known_book import KnownBook
from hedging.clock import monotonic_ns
from hedging.decide import Assessment, assess
from hedging.errors import VenueUnreachable
from hedging.model.instrument import Kind
from hedging.model.limits import Band, HedgeTarget, Numeraire
from hedging.model.market import Quote
from hedging.model.rules import AgeRules, Rules, UnderlyingRules
from hedging.model.snapshot import Snapshot
from hedging.model.trading import Fill
from hedging.model.view import VenueMode
from hedging.paper.demo_account import DEMO_ACCOUNT
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.rate_limit import Rate, RateLimits
from hedging.paper.refusal import Refused
from hedging.paper.server import PaperOptions, PaperServer
from hedging.paper.valuation import value_position
from hedging.units import Side
from hedging.venues.address import DERIBIT, AccountAddress
from hedging.venues.session import AccountSession
from hedging.venues.stream import AccountStream, MarketStream, StreamEvents, StreamState
from hedging.venues.wire import Pacing

ACCOUNT = "paper"
COINS = ("BTC", "ETH")
OPENED = datetime(2026, 11, 19, 7, 0, tzinfo=UTC)  # a week before: what expires in the hour must be listed
BEGIN = datetime(2026, 11, 27, 7, 15, tzinfo=UTC)
LARGEST_LOTS = {"option": 25, "future": 4_000, "perpetual": 4_000}
PUSHED_SECONDS = 10.0  # real time within which a ticker must have arrived

Group = tuple[str, str]
"""Margin currency and underlying."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is driven: simulated ``begin`` and ``seconds``, a look every ``every`` seconds.

    All are whole multiples of the market's ``step_seconds``.
    """

    begin: datetime = BEGIN
    seconds: int = 3600
    every: int = 2
    seed: int = 5
    step_seconds: float = 1.0
    trades_a_look: float = 0.5
    shocks_an_hour: float = 20.0


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison of one margin currency and underlying, in coin."""

    at: datetime
    group: Group
    ours: float
    venue: float
    twin: float
    tolerance: float
    averaging: bool

    @property
    def off(self) -> float:
        """Ours less the venue's, without a sign."""
        return abs(self.ours - self.venue)

    @property
    def share(self) -> float:
        """Of the tolerance, how much is used."""
        return self.off / self.tolerance


@dataclass(slots=True)
class Found:
    """What an hour showed; ``black`` and ``projected`` are the largest differences of those sums, in coin."""

    looks: list[Look] = field(default_factory=list)
    samples: int = 0
    trades: int = 0
    refused: int = 0
    shocks: int = 0
    settled: tuple[str, ...] = ()
    instruments: set[str] = field(default_factory=set)
    gaps: set[str] = field(default_factory=set)
    black: float = 0.0
    projected: float = 0.0
    verdicts: set[str] = field(default_factory=set)


class Hour:
    """The drive: one exchange, our side, and the simulated time of both."""

    def __init__(self, plan: Plan, server: PaperServer, session: AccountSession) -> None:
        self.now = plan.begin
        self._plan = plan
        self._server = server
        self._session = session
        self._random = random.Random(plan.seed)
        self._found = Found()
        self._rules = rules()
        self._book = self._known()
        address = session.address
        self._came = asyncio.Event()
        self._problems: dict[str, str] = {}
        events = StreamEvents(on_quote=self._take_quote, on_problem=self._problems.__setitem__)
        self._stream = MarketStream(address, self.clock, events)
        self._own = AccountStream(address, self.clock, StreamEvents(on_fill=self._take_fill))
        self._unheard = 0  # fills that have not come over the websocket yet

    def clock(self) -> datetime:
        """Simulated time: the only one our side is told."""
        return self.now

    def _known(self) -> KnownBook:
        instruments = {each.key: each for each in self._session.instruments.values()}
        return KnownBook({ACCOUNT: DERIBIT}, self._rules, instruments, self.now)

    def _take_quote(self, quote: Quote) -> None:
        self._book.take_quote(quote)
        self._came.set()

    def _take_fill(self, fill: Fill) -> None:
        self._book.take_fill(fill, self.now)
        self._unheard -= 1
        self._came.set()

    async def run(self) -> Found:
        """Drive the whole plan."""
        await self._session.run(self._session.load, COINS)
        self._book = self._known()
        self._stream.start()
        self._own.start()
        try:
            await self._heard("the stream of the account", lambda: self._own.state is StreamState.LIVE)
            for listing in self._universe():
                self._trade(listing, self._random.choice((Side.BUY, Side.SELL)))
            for _ in range(self._plan.seconds // self._plan.every):
                self._disturb()
                await self._server.advance(_ns(self.now))
                await self._heard("our fills", lambda: self._unheard == 0)
                self.now += timedelta(seconds=self._plan.every)
                await self._server.advance(_ns(self.now))
                await self._look()
        finally:
            await self._stream.stop()
            await self._own.stop()
        return self._found

    async def _heard(self, what: str, there: Callable[[], bool]) -> None:
        """Wait until something has come over a websocket."""
        try:
            async with asyncio.timeout(PUSHED_SECONDS):
                while not there():
                    self._came.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await self._came.wait()
        except TimeoutError as error:
            raise VenueUnreachable(f"{what} did not come at {self.now}: {self._problems}") from error

    # --- what happens to the market and the account -----------------------------------------------------

    def _disturb(self) -> None:
        market, plan = self._server.exchange.market, self._plan
        count = int(plan.trades_a_look) + (self._random.random() < plan.trades_a_look % 1.0)
        listed = self._universe()
        for _ in range(count):
            self._trade(self._random.choice(listed), self._random.choice((Side.BUY, Side.SELL)))
        if self._random.random() < plan.shocks_an_hour * plan.every / 3600:
            self._found.shocks += 1
            coin = self._random.choice(COINS)
            if self._random.random() < 0.5:
                market.price_shock(coin, self._random.uniform(-0.03, 0.03))
            else:
                market.vol_shock(coin, self._random.uniform(-0.05, 0.08), half_life_seconds=600.0)

    def _trade(self, listing: Listing, side: Side) -> None:
        account = self._server.exchange.accounts[DEMO_ACCOUNT]
        lots = self._random.randint(1, LARGEST_LOTS[listing.kind.value])
        if listing.kind is not ListingKind.OPTION and not listing.inverse:
            lots = max(1, lots // 10)  # a lot of these is a hundred dollars, not ten
        amount = lots * Decimal(repr(listing.min_trade_amount))
        try:
            placed = self._server.exchange.trade_by_hand(account, listing.name, side, amount)
        except Refused:
            self._found.refused += 1
            return
        self._found.trades += bool(placed.fills)
        self._unheard += len(placed.fills)
        self._found.instruments.add(listing.name)

    def _universe(self) -> list[Listing]:
        """What is traded: every future, and of the two nearest expiries of each chain some strikes."""
        rows = list(self._server.exchange.market.listings.values())
        chosen = [row for row in rows if row.kind in {ListingKind.PERPETUAL, ListingKind.FUTURE}]
        chains: dict[tuple[str, str, int], list[Listing]] = defaultdict(list)
        for row in rows:
            if row.kind is ListingKind.OPTION:
                chains[row.underlying, row.settlement_currency, row.expiration_ns].append(row)
        nearest: dict[tuple[str, str], int] = defaultdict(int)
        for underlying, currency, expiry in sorted(chains, key=lambda key: key[2]):
            nearest[underlying, currency] += 1
            if nearest[underlying, currency] <= 2:
                chain = chains[underlying, currency, expiry]
                spot = self._server.exchange.market.index(chain[0].index_name)
                chain.sort(key=lambda row: abs((row.strike or 0.0) - spot))
                chosen += chain[:4] + chain[-1:]  # at the money, and one far away
        return chosen

    # --- what we and the account say of it --------------------------------------------------------------

    async def _look(self) -> None:
        session, book = self._session, self._book
        odd = book.take_positions(ACCOUNT, await session.run(session.positions), self.now)
        self._found.gaps.update(odd)
        book.take_balances(ACCOUNT, await session.run(session.balances), self.now)
        await self._pushed(book.board.names_at(DERIBIT))
        snapshot = book.snapshot(self.now)
        whole = assess(snapshot, self._rules)
        found = self._found
        found.samples += 1
        found.gaps.update(gap.detail for gap in whole.gaps)
        twin, allowed = self._third_opinion(snapshot)
        expiring = _averaged(snapshot)
        for group, ours, venue in _totals(whole, snapshot):
            look = Look(self.now, group, ours, venue, twin[group], allowed[group].total, expiring)
            found.looks.append(look)
        found.verdicts.update(proof.verdict.name for proof in whole.proofs if proof.venue is not None)
        found.black = max(found.black, _black_off(whole, snapshot))
        found.projected = max(found.projected, self._projected_off(whole))
        found.settled = tuple(sorted(self._server.exchange.market.expired.keys() & found.instruments))

    async def _pushed(self, names: Iterable[str]) -> None:
        """Wait until every ticker of this instant has come over the websocket."""
        wanted = sorted(names)
        self._stream.add_tickers(wanted)
        await self._heard("a ticker", lambda: not any(self._old(name) for name in wanted))

    def _old(self, name: str) -> bool:
        quote = self._book.board.quotes.get(f"{DERIBIT}:{name}")
        return quote is None or quote.venue_at != self.now

    def _third_opinion(self, snapshot: Snapshot) -> tuple[Mapping[Group, float], Mapping[Group, Rounding]]:
        """The same sums by the scalar twin, and what rounding on the wire may have done to them."""
        sums: dict[Group, float] = defaultdict(float)
        allowed: dict[Group, Rounding] = defaultdict(Rounding)
        for position in snapshot.positions:
            quote = snapshot.quotes[position.instrument.key]
            group = (position.instrument.settlement_currency, position.instrument.underlying)
            sums[group] += net_delta(position, quote, self.now)
            allowed[group] += rounding(position, quote, self.now)
        return sums, allowed

    def _projected_off(self, whole: Assessment) -> float:
        """Our delta after the next expiry, beside the account's own for all that stays."""
        exchange = self._server.exchange
        account = exchange.accounts[DEMO_ACCOUNT]
        worst = 0.0
        for coin, exposure in whole.exposures.items():
            if exposure.delta_after_expiry is None:
                continue
            theirs = exchange.summary(account, coin).projected_delta_total
            dated = [p for p in account.held() if p.listing.underlying == coin and not p.is_perpetual]
            closest = min((p.listing.expiration_ns for p in dated), default=0)
            for position in account.held("USDC"):
                stays = position.is_perpetual or position.listing.expiration_ns > closest
                if position.listing.underlying == coin and stays:
                    mark = exchange.mark(position.listing.name)
                    theirs += value_position(position, mark, exchange.rules.margin).delta
            worst = max(worst, abs(exposure.delta_after_expiry - theirs))
        return worst


def _totals(whole: Assessment, snapshot: Snapshot) -> Iterable[tuple[Group, float, float]]:
    """Our net sum and the venue's total per margin currency and underlying."""
    ours: dict[Group, float] = defaultdict(float)
    for row in whole.positions:
        if row.instrument.kind is not Kind.SPOT:
            ours[row.instrument.settlement_currency, row.instrument.underlying] += row.delta_net
    for balance in snapshot.balances:
        for underlying, total in balance.delta_total:
            group = (balance.currency, underlying)
            if group in ours or total:
                yield group, ours.get(group, 0.0), total


def _black_off(whole: Assessment, snapshot: Snapshot) -> float:
    """Largest difference of one position's Black delta from what the venue says of that position."""
    stated = {position.instrument.key: position.venue_delta for position in snapshot.positions}
    off = (abs(row.delta_black - (stated[row.instrument.key] or 0.0)) for row in whole.positions)
    return max(off, default=0.0)


def _averaged(snapshot: Snapshot) -> bool:
    half_hour = timedelta(minutes=30)
    expiries = (position.instrument.expiry for position in snapshot.positions)
    return any(expiry is not None and expiry - snapshot.at < half_hour for expiry in expiries)


def rules() -> Rules:
    """Both coins, hedged with the inverse perpetual, keeping coins."""
    band = Band(lower=-5.0, centre=0.0, upper=5.0, target=HedgeTarget.EDGE)
    return Rules(
        underlyings=tuple(
            UnderlyingRules(
                underlying=coin,
                account=ACCOUNT,
                venue=DERIBIT,
                hedge_instrument=f"{coin}-PERPETUAL",
                numeraire=Numeraire(0.0),
                band=band,
                limits=(),
                max_order_coin=5.0,
            )
            for coin in COINS
        ),
        ages=AgeRules(),
    )


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000


@asynccontextmanager
async def driven(plan: Plan) -> AsyncIterator[Hour]:
    """An exchange that stands still at the beginning of the plan, and our side of it."""
    many = Rate(1e6, 1e6)
    server = PaperServer(
        PaperOptions(
            seed=plan.seed,
            speed=0.0,
            step_seconds=plan.step_seconds,
            start=OPENED,
            limits=RateLimits(many, many),
        )
    )
    server.exchange.transfer(server.exchange.accounts[DEMO_ACCOUNT], "USDC", 1e6)
    await server.advance(_ns(plan.begin))
    await server.start()
    key = next(each for each in server.keys.keys if each.name == "trader")
    address = AccountAddress(
        name=ACCOUNT,
        venue=DERIBIT,
        mode=VenueMode.PAPER,
        key=key.key,
        secret=key.secret,
        rest=f"http://127.0.0.1:{server.port}",
        ws=f"ws://127.0.0.1:{server.port}/ws/api/v2",
    )
    hour: list[Hour] = []
    session = AccountSession(address, lambda: hour[0].now, Pacing.UNPACED, timeout_seconds=30.0)
    hour.append(Hour(plan, server, session))
    try:
        yield hour[0]
    finally:
        session.close()
        await server.stop()


async def drive(plan: Plan) -> Found:
    """Run a plan from beginning to end."""
    async with driven(plan) as hour:
        return await hour.run()


def report(plan: Plan, found: Found, seconds: float) -> dict[str, object]:
    """What the JSON line says; differences in coin."""
    worst = max(found.looks, key=lambda look: look.share)
    largest = max(found.looks, key=lambda look: look.off)
    return {
        "bench": "delta proof",
        "simulated_minutes": plan.seconds / 60,
        "samples": found.samples,
        "comparisons": len(found.looks),
        "in_the_averaging_half_hour": sum(look.averaging for look in found.looks),
        "trades": found.trades,
        "refused": found.refused,
        "instruments": len(found.instruments),
        "settled": len(found.settled),
        "shocks": found.shocks,
        "gaps": sorted(found.gaps),
        "verdicts": sorted(found.verdicts),
        "beyond_tolerance": sum(look.share > 1.0 for look in found.looks),
        "max_off_coin": largest.off,
        "its_tolerance_coin": largest.tolerance,
        "its_group": "/".join(largest.group),
        "its_delta_coin": largest.venue,
        "worst_share_of_tolerance": round(worst.share, 4),
        "worst_at": worst.at.isoformat(),
        "worst_group": "/".join(worst.group),
        "worst_ours": worst.ours,
        "worst_venue": worst.venue,
        "worst_tolerance_coin": worst.tolerance,
        "twin_max_off_coin": max(abs(look.twin - look.venue) for look in found.looks),
        "position_black_max_off_coin": found.black,
        "projected_max_off_coin": found.projected,
        "tolerance": "rounding on the wire: mark_iv 0.01 points, underlying_price 1e-4 USD, mark_price 0.01 "
        "USD, delta_total 1e-8 coin, each by half a step",
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run the hour and print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--every", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    plan = Plan(seconds=given.minutes * 60, every=given.every, seed=given.seed)
    began = monotonic_ns()
    found = asyncio.run(drive(plan))
    print(json.dumps(report(plan, found, (monotonic_ns() - began) / 1e9)))


if __name__ == "__main__":
    main()
