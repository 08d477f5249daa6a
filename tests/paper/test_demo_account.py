"""The demo book: out of its band at once, short gamma, room to hedge, delta as Black-76 has it."""

from math import log, sqrt

import pytest
from scipy.stats import norm

from hedging.paper.account import Account
from hedging.paper.demo_account import DEMO_ACCOUNT, fund_demo_account
from hedging.paper.exchange import CURRENCIES, Exchange
from hedging.paper.market import Market
from hedging.paper.orders import OrderRequest, OrderType
from hedging.paper.refusal import Refused
from hedging.units import Side

STARTS = [1_795_348_800, 1_795_370_000, 1_798_700_000, 1_803_000_000, 1_809_000_000]
YEAR_NS = 365 * 86_400 * 1_000_000_000


def demo(start_s=STARTS[0], seed=1):
    exchange = Exchange(Market(seed, start_s * 1_000_000_000), [Account(DEMO_ACCOUNT)])
    fund_demo_account(exchange)
    return exchange, exchange.accounts[DEMO_ACCOUNT]


def deltas(exchange, account):
    """Delta of each coin over both settlement currencies, premium-adjusted where settled in coin."""
    dollars = exchange.summary(account, "USDC").maps.delta
    return {
        coin: exchange.summary(account, coin).delta_total + dollars.get(f"{coin.lower()}_usdc", 0.0)
        for coin in ("BTC", "ETH")
    }


@pytest.mark.parametrize("start_s", STARTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_bitcoin_is_out_of_its_band_at_once_and_ether_is_not(start_s, seed):
    exchange, account = demo(start_s, seed)
    found = deltas(exchange, account)
    assert 13.9 < found["BTC"] < 14.5
    assert 12 < exchange.summary(account, "BTC").delta_total < 16
    assert -60 < found["ETH"] < -35
    kinds = {(p.listing.kind, p.listing.inverse, p.size > 0) for p in account.held()}
    assert len(kinds) >= 6


def test_a_fall_of_eight_percent_moves_delta_by_several_coins_and_ruins_nobody():
    exchange, account = demo()
    before = deltas(exchange, account)
    for coin in ("BTC", "ETH"):
        exchange.market.price_shock(coin, -0.08)
    exchange.advance(exchange.market.now_ns + 100_000_000)
    after = deltas(exchange, account)
    assert 3 < after["BTC"] - before["BTC"] < 15
    assert after["ETH"] - before["ETH"] > 30
    for currency in CURRENCIES:
        summary = exchange.summary(account, currency)
        assert summary.maintenance_margin < 0.6 * summary.margin_balance
        assert summary.available_funds > 0.3 * summary.equity


@pytest.mark.parametrize("side", list(Side))
def test_there_is_room_to_hedge_fifty_coins(side):
    exchange, account = demo()
    request = OrderRequest("BTC-PERPETUAL", side, 5_000_000, OrderType.MARKET)
    try:
        order = exchange.submit(account, request, 0).order
    except Refused as refused:
        pytest.fail(str(refused))
    assert order.filled > 1_000_000


def test_entry_prices_are_near_the_marks_and_on_the_grid():
    exchange, account = demo()
    for position in account.held():
        mark = exchange.mark(position.listing.name).mark_price
        assert position.average_price == pytest.approx(mark, rel=0.1)
        assert position.average_price != mark


def test_delta_total_agrees_with_black_on_the_forward_of_each_expiry():
    exchange, account = demo()
    for coin in ("BTC", "ETH"):
        expected = 0.0
        for position in account.held(coin):
            mark, size = exchange.mark(position.listing.name), float(position.size)
            if not position.is_option:
                expected += size / mark.mark_price
                continue
            years = (position.listing.expiration_ns - exchange.market.now_ns) / YEAR_NS
            spread = mark.mark_iv * sqrt(years)
            d2 = log(mark.underlying_price / position.listing.strike) / spread - spread / 2
            sign = 1 if position.listing.option_type == "call" else -1
            moneyness = position.listing.strike / mark.underlying_price
            expected += size * sign * moneyness * norm.cdf(sign * d2)
        assert exchange.summary(account, coin).delta_total == pytest.approx(expected, abs=2e-4)
