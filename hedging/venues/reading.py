"""What the parsers of OKX, Bybit and Binance share: touches, Greeks, merging, spot listings.

Pure, like the parsers. Volatility is a fraction on these exchanges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.exposure import Convention
from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement
from hedging.model.market import Quote, VenueGreeks
from hedging.units import Side
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.payload import Payload

HIGHEST_IV = 10.0
DELTA_SLACK = 1e-6  # what a venue's rounding may add to a bound that holds exactly
VEGA_PER_POINT = 100.0  # they send vega for one point of volatility
DAYS_PER_YEAR = 365.0  # they send theta for one day
_FIGURES = ("mark", "index", "forward", "iv", "venue_delta")  # of a mark, whatever sent it


def entries(value: object, kind: str) -> tuple[Payload, ...]:
    """Each object of a JSON list."""
    if not isinstance(value, list | tuple):
        raise BadInput(f"{kind}: expected a JSON list")
    return tuple(Payload(entry, kind) for entry in value)


def only(found: Sequence[Payload], kind: str) -> Payload:
    """The one object of a list that must hold exactly one."""
    if len(found) != 1:
        raise BadInput(f"{kind}: expected 1 entry, got {len(found)}")
    return found[0]


def known(instruments: Mapping[str, Instrument], name: str) -> Instrument:
    """The loaded instrument of that name. Raises UnknownInstrument."""
    instrument = instruments.get(name)
    if instrument is None:
        raise UnknownInstrument(name)
    return instrument


def side(read: Payload, field: str) -> Side:
    """Buy or sell, in whatever case the venue writes it."""
    text = read.text(field).lower()
    if text not in ("buy", "sell"):
        read.refuse(field, "buy or sell")
    return Side.BUY if text == "buy" else Side.SELL


def flag(read: Payload, field: str) -> bool:
    """A JSON true or false."""
    value = read.value(field)
    if not isinstance(value, bool):
        read.refuse(field, "true or false")
    return value


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps of amounts and prices of a listed instrument."""

    lot: Decimal
    minimum: Decimal
    tick: Decimal


def spot_listing(venue: str, symbol: str, pair: tuple[str, str, str], grid: Grid) -> Instrument:
    """A spot instrument of its name, base and quote currency, counted in coin."""
    name, base, quote = pair
    return Instrument(
        venue=venue,
        name=name,
        symbol=symbol,
        kind=Kind.SPOT,
        settlement=Settlement.LINEAR,
        underlying=base,
        settlement_currency=quote,
        amount_unit=AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
    )


def level(read: Payload, price_field: str, size_field: str) -> tuple[float | None, float | None]:
    """Price and size of one side of the touch; both sent empty or 0 mean that the side is empty.

    Raises BadInput where the payload does not speak of that side at all.
    """
    if not read.has(price_field):
        read.refuse(price_field, "a price, be it empty")
    price, size = read.optional_number(price_field), read.optional_number(size_field)
    if not price and not size:
        return None, None
    if price is None or price <= 0:
        read.refuse(price_field, "a price above 0")
    if size is None or size <= 0:
        read.refuse(size_field, "an amount above 0")
    return price, size


def volatility(read: Payload, field: str) -> float | None:
    """A volatility as a fraction, None where absent."""
    value = read.optional_positive(field)
    if value is not None and value > HIGHEST_IV:
        read.refuse(field, f"a fraction of at most {HIGHEST_IV:g}")
    return value


def black_delta(read: Payload, field: str) -> float | None:
    """A Black delta per coin, None where absent."""
    delta = read.optional_number(field)
    if delta is not None and abs(delta) > 1.0 + DELTA_SLACK:
        read.refuse(field, "a delta between -1 and 1")
    return delta


def merged(touch: Quote | None, marks: Sequence[Quote]) -> Quote:
    """One quote of payloads that each bring a part of it, for venues that send the parts apart.

    Bid and ask come from ``touch`` alone (an empty side stays empty); every other figure from the newest
    of ``marks`` by the venue's clock that has it. ``received_at`` is that of the oldest mark that gave a
    figure: one fresh part does not make the others fresh. Raises BadInput for parts of several
    instruments, or for no parts.
    """
    parts = (*marks, touch) if touch is not None else tuple(marks)
    if not parts or len({part.instrument for part in parts}) != 1:
        raise BadInput(f"parts of one quote expected, got {sorted({part.instrument for part in parts})}")
    newest = sorted(marks, key=lambda part: part.venue_at, reverse=True)
    base = touch or parts[0]
    used: list[datetime] = []
    found: dict[str, float | None] = dict.fromkeys(_FIGURES)
    for field in _FIGURES:
        for giver in newest:
            figure = getattr(giver, field)
            if figure is not None:
                found[field] = figure
                used.append(giver.received_at)
                break
    return Quote(
        venue=base.venue,
        instrument=base.instrument,
        bid=None if touch is None else touch.bid,
        ask=None if touch is None else touch.ask,
        bid_size=None if touch is None else touch.bid_size,
        ask_size=None if touch is None else touch.ask_size,
        **found,
        venue_at=max(part.venue_at for part in parts),
        received_at=min(used, default=base.received_at),
        touch_received_at=base.touch_received_at,
    )


@dataclass(frozen=True, slots=True)
class GreekFields:
    """Names under which a venue sends the Greeks of one convention."""

    delta: str
    gamma: str
    vega: str
    theta: str


@dataclass(frozen=True, slots=True)
class GreekContext:
    """What a set of Greeks shares with the payload it came in; ``forward`` in USD, ``iv`` a fraction."""

    instrument: Instrument
    iv: float | None
    forward: float | None
    venue_at: datetime | None
    received_at: datetime


def black_greeks(read: Payload, fields: GreekFields, about: GreekContext, currency: str) -> VenueGreeks:
    """Black Greeks sent per vol point and per day, as a noun.

    Raises BadInput where one is missing or cannot be Black's: a call's delta below 0, a put's above,
    beyond 1, a gamma or vega below 0.
    """
    option = about.instrument.option_kind
    if about.instrument.kind is not Kind.OPTION or option is None:
        raise BadInput(f"{about.instrument.name} is no option: it has no Greeks to read")
    delta = read.number(fields.delta)
    if not -DELTA_SLACK <= option * delta <= 1.0 + DELTA_SLACK:
        read.refuse(fields.delta, f"the delta of a {option.name.lower()}")
    for field in (fields.gamma, fields.vega):
        if read.number(field) < -DELTA_SLACK:
            read.refuse(field, "0 or more")
    return _greeks(read, fields, about, Convention.BLACK, currency)


def premium_adjusted_greeks(read: Payload, fields: GreekFields, about: GreekContext) -> VenueGreeks:
    """Greeks of the price in coin, sent per vol point and per day; their currency is the coin."""
    return _greeks(read, fields, about, Convention.PREMIUM_ADJUSTED, about.instrument.underlying)


def _greeks(
    read: Payload, fields: GreekFields, about: GreekContext, convention: Convention, currency: str
) -> VenueGreeks:
    return VenueGreeks(
        instrument=about.instrument.name,
        delta=read.number(fields.delta),
        gamma=read.number(fields.gamma),
        vega=read.number(fields.vega) * VEGA_PER_POINT,
        theta=read.number(fields.theta) * DAYS_PER_YEAR,
        convention=convention,
        currency=currency,
        iv=about.iv,
        forward=about.forward,
        venue_at=about.venue_at,
        received_at=about.received_at,
    )


def milliseconds(time: datetime) -> int:
    """Milliseconds since 1970."""
    return int(time.timestamp() * 1000)


def checked_venue_delta(read: Payload, field: str, instrument: Instrument, amount: Decimal) -> float | None:
    """A position's Black delta in coin as the venue states it; refused beyond the position's size."""
    delta = read.optional_number(field)
    if delta is None or instrument.amount_unit is AmountUnit.USD:
        return None
    if abs(delta) > abs(float(amount * instrument.multiplier)) * (1 + DELTA_SLACK) + DELTA_SLACK:
        read.refuse(field, f"at most the size of the position, {amount * instrument.multiplier} coins")
    return delta


def average_price(read: Payload, *fields: str) -> float | None:
    """The first entry price that is there; 0 means none."""
    for field in fields:
        price = read.optional_number(field)
        if price is not None and price < 0:
            read.refuse(field, "a price above 0")
        if price:
            return price
    return None
