"""OKX: raw payloads of instruments, tickers, Greeks and accounts to nouns.

Pure, like ``deribit``. Source: the v5 documentation and the recorded payloads named in tests/venues.

Units: every derivative is counted in contracts of ctVal x ctMult (coins for options and linear contracts,
100 or 10 USD for inverse ones), spot in coin. Option prices are in coin. ``opt-summary`` carries the Greeks
twice: of the price in coin, and of Black in dollars under names that end in BS.
"""

from collections.abc import Mapping
from datetime import datetime

from hedging.errors import BadInput
from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement, TickStep
from hedging.model.market import Quote, VenueGreeks
from hedging.venues.address import OKX
from hedging.venues.deribit import IndexPrice
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import (
    DELTA_SLACK,
    GreekContext,
    GreekFields,
    Grid,
    average_price,
    black_delta,
    black_greeks,
    checked_venue_delta,
    entries,
    known,
    level,
    only,
    premium_adjusted_greeks,
    spot_listing,
    volatility,
)

_KINDS = {"SPOT": Kind.SPOT, "SWAP": Kind.PERPETUAL, "FUTURES": Kind.FUTURE, "OPTION": Kind.OPTION}
_OPTION_KINDS = {"C": OptionKind.CALL, "P": OptionKind.PUT}
_BLACK = GreekFields("deltaBS", "gammaBS", "vegaBS", "thetaBS")
_COIN = GreekFields("delta", "gamma", "vega", "theta")


def answer(envelope: Raw) -> tuple[Raw, ...]:
    """Entries of a REST answer or a push. Raises BadInput where the venue reports an error."""
    read = Payload(envelope, "answer")
    if read.value("code") not in (None, "0"):
        read.refuse("code", '"0"')
    data = read.value("data")
    entries(data, "answer data")
    return tuple(data)  # type: ignore[arg-type]  # a list of objects, as was just checked


def instrument(raw: Raw, symbol: str, tick_steps: tuple[TickStep, ...] = ()) -> Instrument:
    """One entry of ``public/instruments``; ``tick_steps`` of an option come from ``tick_bands``.

    Raises BadInput for MARGIN and unknown kinds, for a contract whose value is in an unexpected currency,
    and for a missing or implausible field.
    """
    read = Payload(raw, "instrument")
    kind = _KINDS.get(read.text("instType"))
    if kind is None:
        read.refuse("instType", "SPOT, SWAP, FUTURES or OPTION")
    if kind is Kind.SPOT:
        return _spot(read, symbol)
    family = read.optional_text("uly") or read.text("instFamily")
    underlying = family.partition("-")[0]
    settled = read.text("settleCcy")
    inverse = settled == underlying
    if kind is not Kind.OPTION and read.text("ctType") != ("inverse" if inverse else "linear"):
        read.refuse("ctType", f"what a settlement in {settled} makes it")
    in_usd = inverse and kind is not Kind.OPTION
    if read.text("ctValCcy") != ("USD" if in_usd else underlying):
        read.refuse("ctValCcy", "USD" if in_usd else underlying)
    grid = _grid(read)
    return Instrument(
        venue=OKX,
        name=read.text("instId"),
        symbol=symbol,
        kind=kind,
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        underlying=underlying,
        settlement_currency=settled,
        amount_unit=AmountUnit.USD if in_usd else AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
        tick_steps=tick_steps,
        multiplier=read.positive_decimal("ctVal") * read.positive_decimal("ctMult"),
        index=family,
        expiry=None if kind is Kind.PERPETUAL else read.time("expTime"),
        strike=float(read.positive_decimal("stk")) if kind is Kind.OPTION else None,
        option_kind=_option_kind(read) if kind is Kind.OPTION else None,
    )


def _spot(read: Payload, symbol: str) -> Instrument:
    pair = (read.text("instId"), read.text("baseCcy"), read.text("quoteCcy"))
    return spot_listing(OKX, symbol, pair, _grid(read))


def _grid(read: Payload) -> Grid:
    return Grid(
        read.positive_decimal("lotSz"), read.positive_decimal("minSz"), read.positive_decimal("tickSz")
    )


def _option_kind(read: Payload) -> OptionKind:
    kind = _OPTION_KINDS.get(read.text("optType"))
    if kind is None:
        read.refuse("optType", "C or P")
    return kind


def tick_bands(raw: Raw) -> tuple[TickStep, ...]:
    """One entry of ``public/instrument-tick-bands``: from which price on which tick holds."""
    steps = []
    for band in entries(Payload(raw, "tick bands").value("tickBand"), "tick band"):
        lowest = band.decimal("minPx")
        if lowest < 0:
            band.refuse("minPx", "a price of 0 or more")
        steps.append(TickStep(above=lowest, tick=band.positive_decimal("tickSz")))
    return tuple(steps)


def _part(read: Payload, received_at: datetime, **figures: float | None) -> Quote:
    found = dict.fromkeys(
        ("bid", "ask", "bid_size", "ask_size", "mark", "index", "forward", "iv", "venue_delta")
    )
    return Quote(
        venue=OKX,
        instrument=read.text("instId"),
        **{**found, **figures},
        venue_at=read.time("ts"),
        received_at=received_at,
        touch_received_at=received_at,
    )


def ticker(raw: Raw, received_at: datetime) -> Quote:
    """One entry of ``market/ticker(s)`` or the ``tickers`` channel: the touch alone.

    Mark, index, forward and volatility come by other channels: see ``mark_price``, ``summary`` and
    ``reading.merged``.
    """
    read = Payload(raw, "ticker")
    bid, bid_size = level(read, "bidPx", "bidSz")
    ask, ask_size = level(read, "askPx", "askSz")
    return _part(read, received_at, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)


def mark_price(raw: Raw, received_at: datetime) -> Quote:
    """One entry of ``public/mark-price`` or its channel: the mark alone."""
    read = Payload(raw, "mark price")
    return _part(read, received_at, mark=float(read.positive_decimal("markPx")))


def summary(raw: Raw, received_at: datetime) -> Quote:
    """One entry of ``opt-summary``: forward, mark volatility and Black delta alone."""
    read = Payload(raw, "option summary")
    return _part(
        read,
        received_at,
        forward=read.optional_positive("fwdPx"),
        iv=volatility(read, "markVol"),
        venue_delta=black_delta(read, "deltaBS"),
    )


def greeks(raw: Raw, instrument: Instrument, received_at: datetime) -> tuple[VenueGreeks, VenueGreeks]:
    """One entry of ``opt-summary``: Black's Greeks, then those of the price in coin.

    Raises BadInput where one is missing, where Black's cannot belong to the option, or where the delta in
    coin exceeds Black's (their difference is the price, which is not negative).
    """
    read = Payload(raw, "option summary")
    if read.text("instId") != instrument.name:
        read.refuse("instId", instrument.name)
    about = GreekContext(
        instrument,
        volatility(read, "markVol"),
        read.optional_positive("fwdPx"),
        read.time("ts"),
        received_at,
    )
    black = black_greeks(read, _BLACK, about, "USD")
    coin = premium_adjusted_greeks(read, _COIN, about)
    if coin.delta > black.delta + DELTA_SLACK:
        read.refuse("delta", f"at most deltaBS, {black.delta}")
    return black, coin


def index_price(raw: Raw, received_at: datetime) -> IndexPrice:
    """One entry of ``market/index-tickers`` or its channel."""
    read = Payload(raw, "index")
    price = float(read.positive_decimal("idxPx"))
    return IndexPrice(read.text("instId"), price, read.time("ts"), received_at)


def position(
    raw: Raw, account: str, instruments: Mapping[str, Instrument], received_at: datetime
) -> Position | None:
    """One entry of ``account/positions``; None where the size is 0.

    ``pos`` counts contracts: signed in net mode, otherwise positive with the direction in ``posSide``.
    Raises BadInput for margin loans, for a direction that contradicts the sign, and for a deltaBS larger
    than the position.
    """
    read = Payload(raw, "position")
    name, size = read.text("instId"), read.decimal("pos")
    if size == 0:
        return None
    if read.text("instType") == "MARGIN":
        read.refuse("instType", "a derivative: a margin loan shows in the balances")
    way = read.text("posSide")
    if way not in ("net", "long", "short"):
        read.refuse("posSide", "net, long or short")
    if way != "net" and size < 0:
        read.refuse("pos", f"a size above 0 of a {way} position")
    found = known(instruments, name)
    amount = -size if way == "short" else size
    return Position(
        account=account,
        instrument=found,
        amount=amount,
        average_price=average_price(read, "avgPx"),
        floating_pnl=read.optional_number("upl"),
        venue_delta=checked_venue_delta(read, "deltaBS", found, amount),
        received_at=received_at,
    )


def holdings(raw: Raw, account: str, received_at: datetime) -> tuple[Holding, ...]:
    """Currencies of one entry of ``account/balance``; margins are None where they are kept in USD."""
    return tuple(
        Holding(
            account=account,
            currency=read.text("ccy"),
            equity=read.number("eq"),
            available=read.optional_number("availEq"),
            initial_margin=_margin(read, "imr"),
            maintenance_margin=_margin(read, "mmr"),
            received_at=received_at,
        )
        for read in entries(Payload(raw, "account").value("details"), "account detail")
    )


def account_margin(raw: Raw, account: str, received_at: datetime) -> Balance:
    """The account as a whole in USD, from one entry of ``account/balance``.

    ``equity`` is ``adjEq``, what counts as margin after haircuts. Raises BadInput where the account is
    margined by currency: then the margins are with the holdings.
    """
    read = Payload(raw, "account")
    initial, maintenance = _margin(read, "imr"), _margin(read, "mmr")
    if initial is None or maintenance is None:
        raise BadInput("account: no imr and mmr: it is not margined as a whole")
    return Balance(
        account=account,
        currency="USD",
        equity=read.number("adjEq"),
        available=read.number("availEq"),
        initial_margin=initial,
        maintenance_margin=maintenance,
        delta_total=(),
        received_at=received_at,
    )


def _margin(read: Payload, field: str) -> float | None:
    margin = read.optional_number(field)
    if margin is not None and margin < 0:
        read.refuse(field, "a margin of 0 or more")
    return margin


def server_time(envelope: Raw) -> datetime:
    """Answer of ``public/time``."""
    return only(entries(answer(envelope), "server time"), "server time").time("ts")
