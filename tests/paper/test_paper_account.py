"""Accounts: P&L identities, fees, margin against the published cases, funds, summaries."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.paper.account import Account, Execution, execute, profit, trading_fee
from hedging.paper.listing import ListingKind, OptionType, listings
from hedging.paper.margin import MarginParameters, Pricing, position_margin
from hedging.paper.orders import TimeInForce
from hedging.paper.refusal import Code, Refused
from hedging.units import Side

LISTED = {row.name: row for row in listings(1_795_348_800 * 10**9, {"BTC": 100_000.0, "ETH": 4_000.0})}
VECTORS = Path(__file__).parents[2] / ".." / "shared" / "vectors"
OPTION = next(row for row in LISTED.values() if row.kind is ListingKind.OPTION and row.inverse)
trades = st.lists(
    st.tuples(
        st.sampled_from(list(Side)), st.integers(1, 50), st.floats(90_000, 110_000), st.floats(0, 1e-4)
    ),
    min_size=1,
    max_size=12,
)


def run(listing, fills):
    account = Account("desk")
    account.wallet(listing.settlement_currency).balance = 10.0
    for side, lots, price, fee in fills:
        amount = lots * Decimal(repr(listing.min_trade_amount))
        execute(account, Execution(listing, side, amount, price, fee))
    return account


@settings(max_examples=150, derandomize=True, deadline=None)
@given(trades, st.floats(80_000, 120_000))
@pytest.mark.parametrize("name", ["BTC-PERPETUAL", "BTC_USDC-PERPETUAL"])
def test_equity_moves_by_the_sum_of_every_trade_marked_to_the_end(name, fills, mark):
    listing = LISTED[name]
    account = run(listing, fills)
    wallet, position = account.wallets[listing.settlement_currency], account.positions[name]
    equity = wallet.balance + wallet.futures_session_realised
    if position.size:
        equity += position.session_profit(mark)
    lot = listing.min_trade_amount
    expected = 10.0 + sum(
        profit(listing, side * lots * lot, price, mark) - fee for side, lots, price, fee in fills
    )
    turnover = sum(lots * lot * (1 if listing.inverse else price) for _, lots, price, _ in fills)
    assert equity == pytest.approx(expected, abs=1e-12 * max(10.0, turnover))
    assert position.size == sum(side * lots for side, lots, _, _ in fills) * Decimal(repr(lot))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(trades.map(lambda rows: [(s, n, p / 1e6, f) for s, n, p, f in rows]), st.floats(0.01, 0.2))
def test_an_option_moves_its_premium_at_once_and_is_marked_beside_the_balance(fills, mark):
    account = run(OPTION, fills)
    wallet, position = account.wallets["BTC"], account.positions[OPTION.name]
    lot = OPTION.min_trade_amount
    cash = -sum(side * lots * lot * price + fee for side, lots, price, fee in fills)
    assert wallet.balance == pytest.approx(10.0 + cash, abs=1e-12)
    equity = wallet.balance + float(position.size) * mark
    expected = 10.0 + sum(s * n * lot * (mark - p) - f for s, n, p, f in fills)
    assert equity == pytest.approx(expected, abs=1e-11)


def test_an_inverse_position_gains_what_the_textbook_says():
    account = run(LISTED["BTC-PERPETUAL"], [(Side.BUY, 10_000, 100_000.0, 0.0)])
    position = account.positions["BTC-PERPETUAL"]
    assert position.total_profit(110_000.0) == pytest.approx(100_000 * (1 / 100_000 - 1 / 110_000), rel=1e-12)
    assert position.coins(110_000.0) == pytest.approx(100_000 / 110_000, rel=1e-15)


def test_turning_a_position_starts_a_new_entry():
    perpetual = LISTED["BTC-PERPETUAL"]
    account = run(perpetual, [(Side.BUY, 10, 100_000.0, 0.0), (Side.SELL, 30, 101_000.0, 0.0)])
    position = account.positions["BTC-PERPETUAL"]
    assert (position.size, position.average_price) == (-200, 101_000.0)
    realised = 100 * (1 / 100_000 - 1 / 101_000)
    assert account.wallets["BTC"].futures_session_realised == pytest.approx(realised, rel=1e-12)


def test_fees_are_relative_and_capped_for_options():
    perpetual = LISTED["BTC-PERPETUAL"]
    fee = trading_fee(perpetual, Decimal(100_000), 100_000.0, 100_000.0, maker=False)
    assert fee == pytest.approx(0.0005, rel=1e-12)
    assert trading_fee(OPTION, Decimal(1), 0.05, 1e5, maker=False) == pytest.approx(0.0003)
    assert trading_fee(OPTION, Decimal(1), 0.0008, 1e5, maker=False) == pytest.approx(0.0001)


def test_spot_moves_two_wallets(desk):
    desk.market.set_book("BTC_USDC", [(99_999.0, 1.0)], [(100_000.0, 1.0)])
    desk.order(Side.BUY, 0.5, 100_000.0, instrument="BTC_USDC")
    assert desk.account.wallets["BTC"].balance == pytest.approx(10.5)
    assert desk.account.wallets["USDC"].balance == pytest.approx(50_000.0)
    with pytest.raises(Refused) as info:
        desk.order(Side.SELL, 11, 100_000.0, instrument="BTC_USDC")
    assert info.value.code is Code.NOT_ENOUGH_FUNDS


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder shared/vectors is not here")
def test_margin_of_short_options_is_the_published_one():
    cases = json.loads((VECTORS / "margin_cases.json").read_text())["sm_option_cases"]
    assert len(cases) > 20
    parameters = MarginParameters()
    for case in cases:
        kind = OptionType.CALL if case["cp"] == "c" else OptionType.PUT
        listing = next(
            row
            for row in LISTED.values()
            if row.inverse and row.option_type is kind and row.underlying == "BTC"
        )
        listing = type(listing)(
            **{
                **{name: getattr(listing, name) for name in listing.__dataclass_fields__},
                "strike": case["strike"],
            }
        )
        pricing = Pricing(case["mark_coin"], case["underlying"], case["underlying"])
        figure = position_margin(listing, -1.0, pricing, parameters)
        assert figure.initial == pytest.approx(case["im_coin_short"], rel=1e-12), case
        assert figure.maintenance == pytest.approx(case["mm_coin_short"], rel=1e-12), case
        assert position_margin(listing, 1.0, pricing, parameters).initial == 0.0


@pytest.mark.parametrize(
    ("size", "initial", "maintenance"), [(25, 53_125.0, 28_125.0), (350, 1_312_500.0, None)]
)
def test_margin_of_linear_futures_is_the_documented_one(size, initial, maintenance):
    pricing = Pricing(100_000.0, 100_000.0, 100_000.0)
    figure = position_margin(LISTED["BTC_USDC-PERPETUAL"], -size, pricing, MarginParameters())
    assert figure.initial == pytest.approx(initial, rel=1e-12)
    if maintenance is not None:
        assert figure.maintenance == pytest.approx(maintenance, rel=1e-12)


def test_an_order_needs_funds_and_open_orders_bind_them(desk):
    with pytest.raises(Refused) as info:
        desk.order(Side.BUY, 30_000_000, 99_000.0)
    assert info.value.code is Code.NOT_ENOUGH_FUNDS
    before = desk.exchange.summary(desk.account, "BTC")
    desk.order(Side.BUY, 1_000_000, 99_000.0)
    after = desk.exchange.summary(desk.account, "BTC")
    bound = (0.02 + 10 * 0.00005) * 10
    assert before.available_funds - after.available_funds == pytest.approx(bound, rel=1e-9)
    with pytest.raises(Refused):
        desk.order(Side.BUY, 30_000_000 - 1_000_000, 99_000.0)


def test_buying_an_option_needs_its_premium_and_selling_its_margin(desk):
    name = OPTION.name
    with pytest.raises(Refused):
        desk.order(Side.BUY, 201, 0.05, instrument=name)
    assert desk.order(Side.BUY, 100, 0.05, instrument=name).order.state.value == "open"
    with pytest.raises(Refused):
        desk.order(Side.SELL, 80, 0.06, instrument=name)


def test_reducing_is_allowed_without_funds(desk):
    desk.order(Side.BUY, 3000, 100_000.5, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    desk.account.wallets["BTC"].balance = 0.0
    with pytest.raises(Refused):
        desk.order(Side.BUY, 10, 100_001.0)
    assert desk.order(Side.SELL, 1000, 99_999.5).order.filled == 1000


def test_the_delta_of_a_summary_leaves_out_equity_and_takes_off_the_premium(desk):
    name = OPTION.name
    mark = desk.market.mark(name)
    desk.exchange.open_position(desk.account, Execution(OPTION, Side.SELL, Decimal(4), 0.05))
    perpetual = desk.market.listings["BTC-PERPETUAL"]
    desk.exchange.open_position(desk.account, Execution(perpetual, Side.BUY, Decimal(150_000), 100_000.0))
    summary = desk.exchange.summary(desk.account, "BTC")
    assert summary.delta_total == pytest.approx(-4 * (mark.delta - mark.mark_price) + 1.5, rel=1e-12)
    assert summary.maps.delta["btc_usd"] == pytest.approx(-4 * mark.delta + 1.5, rel=1e-12)
    difference = summary.maps.delta["btc_usd"] - summary.delta_total
    assert difference == pytest.approx(summary.options_value, rel=1e-12)
