"""Deribit's payloads of an account: orders, fills, positions, summaries, the transaction log."""

from hedging.paper.account import Account, LogEntry
from hedging.paper.exchange import Exchange
from hedging.paper.listing import ListingKind
from hedging.paper.orders import Fill, Order, OrderType, Origin, PostOnly
from hedging.paper.rate_limit import Rate, RateLimits
from hedging.paper.render import Wire, direction, mark_price
from hedging.paper.valuation import PositionValue, Summary, value_position


def order(exchange: Exchange, item: Order) -> Wire:
    """An order as every private method and channel shows it."""
    request = item.request
    by_hand, forced = request.origin is Origin.BY_HAND, request.origin is Origin.LIQUIDATION
    wire: Wire = {
        "order_id": item.order_id,
        "instrument_name": item.instrument,
        "direction": direction(item.side),
        "order_type": request.type.value,
        "order_state": item.state.value,
        "price": float(item.price) if request.type is OrderType.LIMIT else "market_price",
        "amount": float(item.amount),
        "filled_amount": float(item.filled),
        "average_price": item.average_price if item.average_price is not None else 0.0,
        "max_show": float(item.amount),
        "time_in_force": request.time_in_force.value,
        "post_only": request.post_only is not PostOnly.NO,
        "reject_post_only": request.post_only is PostOnly.REJECT,
        "reduce_only": request.reduce_only,
        "label": item.label,
        "creation_timestamp": item.created_ms,
        "last_update_timestamp": item.updated_ms,
        "commission": round(item.commission, 10),
        "profit_loss": round(item.profit_loss, 10),
        "api": request.origin is Origin.API,
        "web": by_hand,
        "replaced": item.replaced,
        "mmp": False,
        "risk_reducing": False,
        "is_liquidation": forced,
    }
    if item.cancel_reason:
        wire["cancel_reason"] = item.cancel_reason
    if item.instrument in exchange.market.listings:
        listing = exchange.market.listings[item.instrument]
        wire["contracts"] = round(float(item.amount) / listing.contract_size, 8)
    return wire


def user_trade(fill: Fill) -> Wire:
    """A fill as the account's owner sees it."""
    request = fill.order.request
    wire: Wire = {
        "trade_seq": fill.trade_seq,
        "trade_id": fill.trade_id,
        "timestamp": fill.timestamp_ms,
        "tick_direction": fill.tick_direction,
        "state": fill.state.value,
        "self_trade": False,
        "risk_reducing": False,
        "reduce_only": request.reduce_only,
        "profit_loss": round(fill.profit_loss, 10),
        "price": fill.price,
        "post_only": request.post_only is not PostOnly.NO,
        "order_type": request.type.value,
        "order_id": fill.order_id,
        "mmp": False,
        "matching_id": None,
        "mark_price": round(fill.mark_price, 6),
        "liquidity": fill.liquidity.value,
        "label": fill.order.label,
        "instrument_name": fill.instrument,
        "index_price": round(fill.index_price, 2),
        "fee_currency": fill.fee_currency,
        "fee": round(fill.fee, 10),
        "direction": direction(fill.side),
        "amount": fill.amount,
        "api": request.origin is Origin.API,
    }
    if request.origin is Origin.LIQUIDATION:
        wire["liquidation"] = fill.liquidity.value
    if fill.iv is not None:
        wire["iv"] = round(100 * fill.iv, 2)
    if fill.underlying_price is not None:
        wire["underlying_price"] = round(fill.underlying_price, 4)
    return wire


def position(exchange: Exchange, account: Account, name: str) -> Wire:
    """One position; an empty one has direction ``zero`` and size 0, as Deribit sends it."""
    listing = exchange.listing(name)
    held = account.position(listing)
    value = value_position(held, exchange.mark(name), exchange.rules.margin)
    size = float(held.size)
    wire: Wire = {
        "instrument_name": name,
        "kind": "option" if listing.kind is ListingKind.OPTION else "future",
        "direction": "zero" if not size else ("buy" if size > 0 else "sell"),
        "size": size,
        "average_price": round(held.average_price, 8) if size else 0.0,
        "mark_price": mark_price(listing, value.mark),
        "index_price": round(value.mark.index_price, 2),
        "settlement_price": round(held.settlement_price, 8),
        "delta": round(value.delta, 9 if listing.kind is not ListingKind.OPTION else 5),
        "initial_margin": round(value.margin.initial, 9),
        "maintenance_margin": round(value.margin.maintenance, 9),
        "open_orders_margin": 0.0,
        "floating_profit_loss": round(value.session_profit, 9),
        "realized_profit_loss": round(held.session_realised, 9),
        "total_profit_loss": round(value.total_profit, 9),
    }
    return wire | (_option_side(value) if listing.kind is ListingKind.OPTION else _future_side(value))


def _option_side(value: PositionValue) -> Wire:
    wire: Wire = {
        "gamma": round(value.gamma, 5),
        "vega": round(value.vega, 5),
        "theta": round(value.theta, 5),
    }
    if value.position.listing.inverse:
        index = value.mark.index_price
        wire["average_price_usd"] = round(value.position.average_price * index, 2)
        wire["floating_profit_loss_usd"] = round(value.session_profit * index, 2)
    return wire


def _future_side(value: PositionValue) -> Wire:
    return {
        "size_currency": round(value.coins, 9),
        "leverage": 50,
        "realized_funding": round(value.position.realised_funding, 9),
    }


def summary(item: Summary, limits: RateLimits) -> Wire:
    """One currency of an account."""
    digits = 8 if item.currency != "USDC" else 6
    money = {
        "balance": item.balance,
        "equity": item.equity,
        "margin_balance": item.margin_balance,
        "initial_margin": item.initial_margin,
        "maintenance_margin": item.maintenance_margin,
        "projected_initial_margin": item.projected_initial_margin,
        "projected_maintenance_margin": item.projected_maintenance_margin,
        "available_funds": item.available_funds,
        "available_withdrawal_funds": max(0.0, item.available_funds),
        "delta_total": item.delta_total,
        "projected_delta_total": item.projected_delta_total,
        "options_value": item.options_value,
        "futures_session_upl": item.futures_session_upl,
        "futures_session_rpl": item.futures_session_rpl,
        "options_session_upl": item.options_session_upl,
        "options_session_rpl": item.options_session_rpl,
        "futures_pl": item.futures_pl,
        "options_pl": item.options_pl,
        "total_pl": item.futures_pl + item.options_pl,
        "session_upl": item.futures_session_upl + item.options_session_upl,
        "session_rpl": item.futures_session_rpl + item.options_session_rpl,
        "session_funding": item.session_funding,
        "fee_balance": 0.0,
        "spot_reserve": 0.0,
        "locked_balance": 0.0,
        "additional_reserve": 0.0,
    }
    wire: Wire = {name: round(value, digits) for name, value in money.items()}
    wire |= {
        "currency": item.currency,
        "options_delta": round(item.options_delta, 5),
        "options_gamma": round(item.options_gamma, 5),
        "options_vega": round(item.options_vega, 5),
        "options_theta": round(item.options_theta, 5),
        "delta_total_map": {name: round(value, 8) for name, value in item.maps.delta.items()},
        "options_gamma_map": {name: round(value, 5) for name, value in item.maps.gamma.items()},
        "options_vega_map": {name: round(value, 5) for name, value in item.maps.vega.items()},
        "options_theta_map": {name: round(value, 5) for name, value in item.maps.theta.items()},
        "estimated_liquidation_ratio_map": {},
        "margin_model": "segregated_sm",
        "portfolio_margining_enabled": False,
        "cross_collateral_enabled": False,
        "limits": {
            "non_matching_engine": _rate(limits.other),
            "matching_engine": {"trading": {"total": _rate(limits.matching)}},
            "limits_per_currency": False,
        },
    }
    return wire


def fees(account_currency: str) -> list[Wire]:
    """The ``fees`` of an extended summary: the paper exchange's standard schedule."""
    rates = (("perpetual", 0.0, 0.0005), ("future", 0.0, 0.0005), ("option", 0.0003, 0.0003))
    return [
        {
            "index_name": f"{account_currency.lower()}_usd",
            "instrument_type": kind,
            "currency": account_currency,
            "fee_type": "relative",
            "maker_fee": maker,
            "taker_fee": taker,
        }
        for kind, maker, taker in rates
    ]


def log_entry(item: LogEntry, account: Account) -> Wire:
    """A line of ``private/get_transaction_log``."""
    return {
        "id": item.entry_id,
        "timestamp": item.timestamp_ms,
        "type": item.type.value,
        "currency": item.currency,
        "username": account.name,
        "user_id": 1,
        "change": round(item.change, 9),
        "cashflow": round(item.cashflow, 9),
        "balance": round(item.balance, 9),
        "commission": round(item.commission, 10),
        "instrument_name": item.instrument or None,
        "amount": item.amount,
        "price": item.price,
        "side": direction(item.side) if item.side is not None else None,
        "position": item.position,
        "order_id": item.order_id or None,
        "trade_id": item.trade_id or None,
        "info": {"label": item.label} if item.label else None,
    }


def _rate(rate: Rate) -> Wire:
    return {"burst": rate.burst, "rate": rate.per_second}
