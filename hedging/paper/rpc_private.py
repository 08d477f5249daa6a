"""The private methods that read: summaries, positions, orders, fills, the log, what-if margins."""

from collections.abc import Iterable
from dataclasses import replace

from hedging.paper import render_account as render
from hedging.paper.account import Account
from hedging.paper.auth import Scope
from hedging.paper.exchange import CURRENCIES
from hedging.paper.orders import Fill, Order
from hedging.paper.params import Params
from hedging.paper.refusal import Code, Refused
from hedging.paper.render import Wire
from hedging.paper.rpc import Caller, Method
from hedging.paper.valuation import summarise


def get_account_summary(caller: Caller, params: Params) -> Wire:
    """Summary of one currency; ``extended`` adds who it is and the fees."""
    currency = _currency(params)
    wire = _summary(caller, currency)
    if params.flag("extended"):
        wire |= _owner(caller) | {"fees": render.fees(currency)}
    return wire


def get_account_summaries(caller: Caller, _: Params) -> Wire:
    """Summaries of all currencies."""
    return _owner(caller) | {"summaries": [_summary(caller, currency) for currency in CURRENCIES]}


def get_positions(caller: Caller, params: Params) -> list[Wire]:
    """Positions that are not empty, by currency and kind."""
    currency, kind = params.text("currency", "any").upper(), params.text("kind", "any")
    account = caller.account
    rows = [
        render.position(caller.exchange, account, position.listing.name)
        for position in account.held(None if currency == "ANY" else currency)
        if position.listing.name in caller.exchange.market.listings
    ]
    return [row for row in rows if kind in ("any", row["kind"])]


def get_position(caller: Caller, params: Params) -> Wire:
    """Position in one instrument, also when it is empty."""
    return render.position(caller.exchange, caller.account, params.text("instrument_name"))


def get_order_state(caller: Caller, params: Params) -> Wire:
    """One order."""
    return render.order(caller.exchange, caller.exchange.order(caller.account, params.text("order_id")))


def get_order_state_by_label(caller: Caller, params: Params) -> list[Wire]:
    """Orders of a label, newest first."""
    label, currency = params.text("label"), _currency(params)
    return _orders(caller, (item for item in _newest(caller) if item.label == label), currency)


def get_open_orders(caller: Caller, _: Params) -> list[Wire]:
    """All open orders."""
    return _orders(caller, caller.account.open_orders.values())


def get_open_orders_by_currency(caller: Caller, params: Params) -> list[Wire]:
    """Open orders of a currency."""
    return _orders(caller, caller.account.open_orders.values(), _currency(params))


def get_open_orders_by_instrument(caller: Caller, params: Params) -> list[Wire]:
    """Open orders in an instrument."""
    name = caller.exchange.listing(params.text("instrument_name")).name
    return _orders(caller, (item for item in caller.account.open_orders.values() if item.instrument == name))


def get_open_orders_by_label(caller: Caller, params: Params) -> list[Wire]:
    """Open orders of a label in a currency."""
    label, currency = params.text("label", ""), _currency(params)
    mine = caller.account.open_orders.values()
    return _orders(caller, (item for item in mine if item.label == label), currency)


def get_order_history_by_currency(caller: Caller, params: Params) -> list[Wire]:
    """Closed orders of a currency, newest first."""
    return _page(_orders(caller, _closed(caller, params), _currency(params)), params)


def get_order_history_by_instrument(caller: Caller, params: Params) -> list[Wire]:
    """Closed orders in an instrument, newest first."""
    name = params.text("instrument_name")
    return _page(
        _orders(caller, (item for item in _closed(caller, params) if item.instrument == name)), params
    )


def get_user_trades_by_currency(caller: Caller, params: Params) -> Wire:
    """Fills of a currency."""
    currency = _currency(params)
    return _trades(
        (fill for fill in caller.account.fills if fill.order_id.startswith(f"{currency}-")), params
    )


def get_user_trades_by_instrument(caller: Caller, params: Params) -> Wire:
    """Fills in an instrument."""
    name = params.text("instrument_name")
    return _trades((fill for fill in caller.account.fills if fill.instrument == name), params)


def get_user_trades_by_order(caller: Caller, params: Params) -> list[Wire]:
    """Fills of an order, oldest first."""
    order_id = params.text("order_id")
    return [render.user_trade(fill) for fill in caller.account.fills if fill.order_id == order_id]


def get_transaction_log(caller: Caller, params: Params) -> Wire:
    """Lines of the log between two times, newest first."""
    currency, query = _currency(params), params.text("query", "")
    start, end = params.integer("start_timestamp", 0), params.integer("end_timestamp", 2**62)
    lines = [
        line
        for line in reversed(caller.account.log)
        if line.currency == currency
        and start <= line.timestamp_ms <= end
        and query in ("", line.type.value, line.instrument)
    ]
    skip, count = params.integer("continuation", 0), params.integer("count", 100)
    page = lines[skip : skip + count]
    more = skip + count if len(lines) > skip + count else None
    return {"logs": [render.log_entry(line, caller.account) for line in page], "continuation": more}


def simulate_portfolio(caller: Caller, params: Params) -> Wire:
    """Summary of a currency as it would be with the ``simulated_positions`` (name: size) added."""
    currency = _currency(params)
    sizes = params.numbers("simulated_positions")
    held = caller.account
    trial = Account(held.name, dict(held.wallets), {}, open_orders=dict(held.open_orders))
    if params.flag("add_positions", default=True):
        trial.positions = {name: replace(position) for name, position in held.positions.items()}
    for name, size in sizes.items():
        listing = caller.exchange.listing(name)
        position = trial.position(listing)
        if not position.size:
            mark = caller.exchange.mark(name).mark_price
            position.average_price = position.session_price = mark
        position.size += size
    summary = summarise(trial, currency, caller.exchange.mark, caller.exchange.rules.margin)
    return render.summary(summary, caller.house.limits)


def private_subscribe(caller: Caller, params: Params) -> list[str]:
    """Subscribe to any channels."""
    return caller.websocket.subscribe(params.texts("channels"))


def private_unsubscribe(caller: Caller, params: Params) -> list[str]:
    """Unsubscribe from any channels."""
    return caller.websocket.unsubscribe(params.texts("channels"))


def private_unsubscribe_all(caller: Caller, _: Params) -> str:
    """Unsubscribe from everything."""
    caller.websocket.unsubscribe(None)
    return "ok"


def _currency(params: Params) -> str:
    currency = params.text("currency").upper()
    if currency not in CURRENCIES:
        raise Refused(Code.INVALID_PARAMS, "invalid currency", "currency")
    return currency


def _summary(caller: Caller, currency: str) -> Wire:
    return render.summary(caller.exchange.summary(caller.account, currency), caller.house.limits)


def _owner(caller: Caller) -> Wire:
    return {
        "id": 1,
        "username": caller.account.name,
        "system_name": caller.account.name,
        "email": "paper@example.invalid",
        "type": "main",
        "creation_timestamp": caller.exchange.now_ms,
        "self_trading_reject_mode": "reject_taker",
        "login_enabled": False,
        "security_keys_enabled": False,
    }


def _newest(caller: Caller) -> list[Order]:
    return list(reversed(caller.account.orders.values()))


def _closed(caller: Caller, params: Params) -> list[Order]:
    unfilled = params.flag("include_unfilled")
    open_orders = caller.account.open_orders
    return [
        item for item in _newest(caller) if item.order_id not in open_orders and (unfilled or item.filled)
    ]


def _orders(caller: Caller, items: Iterable[Order], currency: str | None = None) -> list[Wire]:
    return [
        render.order(caller.exchange, item)
        for item in items
        if currency is None or item.order_id.startswith(f"{currency}-")
    ]


def _page(rows: list[Wire], params: Params) -> list[Wire]:
    offset, count = params.integer("offset", 0), params.integer("count", 20)
    return rows[offset : offset + count]


def _trades(fills: Iterable[Fill], params: Params) -> Wire:
    """A page of fills: oldest first from a start time, else newest first, unless ``sorting`` says."""
    start, end = params.integer("start_timestamp", 0), params.integer("end_timestamp", 2**62)
    first = params.integer("start_seq", 0)
    rows = [fill for fill in fills if start <= fill.timestamp_ms <= end and fill.trade_seq >= first]
    default = "asc" if params.has("start_timestamp") else "desc"
    sorting = params.text("sorting", default)
    if sorting == "desc" or (sorting == "default" and default == "desc"):
        rows.reverse()
    count = params.integer("count", 10)
    return {"trades": [render.user_trade(fill) for fill in rows[:count]], "has_more": len(rows) > count}


METHODS: dict[str, Method] = {
    "private/get_account_summary": Method(get_account_summary, Scope.ACCOUNT_READ),
    "private/get_account_summaries": Method(get_account_summaries, Scope.ACCOUNT_READ),
    "private/simulate_portfolio": Method(simulate_portfolio, Scope.ACCOUNT_READ),
    "private/get_transaction_log": Method(get_transaction_log, Scope.ACCOUNT_READ),
    "private/subscribe": Method(private_subscribe, Scope.ACCOUNT_READ),
    "private/unsubscribe": Method(private_unsubscribe, Scope.ACCOUNT_READ),
    "private/unsubscribe_all": Method(private_unsubscribe_all, Scope.ACCOUNT_READ),
    "private/get_positions": Method(get_positions, Scope.TRADE_READ),
    "private/get_position": Method(get_position, Scope.TRADE_READ),
    "private/get_order_state": Method(get_order_state, Scope.TRADE_READ),
    "private/get_order_state_by_label": Method(get_order_state_by_label, Scope.TRADE_READ),
    "private/get_open_orders": Method(get_open_orders, Scope.TRADE_READ),
    "private/get_open_orders_by_currency": Method(get_open_orders_by_currency, Scope.TRADE_READ),
    "private/get_open_orders_by_instrument": Method(get_open_orders_by_instrument, Scope.TRADE_READ),
    "private/get_open_orders_by_label": Method(get_open_orders_by_label, Scope.TRADE_READ),
    "private/get_order_history_by_currency": Method(get_order_history_by_currency, Scope.TRADE_READ),
    "private/get_order_history_by_instrument": Method(get_order_history_by_instrument, Scope.TRADE_READ),
    "private/get_user_trades_by_currency": Method(get_user_trades_by_currency, Scope.TRADE_READ),
    "private/get_user_trades_by_currency_and_time": Method(get_user_trades_by_currency, Scope.TRADE_READ),
    "private/get_user_trades_by_instrument": Method(get_user_trades_by_instrument, Scope.TRADE_READ),
    "private/get_user_trades_by_instrument_and_time": Method(get_user_trades_by_instrument, Scope.TRADE_READ),
    "private/get_user_trades_by_order": Method(get_user_trades_by_order, Scope.TRADE_READ),
}
