"""Books and prints: on the grid, never crossed, deep enough, thinner in stress, the same for everybody."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.paper.liquidity import BookMaker, Fair
from hedging.paper.listing import Listing, ListingKind, listings
from hedging.paper.market import Market, SyntheticBook
from hedging.paper.market_ticks import TickLadder
from hedging.paper.process import MINUTE_NS, SECOND_NS
from hedging.units import Side

START_NS = 1_795_361_400 * SECOND_NS + 50_000_000
ROWS = {row.name: row for row in listings(START_NS, {"BTC": 103_400.0, "ETH": 3_420.0})}


@pytest.fixture
def market() -> Market:
    market = Market(7, START_NS)
    market.advance(START_NS + 10 * SECOND_NS)
    return market


def check(book: SyntheticBook, row: Listing) -> None:
    ladder = TickLadder.of(row)
    bids, asks = [level.price for level in book.bids], [level.price for level in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    if bids and asks:
        assert bids[0] < asks[0], row.name
    for level in (*book.bids, *book.asks):
        assert level.price > 0
        assert ladder.holds(level.price), (row.name, level)
        lots = level.amount / row.min_trade_amount
        assert lots == pytest.approx(round(lots), abs=1e-6), (row.name, level)
        assert lots >= 1 - 1e-9


def spread(book: SyntheticBook) -> float:
    return book.asks[0].price - book.bids[0].price


def near_the_money(row: Listing, price: float) -> bool:
    return row.strike is not None and abs(row.strike / price - 1.0) < 0.03


def test_every_book_is_on_its_grid_and_deep_enough(market: Market) -> None:
    spots = {coin: market.index(f"{coin.lower()}_usd") for coin in ("BTC", "ETH")}
    for name, row in market.listings.items():
        book = market.book(name)
        check(book, row)
        assert len(book.asks) >= 20, name
        if row.kind is not ListingKind.OPTION or near_the_money(row, spots[row.underlying]):
            assert len(book.bids) >= 20, name
        mark = market.mark(name).mark_price
        assert not book.bids or book.bids[0].price < mark * 1.002
        assert book.asks[0].price > mark * 0.998


def test_prices_are_written_as_decimals(market: Market) -> None:
    for name in ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC", "ETH-25DEC26"):
        for level in market.book(name).bids:
            assert len(repr(level.price)) <= 9, level
            assert len(repr(level.amount)) <= 9, level


def test_spreads_are_realistic_when_calm(market: Market) -> None:
    assert market.stress("BTC") == 0.0
    assert 0.5 <= spread(market.book("BTC-PERPETUAL")) <= 1.0
    assert 0.05 <= spread(market.book("ETH-PERPETUAL")) <= 0.1
    assert 5.0 <= spread(market.book("BTC-25DEC26")) < 20.0
    depth = sum(level.amount for level in market.book("BTC-PERPETUAL").asks)
    assert 1e6 < depth < 1e7  # USD within 25 levels
    for name in market.listings:
        if name.startswith("BTC-25DEC26-") and near_the_money(market.listings[name], 103_400.0):
            assert spread(market.book(name)) <= 0.0035  # coin


def test_stress_widens_and_thins(market: Market) -> None:
    names = [
        "BTC-PERPETUAL",
        "BTC_USDC-PERPETUAL",
        "BTC-25DEC26",
        *[name for name in market.listings if name.startswith("BTC-25DEC26-1")][:6],
    ]
    calm = {name: market.book(name) for name in names}
    market.price_shock("BTC", -0.08)
    for name in names:
        book = market.book(name)
        check(book, market.listings[name])
        assert spread(book) > spread(calm[name]), name
        assert sum(level.amount for level in book.asks) < 0.5 * sum(level.amount for level in calm[name].asks)
        reach = book.asks[19].price - book.asks[0].price
        assert reach > calm[name].asks[19].price - calm[name].asks[0].price, name


def test_a_book_stands_until_its_refresh_and_then_changes(market: Market) -> None:
    first = market.book("BTC-PERPETUAL")
    sequences, books = [], []
    for _ in range(100):
        market.advance(market.now_ns + 10_000_000)
        books.append(market.book("BTC-PERPETUAL"))
        sequences.append(books[-1].sequence)
    assert sorted(sequences) == sequences
    assert len(set(sequences)) == 5 + (sequences[0] == first.sequence)  # 1 s of 200 ms refreshes
    for one, other in pairwise(books):
        assert (one.sequence == other.sequence) == (one == other)


def test_consecutive_books_share_most_levels(market: Market) -> None:
    shared = []
    for _ in range(40):
        before = set(market.book("BTC-PERPETUAL").bids[:20])
        market.advance(market.now_ns + 200_000_000)
        shared.append(len(before & set(market.book("BTC-PERPETUAL").bids[:20])))
    assert 1 <= np.median(shared) < 20


def test_a_shock_renews_the_book_at_the_same_instant(market: Market) -> None:
    before = market.book("ETH-PERPETUAL")
    btc = market.book("BTC-PERPETUAL")
    market.price_shock("ETH", 0.01)
    after = market.book("ETH-PERPETUAL")
    assert after.sequence > before.sequence
    market.vol_shock("ETH", 0.01)
    assert market.book("ETH-PERPETUAL").sequence > after.sequence
    assert after.bids[0].price > before.asks[0].price
    assert market.book("BTC-PERPETUAL").bids == btc.bids
    assert "ETH-PERPETUAL" in market.changed(market.now_ns)
    assert "BTC-PERPETUAL" not in market.changed(market.now_ns)


def test_books_do_not_depend_on_who_asked_before() -> None:
    one, other = Market(3, START_NS), Market(3, START_NS)
    names = [name for number, name in enumerate(one.listings) if number % 40 == 0]
    one.advance(START_NS + 5 * SECOND_NS)
    for step in range(50):
        other.advance(START_NS + (step + 1) * SECOND_NS // 10)
        other.book(names[step % len(names)])
    assert [one.book(name) for name in names] == [other.book(name) for name in reversed(names)][::-1]


def test_changed_names_are_those_whose_book_is_new(market: Market) -> None:
    before = {name: market.book(name).sequence for name in market.listings}
    since = market.now_ns
    market.advance(since + 300_000_000)
    changed = market.changed(since)
    assert changed == {name for name in before if market.book(name).sequence != before[name]}
    assert {"BTC-PERPETUAL", "ETH-PERPETUAL"} <= changed
    assert len(changed) < len(before) / 2
    assert market.changed(market.now_ns) == set()


def test_prints_are_at_the_touch_and_reproducible(market: Market) -> None:
    market.advance(market.now_ns + 30 * SECOND_NS)
    since = market.now_ns - 20 * SECOND_NS
    found = market.prints(since)
    assert len(found) > 20
    assert {one.side for one in found} == {Side.BUY, Side.SELL}
    assert [one.time_ns for one in found] == sorted(one.time_ns for one in found)
    assert all(since < one.time_ns <= market.now_ns for one in found)
    split = found[9].time_ns  # belongs to what is over by then
    twin = Market(7, START_NS)
    twin.advance(split)
    early = twin.prints(since)
    assert early == found[:10]
    twin.advance(market.now_ns)
    assert early + twin.prints(split) == found
    for one in found:
        row = market.listings[one.name]
        assert TickLadder.of(row).holds(one.price)
        lots = one.amount / row.min_trade_amount
        assert lots == pytest.approx(round(lots), abs=1e-6)
        assert lots >= 1 - 1e-9


def test_prints_reach_back_a_minute_at_most(market: Market) -> None:
    market.advance(market.now_ns + 10 * MINUTE_NS)
    assert min(one.time_ns for one in market.prints(START_NS)) > market.now_ns - MINUTE_NS


def test_no_book_for_what_is_not_listed(market: Market) -> None:
    with pytest.raises(BadInput):
        market.book("BTC-PERP")


SAMPLE = [
    "BTC-PERPETUAL",
    "ETH_USDC-PERPETUAL",
    "BTC_USDC",
    "ETH-25JUN27",
    "BTC-4DEC26-100000-C",
    next(name for name in ROWS if name.startswith("BTC_USDC-") and name.endswith("-P")),
]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.sampled_from(SAMPLE), st.floats(1e-6, 3.0), st.floats(0.0, 1.0), st.integers(0, 10**6))
def test_any_price_and_stress_makes_a_sound_book(name: str, level: float, stress: float, tick: int) -> None:
    row = ROWS[name]
    price = level * (1.0 if row.kind is ListingKind.OPTION and row.inverse else 100_000.0)
    maker = BookMaker(row, stream=12345)
    book = maker.book(Fair(price, vega=0.1 * price, stress=stress), START_NS + tick * 10**8, sequence=1)
    check(book, row)
    assert len(book.asks) >= 20
    assert book.asks[0].price >= price * (1 - 1e-6)
    if book.bids:
        assert book.bids[0].price <= price * (1 + 1e-6)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.sampled_from(SAMPLE), st.integers(0, 200_000))
def test_ladder_rungs_and_prices_are_inverse(name: str, rung: int) -> None:
    ladder = TickLadder.of(ROWS[name])
    here, above = ladder.prices(np.array([rung, rung + 1])).tolist()
    assert ladder.floor(here) == ladder.ceil(here) == rung
    assert ladder.floor((here + above) / 2) == rung
    assert ladder.ceil((here + above) / 2) == rung + 1
    assert above - here == pytest.approx(ladder.tick(here), rel=1e-6)
    assert not ladder.holds(here + 0.4 * ladder.tick(here))
