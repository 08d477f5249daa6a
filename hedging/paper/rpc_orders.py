"""The private methods that act: buy, sell, edit, cancel."""

from decimal import Decimal

from hedging.paper import render_account as render
from hedging.paper.auth import Scope
from hedging.paper.exchange import Placed
from hedging.paper.orders import OrderRequest, OrderType, PostOnly, TimeInForce
from hedging.paper.params import Params
from hedging.paper.rate_limit import RequestClass
from hedging.paper.refusal import Code, Refused
from hedging.paper.render import Wire
from hedging.paper.rpc import Caller, Method
from hedging.units import Side


def buy(caller: Caller, params: Params) -> Wire:
    """Place a buy order."""
    return _place(caller, params, Side.BUY)


def sell(caller: Caller, params: Params) -> Wire:
    """Place a sell order."""
    return _place(caller, params, Side.SELL)


def edit(caller: Caller, params: Params) -> Wire:
    """Change amount or price of an open order."""
    _fence(caller, params)
    amount = params.decimal("amount") if params.has("amount") else None
    price = params.decimal("price") if params.has("price") else None
    return _placed(caller, caller.exchange.edit(caller.account, params.text("order_id"), amount, price))


def cancel(caller: Caller, params: Params) -> Wire:
    """Cancel one order."""
    return render.order(caller.exchange, caller.exchange.cancel(caller.account, params.text("order_id")))


def cancel_by_label(caller: Caller, params: Params) -> int:
    """Cancel open orders of a label, in one currency or all; returns how many."""
    label, currency = params.text("label"), params.text("currency", "any").upper()
    found = caller.exchange.cancel_where(
        caller.account,
        lambda order: (
            order.label == label and (currency == "ANY" or order.order_id.startswith(f"{currency}-"))
        ),
        "user_request",
    )
    return len(found)


def cancel_all(caller: Caller, _: Params) -> int:
    """Cancel every open order of the account; returns how many."""
    return len(caller.exchange.cancel_where(caller.account, lambda _: True, "user_request"))


def cancel_all_by_currency(caller: Caller, params: Params) -> int:
    """Cancel open orders of a currency; returns how many."""
    prefix = f"{params.text('currency').upper()}-"
    found = caller.exchange.cancel_where(
        caller.account, lambda order: order.order_id.startswith(prefix), "user_request"
    )
    return len(found)


def cancel_all_by_instrument(caller: Caller, params: Params) -> int:
    """Cancel open orders in an instrument; returns how many."""
    name = caller.exchange.listing(params.text("instrument_name")).name
    found = caller.exchange.cancel_where(
        caller.account, lambda order: order.instrument == name, "user_request"
    )
    return len(found)


def enable_cancel_on_disconnect(caller: Caller, params: Params) -> str:
    """Cancel orders sent over this websocket when it ends."""
    if params.text("scope", "connection") != "connection":
        raise Refused(Code.INVALID_PARAMS, "the paper exchange knows the scope connection only", "scope")
    caller.websocket.cancel_on_disconnect(on=True)
    return "ok"


def disable_cancel_on_disconnect(caller: Caller, _: Params) -> str:
    """Leave orders alone when the websocket ends."""
    caller.websocket.cancel_on_disconnect(on=False)
    return "ok"


def _place(caller: Caller, params: Params, side: Side) -> Wire:
    kind = params.choice("type", OrderType, OrderType.LIMIT)
    request = OrderRequest(
        instrument=params.text("instrument_name"),
        side=side,
        amount=_amount(caller, params),
        type=kind,
        price=params.decimal("price") if kind is OrderType.LIMIT else None,
        time_in_force=params.choice("time_in_force", TimeInForce, TimeInForce.GOOD_TIL_CANCELLED),
        post_only=_post_only(params),
        reduce_only=params.flag("reduce_only"),
        label=params.text("label", ""),
        valid_until_ms=params.integer("valid_until") if params.has("valid_until") else None,
        connection=caller.connection.number if caller.connection is not None else None,
    )
    if request.post_only is not PostOnly.NO and not (kind is OrderType.LIMIT and request.time_in_force.rests):
        raise Refused(Code.INVALID_PARAMS, "post_only needs a limit order that may rest", "post_only")
    return _placed(caller, caller.exchange.submit(caller.account, request, caller.real_now_ms))


def _amount(caller: Caller, params: Params) -> Decimal:
    """Amount in Deribit's unit; ``contracts`` is the other way to say it."""
    if params.has("contracts") and not params.has("amount"):
        listing = caller.exchange.listing(params.text("instrument_name"))
        return params.decimal("contracts") * Decimal(repr(listing.contract_size))
    return params.decimal("amount")


def _post_only(params: Params) -> PostOnly:
    if not params.flag("post_only"):
        return PostOnly.NO
    return PostOnly.REJECT if params.flag("reject_post_only") else PostOnly.REPRICE


def _fence(caller: Caller, params: Params) -> None:
    if params.has("valid_until") and caller.real_now_ms > params.integer("valid_until"):
        raise Refused(Code.TIMED_OUT, "the request arrived after valid_until", "valid_until")


def _placed(caller: Caller, placed: Placed) -> Wire:
    return {
        "order": render.order(caller.exchange, placed.order),
        "trades": [render.user_trade(fill) for fill in placed.fills],
    }


_WRITE = (Scope.TRADE_WRITE, RequestClass.MATCHING)
METHODS: dict[str, Method] = {
    "private/buy": Method(buy, *_WRITE),
    "private/sell": Method(sell, *_WRITE),
    "private/edit": Method(edit, *_WRITE),
    "private/cancel": Method(cancel, *_WRITE),
    "private/cancel_by_label": Method(cancel_by_label, *_WRITE),
    "private/cancel_all": Method(cancel_all, *_WRITE),
    "private/cancel_all_by_currency": Method(cancel_all_by_currency, *_WRITE),
    "private/cancel_all_by_instrument": Method(cancel_all_by_instrument, *_WRITE),
    "private/enable_cancel_on_disconnect": Method(enable_cancel_on_disconnect, Scope.ACCOUNT_READ),
    "private/disable_cancel_on_disconnect": Method(disable_cancel_on_disconnect, Scope.ACCOUNT_READ),
}
