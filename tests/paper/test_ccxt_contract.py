"""Unmodified ccxt, synchronous, against the paper exchange: everything a client does, and every refusal."""

import ccxt
import pytest
from scipy.stats import norm

PERPETUAL = "BTC/USD:BTC"


@pytest.fixture(scope="module")
def client(shared_paper):
    client = ccxt.deribit(shared_paper.config())
    client.load_markets()
    return client


def option(client, settle="BTC"):
    """An option near the money, some weeks out."""
    rows = [
        market
        for market in client.markets.values()
        if market["option"] and market["settle"] == settle and market["base"] == "BTC"
    ]
    expiry = sorted({row["expiry"] for row in rows})[len({row["expiry"] for row in rows}) // 2]
    rows = [row for row in rows if row["expiry"] == expiry]
    return min(rows, key=lambda row: abs(row["strike"] - 103_400))["symbol"]


def best(client, symbol=PERPETUAL):
    book = client.fetch_order_book(symbol, 5)
    return book["bids"][0][0], book["asks"][0][0]


def test_markets_of_every_kind_are_loaded(client):
    kinds = {(m["type"], m["settle"], bool(m["linear"])) for m in client.markets.values()}
    assert {
        ("swap", "BTC", False),
        ("swap", "ETH", False),
        ("swap", "USDC", True),
        ("spot", None, False),
        ("future", "BTC", False),
        ("option", "BTC", False),
        ("option", "ETH", False),
        ("option", "USDC", True),
    } <= {(kind, settle if kind != "spot" else None, linear) for kind, settle, linear in kinds}
    inverse = [m for m in client.markets.values() if m["option"] and m["settle"] == "BTC"]
    assert len({m["expiry"] for m in inverse}) >= 8
    assert (
        min(
            len({m["strike"] for m in inverse if m["expiry"] == expiry})
            for expiry in {m["expiry"] for m in inverse}
        )
        >= 20
    )
    perpetual = client.market(PERPETUAL)
    assert (perpetual["contractSize"], perpetual["precision"]["price"]) == (10.0, 0.5)


def test_tickers_books_and_greeks(client):
    ticker = client.fetch_ticker(PERPETUAL)
    assert ticker["bid"] < ticker["ask"]
    assert ticker["markPrice"] == pytest.approx(ticker["indexPrice"], rel=0.02)
    assert len(client.fetch_tickers(None, {"code": "BTC"})) > 300
    assert len(client.fetch_tickers(None, {"code": "USDC"})) > 60
    book = client.fetch_order_book(PERPETUAL, 30)
    assert min(len(book["bids"]), len(book["asks"])) >= 20
    assert book["bids"] == sorted(book["bids"], reverse=True)
    symbol = option(client)
    greeks, info = client.fetch_greeks(symbol), client.fetch_ticker(symbol)["info"]
    market = client.market(symbol)
    years = (market["expiry"] - client.fetch_time()) / (365 * 86_400_000)
    spread = greeks["markImpliedVolatility"] / 100 * years**0.5
    from math import log

    d1 = log(float(info["underlying_price"]) / market["strike"]) / spread + spread / 2
    sign = 1 if market["optionType"] == "call" else -1
    assert greeks["delta"] == pytest.approx(sign * norm.cdf(sign * d1), abs=2e-3)
    assert info["bid_iv"] <= info["mark_iv"] <= info["ask_iv"]
    assert client.fetch_option(symbol)["info"]["mark_price"] == pytest.approx(info["mark_price"], rel=0.1)
    assert len(client.fetch_option_chain("ETH")) > 100


def test_the_rest_of_the_market(client):
    assert client.fetch_trades(PERPETUAL) is not None
    assert abs(client.fetch_funding_rate(PERPETUAL)["fundingRate"]) < 0.05
    assert len(client.fetch_ohlcv(PERPETUAL, "1h", limit=5)) >= 4
    assert client.fetch_volatility_history("BTC")[-1]["volatility"] > 5
    assert client.fetch_status()["status"] == "ok"
    assert set(client.fetch_currencies()) == {"BTC", "ETH", "USDC"}
    index = client.public_get_get_index_price({"index_name": "btc_usd"})["result"]["index_price"]
    assert client.fetch_ticker(PERPETUAL)["indexPrice"] == pytest.approx(float(index), rel=0.01)
    deliveries = client.public_get_get_delivery_prices({"index_name": "btc_usd", "count": 2})["result"]
    assert set(deliveries) == {"data", "records_total"}


def test_balances_and_positions(client):
    balance = client.fetch_balance()
    assert balance["BTC"]["total"] == pytest.approx(60.0, rel=0.02)
    assert balance["ETH"]["free"] > 0
    assert balance["USDC"]["used"] > 0
    rows = client.fetch_positions()
    assert {row["info"]["kind"] for row in rows} == {"option", "future"}
    perpetual = client.fetch_position(PERPETUAL)["info"]
    assert float(perpetual["size_currency"]) == pytest.approx(
        float(perpetual["size"]) / float(perpetual["mark_price"]), rel=1e-6
    )
    assert client.fetch_trading_fees()[PERPETUAL]["taker"] == 0.0005
    empty = client.fetch_position("ETH/USDC:USDC")
    assert (empty["contracts"], empty["info"]["direction"]) == (0.0, "zero")


def test_delta_total_is_the_sum_of_the_positions(client):
    """delta_total = Σ q·(Δ - mark) + Σ futures in coin; the map leaves the premium in."""
    for currency, index in (("BTC", "btc_usd"), ("ETH", "eth_usd")):
        rows = client.private_get_get_positions({"currency": currency})["result"]
        summary = client.private_get_get_account_summary({"currency": currency})["result"]
        premium = sum(float(r["size"]) * float(r["mark_price"]) for r in rows if r["kind"] == "option")
        delta = sum(float(r["delta"]) for r in rows)
        scale = sum(abs(float(r["delta"])) for r in rows)
        assert float(summary["delta_total"]) == pytest.approx(delta - premium, abs=3e-3 * scale)
        difference = float(summary["delta_total_map"][index]) - float(summary["delta_total"])
        assert difference == pytest.approx(float(summary["options_value"]), abs=1e-7)


def test_a_limit_order_lives_is_edited_found_by_label_and_cancelled(client):
    bid, _ = best(client)
    price = round(bid * 0.97 * 2) / 2
    order = client.create_order(PERPETUAL, "limit", "buy", 1000, price, {"label": "life"})
    assert (order["status"], order["filled"], order["info"]["label"]) == ("open", 0.0, "life")
    assert client.fetch_order(order["id"])["price"] == price
    assert order["id"] in [row["id"] for row in client.fetch_open_orders(PERPETUAL)]
    edited = client.edit_order(order["id"], PERPETUAL, "limit", "buy", 2000, price - 10)
    assert (edited["id"], edited["amount"], edited["price"]) == (order["id"], 2000.0, price - 10)
    found = client.private_get_get_order_state_by_label({"currency": "BTC", "label": "life"})["result"]
    assert [row["order_id"] for row in found] == [order["id"]]
    still = client.private_get_get_open_orders_by_label({"currency": "BTC", "label": "life"})["result"]
    assert len(still) == 1
    assert client.cancel_order(order["id"])["status"] == "canceled"
    with pytest.raises(ccxt.InvalidOrder):
        client.cancel_order(order["id"])
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("BTC-987654321")


def test_a_market_order_fills_level_by_level_and_moves_the_position(client):
    before = float(client.fetch_position(PERPETUAL)["info"]["size"])
    order = client.create_order(PERPETUAL, "market", "sell", 300_000, None, {"label": "level"})
    assert (order["status"], order["filled"]) == ("closed", 300_000.0)
    trades = sorted(client.fetch_order_trades(order["id"]), key=lambda row: int(row["info"]["trade_seq"]))
    assert len(trades) > 1
    assert sum(trade["amount"] for trade in trades) == 300_000.0
    assert [t["price"] for t in trades] == sorted((t["price"] for t in trades), reverse=True)
    fee = sum(trade["fee"]["cost"] for trade in trades)
    assert fee == pytest.approx(0.0005 * sum(t["amount"] / t["price"] for t in trades), rel=1e-6)
    assert {trade["id"] for trade in trades} <= {
        row["id"] for row in client.fetch_my_trades(PERPETUAL, limit=50)
    }
    assert order["id"] in [row["id"] for row in client.fetch_closed_orders(PERPETUAL)]
    assert float(client.fetch_position(PERPETUAL)["info"]["size"]) == before - 300_000
    log = client.private_get_get_transaction_log({"currency": "BTC", "query": "trade"})["result"]["logs"]
    assert {row["order_id"] for row in log} >= {order["id"]}


@pytest.mark.parametrize("force", ["immediate_or_cancel", "fill_or_kill"])
def test_orders_that_may_not_rest(client, force):
    _, ask = best(client)
    price = round(ask * 1.001 * 2) / 2
    order = client.create_order(PERPETUAL, "limit", "buy", 10, price, {"time_in_force": force})
    assert (order["status"], order["filled"]) == ("closed", 10.0)
    far = round(ask * 0.98 * 2) / 2
    order = client.create_order(PERPETUAL, "limit", "buy", 10, far, {"time_in_force": force})
    assert (order["status"], order["filled"]) == ("canceled", 0.0)


def test_post_only_reduce_only_and_options(client):
    _, ask = best(client)
    price = round(ask * 1.01 * 2) / 2
    with pytest.raises(ccxt.InvalidOrder, match="11054"):
        client.create_order(PERPETUAL, "limit", "buy", 10, price, {"post_only": True})
    raw = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit", "price": price}
    moved = client.private_get_buy({**raw, "post_only": "true"})["result"]["order"]
    assert moved["order_state"] == "open"
    assert float(moved["price"]) < price
    client.cancel_order(moved["order_id"])
    with pytest.raises(ccxt.ExchangeError, match="reduce_only"):
        client.create_order(PERPETUAL, "limit", "buy", 10, round(ask * 0.99 * 2) / 2, {"reduce_only": True})
    for settle in ("BTC", "USDC"):
        symbol = option(client, settle)
        order = client.create_order(symbol, "market", "buy", client.market(symbol)["limits"]["amount"]["min"])
        assert order["status"] == "closed"
        assert float(client.fetch_position(symbol)["info"]["size"]) != 0.0


def test_what_is_wrong_gives_the_class_that_ccxt_maps(client, shared_paper):
    bid, _ = best(client)
    raw = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit"}
    with pytest.raises(ccxt.InvalidOrder, match="10043"):
        client.private_get_buy({**raw, "price": "100000.3"})
    with pytest.raises(ccxt.InvalidOrder, match="10002"):
        client.private_get_buy({**raw, "amount": 1, "price": bid})
    with pytest.raises(ccxt.BadRequest, match="multiple"):
        client.private_get_buy({**raw, "amount": 15, "price": bid})
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(PERPETUAL, "limit", "buy", 900_000_000, bid)
    with pytest.raises(ccxt.ExchangeError, match="13020"):
        client.public_get_ticker({"instrument_name": "BTC-1JAN99-1-C"})
    with pytest.raises(ccxt.ExchangeError, match="13888"):
        client.private_get_buy({**raw, "price": bid, "valid_until": 1_000})
    with pytest.raises(ccxt.BadRequest):
        client.public_get_get_book_summary_by_currency({"currency": "DOGE"})
    with pytest.raises(ccxt.BadRequest, match="-32601"):
        client.private_get_get_new_announcements()


def test_wrong_secret_stale_time_and_missing_scope_are_refused(shared_paper):
    wrong = ccxt.deribit(shared_paper.config(secret="wrong"))
    with pytest.raises(ccxt.AuthenticationError, match="13004"):
        wrong.private_get_get_positions()
    stale = ccxt.deribit(shared_paper.config())
    stale.milliseconds = lambda: 1_500_000_000_000
    with pytest.raises(ccxt.AuthenticationError, match="13009"):
        stale.private_get_get_positions()
    viewer = ccxt.deribit(shared_paper.config("viewer"))
    assert viewer.private_get_get_positions()["result"]
    with pytest.raises(ccxt.PermissionDenied, match="13021"):
        viewer.private_get_buy({"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market"})


@pytest.mark.parametrize(
    ("name", "writes", "wallet"),
    [("trader", True, False), ("viewer", False, False), ("treasurer", True, True)],
)
def test_a_client_can_find_out_what_a_key_may_do(shared_paper, name, writes, wallet):
    key = shared_paper.key(name)
    grant = {"grant_type": "client_credentials", "client_id": key.key, "client_secret": key.secret}
    scopes = ccxt.deribit(shared_paper.config()).public_get_auth(grant)["result"]["scope"].split()
    assert ("trade:read_write" in scopes) is writes
    assert any(scope.startswith("wallet:") for scope in scopes) is wallet


def test_what_if_positions_change_the_margin(client):
    now = client.private_get_get_account_summary({"currency": "BTC"})["result"]
    more = client.private_get_simulate_portfolio(
        {"currency": "BTC", "simulated_positions": '{"BTC-PERPETUAL": 5000000}'}
    )["result"]
    assert float(more["initial_margin"]) > float(now["initial_margin"]) + 0.5
    assert float(more["delta_total"]) > float(now["delta_total"]) + 40


def test_too_many_requests(paper):
    client = ccxt.deribit(paper.config())

    def storm():
        for _ in range(400):
            client.private_get_cancel_by_label({"label": "none"})

    with pytest.raises(ccxt.DDoSProtection, match="10028"):
        storm()
