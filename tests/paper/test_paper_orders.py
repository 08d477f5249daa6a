"""Orders of every kind against a market that stands still."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.paper.market_nouns import Print
from hedging.paper.orders import Liquidity, OrderState, OrderType, PostOnly, TimeInForce
from hedging.paper.refusal import Code, Refused
from hedging.units import Side

D = Decimal
PERPETUAL = "BTC-PERPETUAL"
IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL


def refused(code: Code):
    class Expect:
        def __enter__(self):
            self.context = pytest.raises(Refused)
            self.info = self.context.__enter__()

        def __exit__(self, *exc):
            handled = self.context.__exit__(*exc)
            assert self.info.value.code is code, f"{self.info.value}"
            return handled

    return Expect()


def test_a_limit_order_that_crosses_gives_one_trade_a_level(desk):
    placed = desk.order(Side.BUY, 2500, 100_000.5, label="a")
    assert [(fill.price, fill.amount) for fill in placed.fills] == [(100_000.0, 1000.0), (100_000.5, 1500.0)]
    assert placed.order.state is OrderState.FILLED
    assert placed.order.average_price == pytest.approx(
        2500 / (1000 / 100_000.0 + 1500 / 100_000.5), rel=1e-14
    )


def test_what_a_limit_order_cannot_get_rests(desk):
    placed = desk.order(Side.BUY, 4000, 100_000.5)
    assert (placed.order.filled, placed.order.remaining, placed.order.state) == (3000, 1000, OrderState.OPEN)
    bids, _ = desk.exchange.depth(PERPETUAL)
    assert (bids[0].price, bids[0].amount) == (D("100000.5"), 1000)


def test_immediate_or_cancel_leaves_nothing(desk):
    placed = desk.order(Side.BUY, 4000, 100_000.5, time_in_force=IOC)
    assert (placed.order.filled, placed.order.state) == (3000, OrderState.CANCELLED)
    assert not desk.account.open_orders


def test_fill_or_kill_is_all_or_nothing(desk):
    assert desk.order(Side.BUY, 4000, 100_000.5, time_in_force=FOK).fills == ()
    assert desk.order(Side.BUY, 3000, 100_000.5, time_in_force=FOK).order.state is OrderState.FILLED


def test_a_market_order_has_a_worst_price(desk):
    desk.market.set_book(PERPETUAL, [], [(100_000.0, 1000.0), (106_000.0, 1000.0)])
    placed = desk.order(Side.BUY, 2000, type=OrderType.MARKET)
    assert (placed.order.filled, placed.order.state) == (1000, OrderState.CANCELLED)


def test_post_only_is_repriced_or_refused(desk):
    placed = desk.order(Side.BUY, 100, 100_001.0, post_only=PostOnly.REPRICE)
    assert (placed.order.price, placed.fills) == (D("99999.5"), ())
    with refused(Code.POST_ONLY_REJECT):
        desk.order(Side.BUY, 100, 100_000.0, post_only=PostOnly.REJECT)
    assert desk.order(Side.SELL, 100, 100_000.5, post_only=PostOnly.REJECT).order.price == D("100000.5")


def test_reduce_only_never_opens_and_shrinks_with_the_position(desk):
    with refused(Code.OTHER_REJECT):
        desk.order(Side.SELL, 100, 100_010.0, reduce_only=True)
    desk.order(Side.BUY, 500, 100_000.0)
    resting = desk.order(Side.SELL, 800, 100_010.0, reduce_only=True).order
    assert resting.amount == 500
    desk.order(Side.SELL, 300, 99_999.5, time_in_force=IOC)
    assert (resting.remaining, resting.state) == (200, OrderState.OPEN)
    desk.order(Side.SELL, 200, 99_999.5, time_in_force=IOC)
    assert (resting.state, resting.cancel_reason) == (OrderState.CANCELLED, "reduce_only")


def test_two_reduce_only_orders_met_at_once_stop_at_flat(desk):
    desk.order(Side.BUY, 150, 100_000.0)
    first = desk.order(Side.SELL, 100, 100_010.0, reduce_only=True).order
    second = desk.order(Side.SELL, 100, 100_010.5, reduce_only=True).order
    desk.market.tape = [Print(PERPETUAL, 0, 100_020.0, 5000.0, Side.BUY)]
    desk.later(1)
    assert (first.filled, second.filled) == (100, 50)
    assert desk.account.positions[PERPETUAL].size == 0
    assert not desk.account.open_orders


def test_a_taker_gets_no_more_than_reduce_only_makers_may_give(desk):
    desk.order(Side.BUY, 150, 100_000.0, account=desk.rival)
    desk.market.set_book(PERPETUAL, [(99_990.0, 10_000.0)], [])
    for price in (100_010.0, 100_010.5):
        desk.order(Side.SELL, 100, price, reduce_only=True, account=desk.rival)
    placed = desk.order(Side.BUY, 200, 100_010.5, time_in_force=IOC)
    assert placed.order.filled == 150
    assert desk.rival.positions[PERPETUAL].size == 0


@pytest.mark.parametrize(
    ("amount", "price", "code"),
    [
        (5, 100_000.0, Code.QTY_TOO_LOW),
        (15, 100_000.0, Code.INVALID_PARAMS),
        (10, 100_000.3, Code.PRICE_WRONG_TICK),
        (10, -1.0, Code.INVALID_PRICE),
        (10, 106_000.0, Code.PRICE_TOO_HIGH),
    ],
)
def test_orders_off_the_grid_or_far_away_are_refused(desk, amount, price, code):
    with refused(code):
        desk.order(Side.BUY, amount, price)
    assert not desk.account.orders


def test_the_tick_of_an_option_grows_with_its_price(desk):
    name = next(name for name in desk.market.listings if name.startswith("BTC-") and name.endswith("-C"))
    assert desk.order(Side.BUY, 0.1, 0.0049, instrument=name).order.state is OrderState.OPEN
    with refused(Code.PRICE_WRONG_TICK):
        desk.order(Side.BUY, 0.1, 0.0102, instrument=name)


def test_unknown_instruments_late_requests_and_long_labels_are_refused(desk):
    with refused(Code.NOT_FOUND):
        desk.order(Side.BUY, 10, 100_000.0, instrument="BTC-1JAN99")
    with refused(Code.TIMED_OUT):
        desk.order(Side.BUY, 10, 100_000.0, valid_until_ms=1_000, real_ms=1_001)
    assert desk.order(Side.BUY, 10, 99_000.0, valid_until_ms=1_000, real_ms=1_000, label="x" * 64)
    with refused(Code.INVALID_PARAMS):
        desk.order(Side.BUY, 10, 99_000.0, label="x" * 65)


def test_an_order_does_not_trade_with_its_own_account(desk):
    desk.order(Side.SELL, 100, 99_999.5 + 0.5)
    with refused(Code.ORDER_OVERLAP):
        desk.order(Side.BUY, 5000, 100_000.0)


def test_accounts_trade_with_each_other_maker_and_taker(desk):
    desk.market.set_book(PERPETUAL, [], [])
    maker = desk.order(Side.SELL, 300, 100_000.0, account=desk.rival).order
    placed = desk.order(Side.BUY, 500, 100_000.0)
    assert (maker.state, placed.order.filled) == (OrderState.FILLED, 300)
    assert [fill.liquidity for fill in (*desk.rival.fills, *placed.fills)] == [
        Liquidity.MAKER,
        Liquidity.TAKER,
    ]
    assert desk.account.positions[PERPETUAL].size == -desk.rival.positions[PERPETUAL].size == 300
    taker_fee = 0.0005 * 300 / 100_000.0
    assert (desk.rival.fills[0].fee, placed.fills[0].fee) == (0.0, pytest.approx(taker_fee, rel=1e-12))


def test_edit_changes_price_loses_the_place_and_may_trade(desk):
    desk.market.set_book(PERPETUAL, [], [(100_000.0, 1000.0)])
    first = desk.order(Side.BUY, 100, 99_000.0).order
    second = desk.order(Side.BUY, 100, 99_000.0, account=desk.rival).order
    desk.exchange.edit(desk.account, first.order_id, None, D("99100"))
    desk.exchange.edit(desk.account, first.order_id, None, D("99000"))
    assert desk.exchange.order(desk.account, first.order_id).sequence > second.sequence
    placed = desk.exchange.edit(desk.account, first.order_id, D("200"), D("100000"))
    assert (placed.order.state, len(placed.fills), placed.order.replaced) == (OrderState.FILLED, 1, True)


def test_a_smaller_amount_keeps_the_place_and_a_refused_edit_changes_nothing(desk):
    order = desk.order(Side.BUY, 100, 99_000.0).order
    place = order.sequence
    desk.exchange.edit(desk.account, order.order_id, D("50"), None)
    assert (order.sequence, order.amount) == (place, 50)
    with refused(Code.NOT_ENOUGH_FUNDS):
        desk.exchange.edit(desk.account, order.order_id, D("900000000"), None)
    assert (order.amount, order.state) == (50, OrderState.OPEN)
    assert order.order_id in desk.account.open_orders


def test_cancel_is_final_and_only_for_the_owner(desk):
    order = desk.order(Side.BUY, 100, 99_000.0).order
    with refused(Code.NOT_OWNER_OF_ORDER):
        desk.exchange.cancel(desk.rival, order.order_id)
    desk.exchange.cancel(desk.account, order.order_id)
    with refused(Code.NOT_OPEN_ORDER):
        desk.exchange.cancel(desk.account, order.order_id)
    with refused(Code.ORDER_NOT_FOUND):
        desk.exchange.cancel(desk.account, "BTC-0")
    assert not desk.exchange.disturbed(PERPETUAL)


def test_a_resting_order_fills_when_the_market_trades_through_it(desk):
    order = desk.order(Side.BUY, 100, 99_500.0).order
    desk.market.tape = [Print(PERPETUAL, 0, 99_400.0, 60.0, Side.SELL)]
    desk.later(1)
    assert (order.filled, order.state) == (60, OrderState.OPEN)
    desk.market.set_book(PERPETUAL, [(99_300.0, 1000.0)], [(99_400.0, 1000.0)])
    desk.later(1)
    assert order.state is OrderState.FILLED
    assert [fill.price for fill in desk.account.fills] == [99_500.0, 99_500.0]


def test_only_a_share_fills_when_the_depth_is_not_really_there(desk):
    desk.conduct.share = D("0.4")
    resting = desk.order(Side.BUY, 1000, 100_000.0).order
    assert (resting.filled, resting.state) == (400, OrderState.OPEN)
    assert desk.order(Side.SELL, 1000, 99_999.5, time_in_force=IOC, account=desk.rival).order.filled == 400


def test_a_trade_by_hand_has_no_label_and_ignores_funds(desk):
    placed = desk.exchange.trade_by_hand(desk.account, PERPETUAL, Side.SELL, D("1000"))
    assert (placed.order.label, placed.order.filled) == ("", 1000)


steps = st.lists(
    st.tuples(
        st.sampled_from(["desk", "rival"]),
        st.sampled_from(list(Side)),
        st.integers(1, 60),
        st.integers(-6, 6),
        st.sampled_from([TimeInForce.GOOD_TIL_CANCELLED, IOC, FOK]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(steps)
def test_whatever_is_sent_positions_are_the_sum_of_fills_within_limits(new_desk, sequence):
    desk = new_desk()
    for who, side, lots, away, force in sequence:
        account = desk.account if who == "desk" else desk.rival
        price = 100_000.0 + away * 0.5
        try:
            placed = desk.order(side, 10 * lots, price, account=account, time_in_force=force)
        except Refused:
            continue
        assert all(side * (fill.price - price) <= 0 for fill in placed.fills)
        if force is FOK:
            assert placed.order.filled in (0, placed.order.amount)
        desk.later(0.2)
    for account in (desk.account, desk.rival):
        total = sum(fill.side * D(str(fill.amount)) for fill in account.fills)
        position = account.positions.get(PERPETUAL)
        assert (position.size if position else 0) == total
        for order in account.orders.values():
            filled = sum(D(str(f.amount)) for f in account.fills if f.order_id == order.order_id)
            assert filled == order.filled <= order.amount
            assert (order.order_id in account.open_orders) == (order.state is OrderState.OPEN)
