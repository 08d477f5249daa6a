"""08:00 UTC: session profit moves, options and futures are delivered; funding; the demo book."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedging.paper.account import Account, Execution, LogType
from hedging.paper.demo_account import DEMO_ACCOUNT, fund_demo_account
from hedging.paper.exchange import Exchange
from hedging.paper.listing import OptionType
from hedging.paper.market import Market
from hedging.paper.settlement import delivery_value, next_settlement_ns
from hedging.paper.valuation import summarise
from hedging.units import Side

SECOND = 1_000_000_000
BEFORE = 1_795_348_800 * SECOND - 4 * 3600 * SECOND - 1200 * SECOND  # 07:40 UTC


@pytest.fixture
def morning():
    exchange = Exchange(Market(7, BEFORE), [Account("desk")])
    account = exchange.accounts["desk"]
    exchange.transfer(account, "BTC", 10.0)
    exchange.transfer(account, "USDC", 100_000.0)
    return exchange, account


def opened(exchange, account, name, side, amount, price):
    listing = exchange.listing(name)
    exchange.open_position(account, Execution(listing, side, Decimal(str(amount)), price))
    return account.positions[name]


def test_session_profit_moves_into_the_balance_and_equity_does_not_jump(morning):
    exchange, account = morning
    mark = exchange.mark("BTC-PERPETUAL").mark_price
    position = opened(exchange, account, "BTC-PERPETUAL", Side.BUY, 100_000, round(mark * 0.98))
    boundary = next_settlement_ns(exchange.market.now_ns)
    exchange.advance(boundary - 50_000_000)
    before = exchange.summary(account, "BTC")
    assert before.balance == 10.0
    assert before.futures_session_upl > 0.01
    exchange.advance(boundary)
    after = exchange.summary(account, "BTC")
    assert after.futures_session_upl == 0.0
    assert after.balance == pytest.approx(after.equity, abs=1e-12)
    assert after.equity == pytest.approx(before.equity, abs=2e-4)
    assert position.average_price == round(mark * 0.98), "the entry outlives settlements"
    assert position.total_profit(mark) == pytest.approx(100_000 * (1 / position.average_price - 1 / mark))
    assert [line.type for line in account.log][-1] is LogType.SETTLEMENT
    assert position.settlement_price == exchange.settlement_prices["BTC-PERPETUAL"]


def test_expired_options_pay_their_payoff_at_the_average(morning):
    exchange, account = morning
    boundary = next_settlement_ns(exchange.market.now_ns)
    exchange.advance(boundary + SECOND)  # to a day whose expiry is listed
    nearest = min(
        (
            row
            for row in exchange.market.listings.values()
            if row.strike and row.inverse and row.underlying == "BTC"
        ),
        key=lambda row: (row.expiration_ns, row.strike),
    )
    assert nearest.expiration_ns == next_settlement_ns(exchange.market.now_ns)
    call = nearest.name.rsplit("-", 1)[0] + "-C"
    position = opened(exchange, account, call, Side.BUY, 2, 0.05)
    order = exchange.market.listings[call]
    balance = account.wallets["BTC"].balance
    exchange.advance(nearest.expiration_ns)
    price = exchange.market.delivery_prices("btc_usd")[0].price
    payoff = max(0.0, price - order.strike) / price
    assert payoff > 0.0
    assert account.wallets["BTC"].balance == pytest.approx(balance + 2 * payoff, rel=1e-12)
    assert call not in account.positions
    assert position.size == 2
    assert account.log[-1].type is LogType.DELIVERY


def test_the_delta_of_what_expires_decays_to_nothing(morning):
    exchange, account = morning
    exchange.advance(next_settlement_ns(exchange.market.now_ns) + SECOND)
    boundary = next_settlement_ns(exchange.market.now_ns)
    call = min(
        (
            row
            for row in exchange.market.listings.values()
            if row.expiration_ns == boundary and row.inverse and row.option_type is OptionType.CALL
        ),
        key=lambda row: (row.underlying, row.strike),
    ).name
    opened(exchange, account, call, Side.BUY, 10, 0.05)
    deltas = []
    for minutes in (31, 15, 3):
        exchange.advance(boundary - minutes * 60 * SECOND)
        deltas.append(exchange.summary(account, "BTC").options_delta)
    assert deltas[0] == pytest.approx(10.0, rel=1e-3)
    assert deltas[1] == pytest.approx(5.0, rel=2e-3)
    assert deltas[2] == pytest.approx(1.0, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "price", "value"),
    [("C", 110_000.0, 10_000.0 / 110_000.0), ("C", 90_000.0, 0.0), ("P", 80_000.0, 0.25)],
)
def test_delivery_values(desk, name, price, value):
    row = next(
        row
        for row in desk.market.listings.values()
        if row.inverse and row.strike == 100_000.0 and row.name.endswith(name)
    )
    assert delivery_value(row, price) == pytest.approx(value, rel=1e-15)
    assert delivery_value(desk.market.listings["BTC-PERPETUAL"], price) == price


def test_longs_pay_positive_funding(desk):
    perpetual = desk.market.listings["BTC-PERPETUAL"]
    desk.exchange.open_position(desk.account, Execution(perpetual, Side.BUY, Decimal(1_000_000), 100_000.0))
    desk.market.rate = 0.0001
    desk.later(1)
    summary = desk.exchange.summary(desk.account, "BTC")
    assert summary.session_funding == pytest.approx(-10 * 0.0001, rel=1e-12)
    assert summary.equity == pytest.approx(10.0 - 0.001, rel=1e-12)


def test_the_demo_book_lives_through_its_first_expiries():
    exchange = Exchange(Market(3, BEFORE, step_ns=5 * SECOND), [Account(DEMO_ACCOUNT)])
    fund_demo_account(exchange)
    account = exchange.accounts[DEMO_ACCOUNT]
    first = min(position.listing.expiration_ns for position in account.held())
    count = len(account.held())
    exchange.advance(first + SECOND)
    assert 0 < len(account.held()) < count
    for currency in ("BTC", "ETH", "USDC"):
        assert exchange.summary(account, currency).available_funds > 0.0


def test_the_premium_that_is_taken_off_decays_with_the_delta(desk):
    """Deribit, "Delta decay during settlement": delta 1.0, mark 0.3; after 15 minutes 0.5 - 0.15 = 0.35."""
    call = next(row for row in desk.market.listings.values() if row.inverse and row.name.endswith("-C"))
    desk.exchange.open_position(desk.account, Execution(call, Side.BUY, Decimal(1), 0.3))
    mark = replace(desk.market.mark(call.name), mark_price=0.3, delta=0.5, undecayed=0.5)
    found = summarise(desk.account, "BTC", lambda _: mark, desk.exchange.rules.margin)
    assert found.delta_total == pytest.approx(0.35, rel=1e-12)
    assert found.maps.delta["btc_usd"] == pytest.approx(0.5, rel=1e-12)
    assert found.options_value == pytest.approx(0.3, rel=1e-12), "the value itself does not decay"
