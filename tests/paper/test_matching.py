"""Price-time priority, conservation, limits, refill: the book alone."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.paper.matching import Level, OrderBook, Print, Take
from hedging.paper.orders import Order, OrderRequest
from hedging.units import Side

D = Decimal
SECOND = 1_000_000_000


def resting(number: int, side: Side, price: str, amount: str) -> Order:
    request = OrderRequest("X", side, D(amount), price=D(price))
    return Order(str(number), "someone", request, D(price), D(amount), number, 0, 0)


def book_with(*orders: Order) -> OrderBook:
    book = OrderBook(D("10"))
    for order in orders:
        book.rest(order, [], 0)
    return book


def test_a_taker_eats_levels_one_by_one_from_the_best():
    book = OrderBook(D("10"))
    asks = [Level(D("101"), D("50")), Level(D("102"), D("30")), Level(D("103"), D("100"))]
    matches = book.take(Take(Side.BUY, D("90"), D("103")), asks, 0)
    assert [(match.price, match.amount) for match in matches] == [
        (D("101"), D("50")),
        (D("102"), D("30")),
        (D("103"), D("10")),
    ]


def test_a_taker_never_trades_beyond_its_limit():
    asks = [Level(D("101"), D("50")), Level(D("102"), D("30"))]
    matches = OrderBook(D("10")).take(Take(Side.BUY, D("90"), D("101")), asks, 0)
    assert sum(match.amount for match in matches) == 50


def test_the_older_of_two_orders_at_one_price_fills_first():
    first, second = resting(1, Side.SELL, "101", "20"), resting(2, Side.SELL, "101", "20")
    matches = book_with(second, first).take(Take(Side.BUY, D("30"), D("101")), [], 0)
    assert [(match.maker, match.amount) for match in matches] == [(first, D("20")), (second, D("10"))]


def test_the_better_price_fills_before_the_older_order():
    old, better = resting(1, Side.BUY, "99", "20"), resting(2, Side.BUY, "100", "20")
    matches = book_with(old, better).take(Take(Side.SELL, D("40"), D("99")), [], 0)
    assert [match.maker for match in matches] == [better, old]


def test_depth_that_was_there_first_goes_first():
    order = resting(1, Side.SELL, "101", "20")
    depth = [Level(D("101"), D("50"))]
    book = OrderBook(D("10"))
    book.rest(order, depth, 0)
    matches = book.take(Take(Side.BUY, D("60"), D("101")), depth, 0)
    assert [(match.maker, match.amount) for match in matches] == [(None, D("50")), (order, D("10"))]


def test_eaten_depth_comes_back_over_the_refill_time():
    book = OrderBook(D("10"), refill_ns=2 * SECOND)
    asks = [Level(D("101"), D("100"))]
    book.take(Take(Side.BUY, D("100"), D("101")), asks, 0)
    shown = [
        sum((level.amount for level in book.depth(Side.SELL, asks, at)), D("0"))
        for at in (0, SECOND, 2 * SECOND)
    ]
    assert shown == [0, 50, 100]


def test_a_print_through_the_price_fills_and_a_print_at_the_price_waits_its_turn():
    order = resting(1, Side.BUY, "100", "30")
    book = OrderBook(D("10"))
    book.rest(order, [Level(D("100"), D("40"))], 0)
    at_price = Print(D("100"), D("50"), Side.SELL)
    assert [fill.amount for fill in book.met([], [], [at_price], 0)] == [10]
    order.filled += 10
    through = Print(D("99"), D("500"), Side.SELL)
    assert [fill.amount for fill in book.met([], [], [through], 0)] == [20]


def test_depth_that_moves_through_a_resting_order_fills_it_once():
    order = resting(1, Side.BUY, "100", "30")
    book = book_with(order)
    asks = [Level(D("99"), D("20"))]
    assert [fill.amount for fill in book.met([], asks, [], 0)] == [20]
    order.filled += 20
    assert book.met([], asks, [], 0) == []


def test_shown_depth_never_crosses_a_resting_order():
    book = book_with(resting(1, Side.BUY, "100", "30"))
    asks = [Level(D("99"), D("20")), Level(D("101"), D("20"))]
    assert [level.price for level in book.depth(Side.SELL, asks, 0)] == [D("101")]


lots = st.integers(min_value=1, max_value=40).map(lambda lot: D(10 * lot))
prices = st.integers(min_value=95, max_value=105).map(D)
depth = st.dictionaries(prices, lots, max_size=8)
orders = st.lists(st.tuples(prices, lots), max_size=6)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(depth, orders, lots, prices, st.sampled_from(list(Side)))
def test_fills_are_conserved_ordered_and_within_the_limit(levels, makers, amount, limit, side):
    opposite = side.opposite
    book = book_with(*[resting(n, opposite, str(p), str(a)) for n, (p, a) in enumerate(makers)])
    simulated = [Level(price, levels[price]) for price in sorted(levels, key=lambda p: side * p)]
    take = Take(side, amount, limit)
    shown = book.depth(opposite, simulated, 0)
    expected = book.fillable(take, simulated, 0)
    matches = book.take(take, simulated, 0)
    total = sum((match.amount for match in matches), D("0"))
    assert total == expected <= amount
    assert all(side * (match.price - limit) <= 0 and match.amount > 0 for match in matches)
    paid = [side * match.price for match in matches]
    assert paid == sorted(paid)
    for match in matches:
        if match.maker is not None:
            assert match.price == match.maker.price
    by_price = {level.price: level.amount for level in shown}
    for price in {match.price for match in matches}:
        traded = sum(match.amount for match in matches if match.price == price)
        assert traded <= by_price[price]
        worse_traded = any(side * (match.price - price) > 0 for match in matches)
        if worse_traded:
            assert traded == by_price[price], "a worse price traded before this one was used up"


@settings(max_examples=100, derandomize=True, deadline=None)
@given(orders, st.lists(st.tuples(prices, lots, st.sampled_from(list(Side))), max_size=6))
def test_prints_fill_no_more_than_they_are_and_keep_priority(makers, tape):
    rows = [resting(n, Side.BUY, str(p), str(a)) for n, (p, a) in enumerate(makers)]
    book = book_with(*rows)
    fills = book.met([], [], [Print(p, a, s) for p, a, s in tape], 0)
    given_to = {id(row): sum((f.amount for f in fills if f.order is row), D("0")) for row in rows}
    assert sum(given_to.values()) <= sum((a for _, a, s in tape if s is Side.SELL), D("0"))
    assert all(given_to[id(row)] <= row.amount for row in rows)
    for better in rows:
        for worse in rows:
            ahead = (-better.price, better.sequence) < (-worse.price, worse.sequence)
            if ahead and given_to[id(worse)] > 0:
                assert given_to[id(better)] == better.amount
