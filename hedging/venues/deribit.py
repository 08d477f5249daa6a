"""Deribit: raw payloads of instruments, tickers and accounts to nouns.

Pure: what the exchange sent goes in, nouns come out, BadInput where a value cannot be used. Fields that are
not listed here are ignored. Source: docs.deribit.com and the recorded payloads named in tests/venues.

Units: amounts of inverse perpetuals and futures in USD, of everything else in coin; option prices of inverse
options in coin; volatility arrives in percent and leaves as a fraction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hedging.errors import BadInput
from hedging.model.book import Balance, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement, TickStep
from hedging.model.market import Quote
from hedging.venues.address import DERIBIT
from hedging.venues.payload import Payload, Raw

HIGHEST_IV_PERCENT = 1000.0
# Their delta_total is premium-adjusted; for the other currencies only the map says whose delta it is.
COIN_MARGINED = ("BTC", "ETH")
_OPTION_KINDS = {"call": OptionKind.CALL, "put": OptionKind.PUT}


def instrument(raw: Raw, symbol: str) -> Instrument:
    """One entry of ``public/get_instruments``; ``symbol`` is the exchange library's name of it.

    Raises BadInput for combinations (their legs are counted), for linear options with a contract size
    above 1 (what their amount counts has not been verified), and for a missing or implausible field.
    """
    read = Payload(raw, "instrument")
    kind = _kind(read)
    base, settled = read.text("base_currency"), read.optional_text("settlement_currency")
    inverse = kind is not Kind.SPOT and settled == base
    if kind is not Kind.SPOT and not inverse and settled != read.text("counter_currency"):
        read.refuse("settlement_currency", "the base or the counter currency")
    if kind is Kind.OPTION and not inverse and read.positive_decimal("contract_size") > 1:
        read.refuse("contract_size", "at most 1: the amount unit of larger linear options is not verified")
    in_usd = inverse and kind in (Kind.PERPETUAL, Kind.FUTURE)
    lot = read.positive_decimal("min_trade_amount")
    dated = kind in (Kind.FUTURE, Kind.OPTION)
    return Instrument(
        venue=DERIBIT,
        name=read.text("instrument_name"),
        symbol=symbol,
        kind=kind,
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        underlying=base,
        settlement_currency=settled or read.text("counter_currency"),
        amount_unit=AmountUnit.USD if in_usd else AmountUnit.COIN,
        lot=lot,
        minimum=lot,
        tick=read.positive_decimal("tick_size"),
        tick_steps=_tick_steps(read),
        index=read.optional_text("price_index"),
        expiry=read.time("expiration_timestamp") if dated else None,
        strike=_strike(read) if kind is Kind.OPTION else None,
        option_kind=_option_kind(read) if kind is Kind.OPTION else None,
    )


def is_combination(raw: Raw) -> bool:
    """Whether an entry of ``public/get_instruments`` is a combination of legs."""
    return "combo" in Payload(raw, "instrument").text("kind")


def _kind(read: Payload) -> Kind:
    text = read.text("kind")
    if text == "future":
        return Kind.PERPETUAL if read.text("settlement_period") == "perpetual" else Kind.FUTURE
    if text not in ("spot", "option"):
        read.refuse("kind", "spot, future or option")
    return Kind(text)


def _strike(read: Payload) -> float:
    return float(read.positive_decimal("strike"))


def _option_kind(read: Payload) -> OptionKind:
    kind = _OPTION_KINDS.get(read.text("option_type"))
    if kind is None:
        read.refuse("option_type", "call or put")
    return kind


def _tick_steps(read: Payload) -> tuple[TickStep, ...]:
    steps = read.value("tick_size_steps") or ()
    if not isinstance(steps, list | tuple):
        read.refuse("tick_size_steps", "a list")
    entries = [Payload(step, "tick size step") for step in steps]
    return tuple(
        TickStep(above=entry.positive_decimal("above_price"), tick=entry.positive_decimal("tick_size"))
        for entry in entries
    )


def quote(raw: Raw, previous: Quote | None, received_at: datetime) -> Quote:
    """A ticker, by ``public/ticker`` or the ``ticker`` channel.

    Where ``previous`` is newer by the venue's clock, its touch is kept: only mark, index, forward,
    volatility and delta are taken. Raises BadInput also for a closed instrument and a price not above 0; the
    mark of a worthless option alone is 0 (to the digits that are sent), and must not hide its position.
    """
    read = Payload(raw, "ticker")
    name = _same_instrument(read, previous)
    if read.value("state") not in (None, "open"):
        read.refuse("state", "open")
    at = read.time("timestamp")
    bid, bid_size = _side(read, "best_bid_price", "best_bid_amount")
    ask, ask_size = _side(read, "best_ask_price", "best_ask_amount")
    touch_at = received_at
    if previous is not None and at < previous.venue_at:
        bid, bid_size, ask, ask_size = previous.bid, previous.bid_size, previous.ask, previous.ask_size
        at, touch_at = previous.venue_at, previous.touch_received_at
    greeks = read.optional_object("greeks")
    return Quote(
        venue=DERIBIT,
        instrument=name,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        mark=_mark(read, greeks),
        index=read.optional_positive("index_price"),
        forward=read.optional_positive("underlying_price"),
        iv=_iv(read),
        venue_delta=_option_delta(greeks),
        venue_at=at,
        received_at=received_at,
        touch_received_at=touch_at,
    )


def ticker_time(raw: Raw) -> datetime:
    """The exchange's time of a ticker."""
    return Payload(raw, "ticker").time("timestamp")


def touch(raw: Raw, previous: Quote | None, received_at: datetime) -> Quote:
    """Best bid and ask of the ``quote`` channel, merged into ``previous``.

    ``received_at`` of the result stays that of the mark: a fresh touch does not make an old mark fresh.
    An update that is older than ``previous`` by the venue's clock changes nothing.
    """
    read = Payload(raw, "quote")
    name = _same_instrument(read, previous)
    at = read.time("timestamp")
    bid, bid_size = _side(read, "best_bid_price", "best_bid_amount")
    ask, ask_size = _side(read, "best_ask_price", "best_ask_amount")
    if previous is None:
        return Quote(
            venue=DERIBIT,
            instrument=name, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size, mark=None, index=None,
            forward=None, iv=None, venue_delta=None, venue_at=at, received_at=received_at,
            touch_received_at=received_at,
        )  # fmt: skip
    if at < previous.venue_at:
        return previous
    return replace(
        previous,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        venue_at=at,
        touch_received_at=received_at,
    )


def _same_instrument(read: Payload, previous: Quote | None) -> str:
    name = read.text("instrument_name")
    if previous is not None and previous.instrument != name:
        read.refuse("instrument_name", previous.instrument)
    return name


def _side(read: Payload, price_field: str, size_field: str) -> tuple[float | None, float | None]:
    """Price and size of one side; Deribit sends price 0 with amount 0 where there is none."""
    price, size = read.optional_number(price_field), read.optional_number(size_field)
    if not price and not size:
        return None, None
    if price is None or price <= 0:
        read.refuse(price_field, "a price above 0")
    if size is None or size <= 0:
        read.refuse(size_field, "an amount above 0")
    return price, size


def _mark(read: Payload, greeks: Payload | None) -> float | None:
    worthless = greeks is not None and read.optional_number("mark_price") == 0
    return 0.0 if worthless else read.optional_positive("mark_price")


def _iv(read: Payload) -> float | None:
    percent = read.optional_positive("mark_iv")
    if percent is None:
        return None
    if percent > HIGHEST_IV_PERCENT:
        read.refuse("mark_iv", f"at most {HIGHEST_IV_PERCENT:g} percent")
    return percent / 100.0


def _option_delta(greeks: Payload | None) -> float | None:
    if greeks is None:
        return None
    delta = greeks.optional_number("delta")
    if delta is not None and abs(delta) > 1.0:
        greeks.refuse("delta", "a delta between -1 and 1")
    return delta


def position(
    raw: Raw, account: str, instruments: Mapping[str, Instrument], received_at: datetime
) -> Position | None:
    """One entry of ``private/get_positions``; None where the size is 0.

    ``size`` is signed, in USD for inverse perpetuals and futures, otherwise in coin; a direction that
    contradicts its sign is refused, as is an instrument that is not among ``instruments``.
    """
    read = Payload(raw, "position")
    name = read.text("instrument_name")
    size = read.decimal("size")
    if size == 0:
        return None
    known = instruments.get(name)
    if known is None:
        raise UnknownInstrument(name)
    if read.text("direction") != ("buy" if size > 0 else "sell"):
        read.refuse("direction", "the sign of the size")
    average = read.optional_number("average_price")
    if average is not None and average < 0:
        read.refuse("average_price", "a price above 0")
    return Position(
        account=account,
        instrument=known,
        amount=size,
        average_price=average or None,
        floating_pnl=read.optional_number("floating_profit_loss"),
        venue_delta=read.optional_number("delta"),
        received_at=received_at,
    )


class UnknownInstrument(BadInput):
    """A payload names an instrument that has not been loaded: load again, then give up."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the instrument {name!r} is not among those loaded")
        self.name = name


def balance(raw: Raw, account: str, received_at: datetime) -> Balance:
    """One currency of ``private/get_account_summary`` or of the ``user.portfolio`` channel.

    ``delta_total`` of a coin-margined currency is the net transaction delta; of other currencies only
    ``delta_total_map`` says which underlying a delta belongs to, and without it nothing is claimed.
    """
    read = Payload(raw, "account summary")
    currency = read.text("currency").upper()
    return Balance(
        account=account,
        currency=currency,
        equity=read.number("equity"),
        available=read.number("available_funds"),
        initial_margin=_margin(read, "initial_margin"),
        maintenance_margin=_margin(read, "maintenance_margin"),
        delta_total=_delta_total(read, currency),
        received_at=received_at,
    )


def _margin(read: Payload, field: str) -> float:
    margin = read.number(field)
    if margin < 0:
        read.refuse(field, "a margin of 0 or more")
    return margin


def _delta_total(read: Payload, currency: str) -> tuple[tuple[str, float], ...]:
    if currency in COIN_MARGINED:
        return ((currency, read.number("delta_total")),)
    by_index = read.value("delta_total_map")
    if by_index is None:
        return ()
    if not isinstance(by_index, Mapping):
        read.refuse("delta_total_map", "an object of deltas by index")
    entries = Payload(by_index, f"delta_total_map of {currency}")
    deltas: dict[str, float] = {}
    for index in by_index:
        underlying = str(index).partition("_")[0].upper()
        deltas[underlying] = deltas.get(underlying, 0.0) + entries.number(index)
    return tuple(sorted(deltas.items()))


def server_time(milliseconds: object) -> datetime:
    """Answer of ``public/get_time``."""
    return Payload({"timestamp": milliseconds}, "server time").time("timestamp")


@dataclass(frozen=True, slots=True)
class IndexPrice:
    """An index of the exchange ("btc_usd") in USD."""

    name: str
    price: float
    venue_at: datetime
    received_at: datetime


def index_price(raw: Raw, received_at: datetime) -> IndexPrice:
    """A push of the ``deribit_price_index`` channel."""
    read = Payload(raw, "index")
    price = read.optional_positive("price")
    if price is None:
        read.refuse("price", "a number above 0")
    return IndexPrice(read.text("index_name"), price, read.time("timestamp"), received_at)
