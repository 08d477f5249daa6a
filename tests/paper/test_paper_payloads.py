"""Our payloads have every field of the ones Deribit sent, with the same kind of value."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from hedging.paper import render, render_account
from hedging.paper.account import Account
from hedging.paper.demo_account import DEMO_ACCOUNT, fund_demo_account
from hedging.paper.exchange import Exchange
from hedging.paper.market import Market
from hedging.paper.orders import OrderRequest, OrderType
from hedging.paper.rate_limit import RateLimits
from hedging.units import Side

PAYLOADS = Path(__file__).parents[2] / ".." / "shared" / "venue_payloads"
LEFT_OUT = {
    "settlement_price",  # unknown before the first settlement
    "estimated_liquidation_price",
    "estimated_liquidation_ratio",
    "deposit_address",
    "iv",
    "max_show",
}
pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the folder shared/venue_payloads is not here")


@pytest.fixture(scope="module")
def exchange():
    exchange = Exchange(Market(1, 1_795_348_800 * 1_000_000_000), [Account(DEMO_ACCOUNT)])
    fund_demo_account(exchange)
    account = exchange.accounts[DEMO_ACCOUNT]
    exchange.submit(
        account, OrderRequest("BTC-PERPETUAL", Side.BUY, Decimal(40), OrderType.MARKET, label="shape"), 0
    )
    return exchange


def sample(*path):
    return json.loads(PAYLOADS.joinpath(*path).read_text())


def example(name):
    raw = sample("ccxt_examples", "deribit", f"{name}.json")
    raw = raw.get("result", raw)
    return raw[0] if isinstance(raw, list) else raw


def kind(value):
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def check(ours, theirs, *, quoted=False):
    missing = set(theirs) - set(ours) - LEFT_OUT
    assert not missing, missing
    for name in set(theirs) & set(ours):
        if quoted or theirs[name] is None or ours[name] is None:
            continue
        assert kind(ours[name]) == kind(theirs[name]), name


def option(exchange):
    account = exchange.accounts[DEMO_ACCOUNT]
    return next(p.listing.name for p in account.held("BTC") if p.is_option)


def test_tickers(exchange):
    perpetual = render.ticker(exchange, "BTC-PERPETUAL")
    check(perpetual, example("parse_ticker_1"))
    theirs = example("parse_greeks_1")
    ours = render.ticker(exchange, option(exchange))
    check(ours, {name: value for name, value in theirs.items() if name != "settlement_price"})
    check(ours["greeks"], theirs["greeks"])
    check(ours["stats"], theirs["stats"])


def test_book_summaries(exchange):
    check(render.book_summary(exchange, option(exchange)), example("parse_option_1"))


def test_instruments(exchange):
    listed = exchange.market.listings
    theirs = {row["kind"]: row for row in sample("ccxt_static", "deribit", "markets_info.json")}
    block = {"block_trade_tick_size", "block_trade_min_trade_amount"}
    for name in (option(exchange), "BTC-PERPETUAL"):
        ours = render.instrument(listed[name])
        row = theirs["option" if listed[name].strike else "future"]
        check(ours, {key: value for key, value in row.items() if key not in block}, quoted=True)


def test_orders_and_fills(exchange):
    account = exchange.accounts[DEMO_ACCOUNT]
    theirs = example("create_order_1")
    ours = render_account.order(exchange, next(iter(account.orders.values())))
    check(ours, theirs["order"])
    check(render_account.user_trade(account.fills[0]), theirs["trades"][0])


def test_positions(exchange):
    account = exchange.accounts[DEMO_ACCOUNT]
    rows = sample("ccxt_issue_captures", "deribit_positions.json")["get_positions_result"]
    optional = {"interest_value"}
    for theirs, name in zip(rows, (option(exchange), "BTC-PERPETUAL"), strict=True):
        ours = render_account.position(exchange, account, name)
        check(ours, {key: value for key, value in theirs.items() if key not in optional}, quoted=True)


def test_summaries(exchange):
    theirs = sample("ccxt_static", "deribit", "response_fetchBalance.json")["httpResponse"]["result"]
    ours = render_account.summary(exchange.summary(exchange.accounts[DEMO_ACCOUNT], "BTC"), RateLimits())
    check(ours, theirs["summaries"][0], quoted=True)
