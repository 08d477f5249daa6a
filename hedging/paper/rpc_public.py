"""The public methods: what anyone may ask about the market."""

import asyncio
from collections.abc import Sequence

from hedging.paper.auth import TOKEN_LIFETIME_S, Token
from hedging.paper.exchange import CURRENCIES
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.params import Params
from hedging.paper.refusal import Code, Refused
from hedging.paper.render import Wire, book_summary, instrument, order_book, public_trade, ticker
from hedging.paper.rpc import Caller, Method

CHUNK = 10
"""Rows rendered before other work gets a turn."""

_LONG_NAMES = {"BTC": "Bitcoin", "ETH": "Ether", "USDC": "USD Coin"}
_INTERVALS = {"1D": 1440}


def get_time(caller: Caller, _: Params) -> int:
    """Simulated time in milliseconds."""
    return caller.exchange.now_ms


def status(_: Caller, __: Params) -> Wire:
    """Whether currencies are locked: never."""
    return {"locked": "false"}


def hello(_: Caller, __: Params) -> Wire:
    """Answer to ``public/test`` and ``public/hello``."""
    return {"version": "paper"}


def get_currencies(_: Caller, __: Params) -> list[Wire]:
    """Currencies of wallets."""
    return [
        {
            "coin_type": code,
            "currency": code,
            "currency_long": _LONG_NAMES[code],
            "decimals": 8 if code != "USDC" else 6,
            "fee_precision": 4,
            "min_confirmations": 1,
            "min_withdrawal_fee": 0.0,
            "withdrawal_fee": 0.0,
            "withdrawal_priorities": [],
            "in_cross_collateral_pool": False,
        }
        for code in CURRENCIES
    ]


async def get_instruments(caller: Caller, params: Params) -> list[Wire]:
    """Listed instruments, by currency and kind."""
    if params.flag("expired"):
        expired = list(caller.exchange.market.expired.values())
        return [instrument(listing, active=False) for listing in _chosen(expired, params)]
    rows: list[Wire] = []
    for listing in _chosen(list(caller.exchange.market.listings.values()), params):
        rows.append(instrument(listing))
        if len(rows) % (20 * CHUNK) == 0:
            await asyncio.sleep(0)
    return rows


def get_instrument(caller: Caller, params: Params) -> Wire:
    """One instrument."""
    return instrument(caller.exchange.listing(params.text("instrument_name")))


def get_ticker(caller: Caller, params: Params) -> Wire:
    """Ticker of one instrument."""
    return ticker(caller.exchange, params.text("instrument_name"))


async def get_book_summary_by_currency(caller: Caller, params: Params) -> list[Wire]:
    """Book summaries of a currency."""
    rows: list[Wire] = []
    for listing in _chosen(list(caller.exchange.market.listings.values()), params):
        if listing.name in caller.exchange.market.listings:
            rows.append(book_summary(caller.exchange, listing.name))
        if len(rows) % CHUNK == 0:
            await asyncio.sleep(0)
    return rows


def get_book_summary_by_instrument(caller: Caller, params: Params) -> list[Wire]:
    """Book summary of one instrument."""
    return [book_summary(caller.exchange, params.text("instrument_name"))]


def get_order_book(caller: Caller, params: Params) -> Wire:
    """Order book of one instrument."""
    return order_book(caller.exchange, params.text("instrument_name"), params.integer("depth", 20))


def get_last_trades_by_instrument(caller: Caller, params: Params) -> Wire:
    """The tape of one instrument, newest first."""
    name = caller.exchange.listing(params.text("instrument_name")).name
    start, end = params.integer("start_timestamp", 0), params.integer("end_timestamp", 2**62)
    count = params.integer("count", 10)
    tape = [trade for trade in caller.exchange.tape(name) if start <= trade.timestamp_ms <= end]
    newest = tape[::-1]
    return {"trades": [public_trade(trade) for trade in newest[:count]], "has_more": len(newest) > count}


def get_funding_rate_value(caller: Caller, params: Params) -> float:
    """Funding of a perpetual between two times, as a fraction."""
    listing = _perpetual(caller, params)
    start, end = params.integer("start_timestamp"), params.integer("end_timestamp")
    return caller.exchange.market.funding_rate_value(listing.name, start * 1_000_000, end * 1_000_000)


def get_historical_volatility(caller: Caller, params: Params) -> list[list[float]]:
    """Realised volatility in percent, by time."""
    points = caller.exchange.market.historical_volatility(_coin(params))
    return [[point.time_ms, point.percent] for point in points]


def get_tradingview_chart_data(caller: Caller, params: Params) -> Wire:
    """Bars of one instrument, as columns."""
    listing = caller.exchange.listing(params.text("instrument_name"))
    resolution = params.text("resolution")
    minutes = _INTERVALS.get(resolution) or params.integer("resolution")
    candles = caller.exchange.market.candles(
        listing.name,
        params.integer("start_timestamp") * 1_000_000,
        params.integer("end_timestamp") * 1_000_000,
        minutes,
    )
    return {
        "status": "ok" if candles else "no_data",
        "ticks": [candle.time_ms for candle in candles],
        "open": [candle.open for candle in candles],
        "high": [candle.high for candle in candles],
        "low": [candle.low for candle in candles],
        "close": [candle.close for candle in candles],
        "volume": [candle.volume for candle in candles],
        "cost": [candle.volume * candle.close for candle in candles],
    }


def get_index_price(caller: Caller, params: Params) -> Wire:
    """Index price and what it would deliver at."""
    name = _index(caller, params)
    market = caller.exchange.market
    return {
        "index_price": round(market.index(name), 2),
        "estimated_delivery_price": round(market.settlement_index(name), 2),
    }


def get_delivery_prices(caller: Caller, params: Params) -> Wire:
    """Past delivery prices of an index, newest first."""
    prices = caller.exchange.market.delivery_prices(_index(caller, params))
    offset, count = params.integer("offset", 0), params.integer("count", 10)
    return {
        "data": [
            {"date": item.date.isoformat(), "delivery_price": round(item.price, 2)}
            for item in prices[offset : offset + count]
        ],
        "records_total": len(prices),
    }


def auth(caller: Caller, params: Params) -> Wire:
    """Log in; over a websocket the connection becomes the key's."""
    keys, grant = caller.house.keys, params.text("grant_type")
    if grant == "client_credentials":
        token = keys.by_secret(params.text("client_id"), params.text("client_secret"))
    elif grant == "client_signature":
        signed = (params.text("timestamp"), params.text("nonce", ""), params.text("data", ""))
        signature = params.text("signature")
        token = keys.by_signature(params.text("client_id"), signed, signature, caller.real_now_ms)
    elif grant == "refresh_token":
        token = keys.by_refresh(params.text("refresh_token"))
    else:
        raise Refused(Code.INVALID_PARAMS, "not supported", "grant_type")
    if caller.connection is not None:
        caller.connection.login(token.key)
    return _token(token)


def subscribe(caller: Caller, params: Params) -> list[str]:
    """Subscribe to public channels."""
    return caller.websocket.subscribe(_public_channels(params))


def unsubscribe(caller: Caller, params: Params) -> list[str]:
    """Unsubscribe from public channels."""
    return caller.websocket.unsubscribe(_public_channels(params))


def unsubscribe_all(caller: Caller, _: Params) -> str:
    """Unsubscribe from everything."""
    caller.websocket.unsubscribe(None)
    return "ok"


def set_heartbeat(caller: Caller, params: Params) -> str:
    """Ask for heartbeats; at least ten seconds apart."""
    seconds = params.integer("interval")
    if seconds < 10:
        raise Refused(Code.INVALID_PARAMS, "must be at least 10", "interval")
    caller.websocket.heartbeat(seconds)
    return "ok"


def disable_heartbeat(caller: Caller, _: Params) -> str:
    """No more heartbeats."""
    caller.websocket.heartbeat(None)
    return "ok"


def _token(token: Token) -> Wire:
    return {
        "access_token": token.access,
        "refresh_token": token.refresh,
        "expires_in": TOKEN_LIFETIME_S,
        "scope": token.key.scope_string,
        "token_type": "bearer",
        "enabled_features": [],
    }


def _public_channels(params: Params) -> list[str]:
    channels = params.texts("channels")
    private = [channel for channel in channels if channel.startswith("user.")]
    if private:
        raise Refused(Code.INVALID_PARAMS, f"{private[0]} needs private/subscribe", "channels")
    return channels


def _chosen(listings: Sequence[Listing], params: Params) -> list[Listing]:
    currency, kind = params.text("currency", "any").upper(), params.text("kind", "any")
    if currency not in ("ANY", *CURRENCIES):
        raise Refused(Code.INVALID_PARAMS, "invalid currency", "currency")
    return [
        listing
        for listing in listings
        if currency in ("ANY", listing.settlement_currency) and kind in ("any", _kind(listing))
    ]


def _kind(listing: Listing) -> str:
    return ListingKind.FUTURE.value if listing.kind is ListingKind.PERPETUAL else listing.kind.value


def _perpetual(caller: Caller, params: Params) -> Listing:
    listing = caller.exchange.listing(params.text("instrument_name"))
    if listing.kind is not ListingKind.PERPETUAL:
        raise Refused(Code.INVALID_PARAMS, "not a perpetual", "instrument_name")
    return listing


def _coin(params: Params) -> str:
    coin = params.text("currency").upper()
    if coin not in ("BTC", "ETH"):
        raise Refused(Code.INVALID_PARAMS, "invalid currency", "currency")
    return coin


def _index(caller: Caller, params: Params) -> str:
    name = params.text("index_name")
    if name not in {listing.index_name for listing in caller.exchange.market.listings.values()}:
        raise Refused(Code.INVALID_PARAMS, "invalid index", "index_name")
    return name


METHODS: dict[str, Method] = {
    "public/get_time": Method(get_time),
    "public/status": Method(status),
    "public/test": Method(hello),
    "public/hello": Method(hello),
    "public/get_currencies": Method(get_currencies),
    "public/get_instruments": Method(get_instruments),
    "public/get_instrument": Method(get_instrument),
    "public/ticker": Method(get_ticker),
    "public/get_book_summary_by_currency": Method(get_book_summary_by_currency),
    "public/get_book_summary_by_instrument": Method(get_book_summary_by_instrument),
    "public/get_order_book": Method(get_order_book),
    "public/get_last_trades_by_instrument": Method(get_last_trades_by_instrument),
    "public/get_last_trades_by_instrument_and_time": Method(get_last_trades_by_instrument),
    "public/get_funding_rate_value": Method(get_funding_rate_value),
    "public/get_historical_volatility": Method(get_historical_volatility),
    "public/get_tradingview_chart_data": Method(get_tradingview_chart_data),
    "public/get_index_price": Method(get_index_price),
    "public/get_delivery_prices": Method(get_delivery_prices),
    "public/auth": Method(auth),
    "public/subscribe": Method(subscribe),
    "public/unsubscribe": Method(unsubscribe),
    "public/unsubscribe_all": Method(unsubscribe_all),
    "public/set_heartbeat": Method(set_heartbeat),
    "public/disable_heartbeat": Method(disable_heartbeat),
}
