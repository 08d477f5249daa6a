"""Deribit's payloads of the market: instruments, tickers, books, the tape. Rounded as Deribit rounds."""

import zlib
from dataclasses import dataclass

from hedging.paper.exchange import Exchange
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.market_nouns import Mark
from hedging.paper.matching import Level
from hedging.paper.order_rules import price_limits
from hedging.paper.orders import PublicTrade
from hedging.units import Side

Wire = dict[str, object]
MAXIMAL_IV = 500.0


@dataclass(frozen=True, slots=True)
class Top:
    """Best bid and ask with their amounts; Deribit's 0 stands for a side that is empty."""

    bid: float
    bid_amount: float
    ask: float
    ask_amount: float


def top(exchange: Exchange, name: str) -> Top:
    """Best prices as shown to clients."""
    if exchange.disturbed(name):
        bids, asks = exchange.depth(name)
        bid, ask = _first(bids), _first(asks)
    else:
        book = exchange.market.book(name)
        bid = (book.bids[0].price, book.bids[0].amount) if book.bids else (0.0, 0.0)
        ask = (book.asks[0].price, book.asks[0].amount) if book.asks else (0.0, 0.0)
    return Top(*bid, *ask)


def instrument(listing: Listing, *, active: bool = True) -> Wire:
    """One row of ``public/get_instruments``."""
    wire: Wire = {
        "instrument_name": listing.name,
        "instrument_id": zlib.crc32(listing.name.encode()),
        "kind": _kind(listing),
        "is_active": active,
        "base_currency": listing.base_currency,
        "quote_currency": listing.quote_currency,
        "counter_currency": listing.counter_currency,
        "settlement_currency": listing.settlement_currency,
        "price_index": listing.index_name,
        "contract_size": listing.contract_size,
        "min_trade_amount": listing.min_trade_amount,
        "tick_size": listing.tick_size,
        "tick_size_steps": [
            {"above_price": above, "tick_size": tick} for above, tick in listing.tick_size_steps
        ],
        "creation_timestamp": listing.creation_ns // 1_000_000,
        "expiration_timestamp": listing.expiration_ns // 1_000_000,
        "maker_commission": listing.maker_commission,
        "taker_commission": listing.taker_commission,
        "block_trade_commission": listing.taker_commission / 2,
        "rfq": False,
    }
    if listing.kind is ListingKind.SPOT:
        del wire["settlement_currency"], wire["expiration_timestamp"]
        return wire
    wire["instrument_type"] = "reversed" if listing.inverse else "linear"
    if listing.settlement_period is not None:
        wire["settlement_period"] = listing.settlement_period.value
    if listing.strike is not None and listing.option_type is not None:
        wire |= {"strike": listing.strike, "option_type": listing.option_type.value}
    else:
        wire |= {
            "future_type": "reversed" if listing.inverse else "linear",
            "max_leverage": 50,
            "max_liquidation_commission": 0.0075,
        }
    return wire


def ticker(exchange: Exchange, name: str) -> Wire:
    """``public/ticker`` and the data of the ticker channels."""
    listing, mark, best = exchange.listing(name), exchange.mark(name), top(exchange, name)
    limits = price_limits(listing, mark, exchange.rules.widths)
    wire: Wire = {
        "timestamp": exchange.now_ms,
        "instrument_name": name,
        "state": "open",
        "stats": stats(exchange, name),
        "open_interest": open_interest(listing),
        "min_price": float(limits.lowest),
        "max_price": float(limits.highest),
        "mark_price": mark_price(listing, mark),
        "index_price": round(mark.index_price, 2),
        "last_price": exchange.last_price(name),
        "best_bid_price": best.bid,
        "best_bid_amount": best.bid_amount,
        "best_ask_price": best.ask,
        "best_ask_amount": best.ask_amount,
        "estimated_delivery_price": round(exchange.market.settlement_index(listing.index_name), 2),
    }
    if name in exchange.settlement_prices:
        wire["settlement_price"] = round(exchange.settlement_prices[name], 6)
    if listing.kind is ListingKind.PERPETUAL:
        funding = exchange.market.funding(name)
        wire |= {
            "current_funding": round(funding.current_funding, 8),
            "funding_8h": round(funding.funding_8h, 8),
            "interest_value": funding.interest_value,
        }
    if listing.kind is ListingKind.OPTION:
        wire |= _option_part(listing, mark, best)
    return wire


def book_summary(exchange: Exchange, name: str) -> Wire:
    """One row of ``public/get_book_summary_by_currency``."""
    listing, mark, best = exchange.listing(name), exchange.mark(name), top(exchange, name)
    both = best.bid > 0 and best.ask > 0
    wire: Wire = {
        "instrument_name": name,
        "base_currency": listing.base_currency,
        "quote_currency": listing.quote_currency,
        "creation_timestamp": exchange.now_ms,
        "mark_price": round(mark.mark_price, 8),
        "mid_price": round((best.bid + best.ask) / 2, 8) if both else None,
        "bid_price": best.bid or None,
        "ask_price": best.ask or None,
        "last": exchange.last_price(name),
        "open_interest": open_interest(listing),
        "estimated_delivery_price": round(exchange.market.settlement_index(listing.index_name), 2),
        **stats(exchange, name),
    }
    if listing.kind is ListingKind.OPTION:
        wire |= {
            "underlying_price": round(mark.underlying_price, 4),
            "underlying_index": mark.underlying_index,
            "interest_rate": mark.interest_rate,
            "mark_iv": round(100 * (mark.mark_iv or 0.0), 2),
        }
    if listing.kind is ListingKind.PERPETUAL:
        funding = exchange.market.funding(name)
        wire |= {"current_funding": funding.current_funding, "funding_8h": funding.funding_8h}
    return wire


def order_book(exchange: Exchange, name: str, depth: int) -> Wire:
    """``public/get_order_book``: the ticker and ``depth`` levels a side."""
    bids, asks = exchange.depth(name)
    return {
        **ticker(exchange, name),
        "change_id": change_id(exchange, name),
        "bids": [[float(level.price), float(level.amount)] for level in bids[:depth]],
        "asks": [[float(level.price), float(level.amount)] for level in asks[:depth]],
    }


def change_id(exchange: Exchange, name: str) -> int:
    """Number of the book's present state."""
    return exchange.market.book(name).sequence


def quote(exchange: Exchange, name: str) -> Wire:
    """The data of a quote channel."""
    best = top(exchange, name)
    return {
        "timestamp": exchange.now_ms,
        "instrument_name": name,
        "best_bid_price": best.bid,
        "best_bid_amount": best.bid_amount,
        "best_ask_price": best.ask,
        "best_ask_amount": best.ask_amount,
    }


def public_trade(trade: PublicTrade) -> Wire:
    """A trade on the tape."""
    return {
        "trade_seq": trade.trade_seq,
        "trade_id": trade.trade_id,
        "timestamp": trade.timestamp_ms,
        "tick_direction": trade.tick_direction,
        "price": trade.price,
        "mark_price": round(trade.mark_price, 6),
        "instrument_name": trade.instrument,
        "index_price": round(trade.index_price, 2),
        "direction": direction(trade.side),
        "amount": trade.amount,
    }


def direction(side: Side) -> str:
    """Deribit's word for a side."""
    return "buy" if side is Side.BUY else "sell"


def mark_price(listing: Listing, mark: Mark) -> float:
    """Mark as shown: six decimals of an option's premium, two of a price in dollars."""
    return round(mark.mark_price, 6 if listing.kind is ListingKind.OPTION else 2)


def stats(exchange: Exchange, name: str) -> Wire:
    """What traded since the exchange started; nulls where nothing did."""
    day = exchange.traded(name)
    if day is None:
        return {"volume": 0.0, "volume_usd": 0.0, "price_change": None, "low": None, "high": None}
    return {
        "volume": round(day.volume_coin, 8),
        "volume_usd": round(day.volume_usd, 2),
        "price_change": round(100 * (day.last / day.first - 1), 4),
        "low": day.low,
        "high": day.high,
    }


def open_interest(listing: Listing) -> float:
    """A plausible constant: the paper exchange has no crowd whose positions could be counted."""
    return (zlib.crc32(listing.name.encode()) % 5000) * listing.contract_size


def _option_part(listing: Listing, mark: Mark, best: Top) -> Wire:
    unit = mark.index_price if listing.inverse else 1.0
    return {
        "underlying_price": round(mark.underlying_price, 4),
        "underlying_index": mark.underlying_index,
        "interest_rate": mark.interest_rate,
        "mark_iv": round(100 * (mark.mark_iv or 0.0), 2),
        "bid_iv": _quote_iv(mark, (best.bid - mark.mark_price) * unit, empty=best.bid <= 0),
        "ask_iv": _quote_iv(mark, (best.ask - mark.mark_price) * unit, empty=best.ask <= 0),
        "greeks": {
            "delta": round(mark.delta or 0.0, 5),
            "gamma": round(mark.gamma or 0.0, 5),
            "vega": round(mark.vega or 0.0, 5),
            "theta": round(mark.theta or 0.0, 5),
            "rho": round(mark.rho or 0.0, 5),
        },
    }


def _quote_iv(mark: Mark, away_usd: float, *, empty: bool) -> float:
    """Volatility of a quote in percent, linear in vega around the mark, within what Deribit shows."""
    if empty or not mark.vega or mark.mark_iv is None:
        return 0.0
    return round(min(MAXIMAL_IV, max(0.0, 100 * mark.mark_iv + away_usd / mark.vega)), 2)


def _kind(listing: Listing) -> str:
    if listing.kind is ListingKind.PERPETUAL:
        return ListingKind.FUTURE.value
    return listing.kind.value


def _first(levels: list[Level]) -> tuple[float, float]:
    return (float(levels[0].price), float(levels[0].amount)) if levels else (0.0, 0.0)
