"""Binance: raw payloads of instruments, tickers, Greeks and accounts to nouns.

Pure, like ``deribit``. Source: Binance's documentation and the recorded payloads named in tests/venues.
Spot, USD-margined futures, coin-margined futures and options are four interfaces with four shapes.

Units: spot and USD-margined in coin; coin-margined in contracts of 100 USD (BTC) or 10 USD; options in
contracts of ``unit`` coins, their prices per contract, their Greeks per coin.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote, VenueGreeks
from hedging.venues.address import BINANCE
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import (
    GreekContext,
    GreekFields,
    Grid,
    average_price,
    black_delta,
    black_greeks,
    entries,
    known,
    level,
    only,
    spot_listing,
    volatility,
)

_CONTRACTS = {
    "PERPETUAL": Kind.PERPETUAL,
    "CURRENT_MONTH": Kind.FUTURE,
    "NEXT_MONTH": Kind.FUTURE,
    "CURRENT_QUARTER": Kind.FUTURE,
    "NEXT_QUARTER": Kind.FUTURE,
}
_OPTION_KINDS = {"CALL": OptionKind.CALL, "PUT": OptionKind.PUT}
_BY_REST = GreekFields("delta", "gamma", "vega", "theta")
_BY_STREAM = GreekFields("d", "g", "v", "t")


def _filter(read: Payload, kind: str) -> Payload:
    filters = entries(read.value("filters"), "filter")
    return only([entry for entry in filters if entry.value("filterType") == kind], f"filter {kind}")


def _grid(read: Payload) -> Grid:
    lots = _filter(read, "LOT_SIZE")
    return Grid(
        lots.positive_decimal("stepSize"),
        lots.positive_decimal("minQty"),
        _filter(read, "PRICE_FILTER").positive_decimal("tickSize"),
    )


def spot_instrument(raw: Raw, symbol: str) -> Instrument:
    """One symbol of ``api/v3/exchangeInfo``. Raises BadInput where it does not say that it is spot."""
    read = Payload(raw, "instrument")
    if read.value("isSpotTradingAllowed") is not True:
        read.refuse("isSpotTradingAllowed", "true")
    pair = (read.text("symbol"), read.text("baseAsset"), read.text("quoteAsset"))
    return spot_listing(BINANCE, symbol, pair, _grid(read))


def futures_instrument(raw: Raw, symbol: str) -> Instrument:
    """One symbol of ``fapi`` or ``dapi`` ``exchangeInfo``; a contract size makes it inverse.

    Raises BadInput for a contract type that is not known, a margin asset that does not fit, and a missing
    or implausible field.
    """
    read = Payload(raw, "instrument")
    kind = _CONTRACTS.get(read.text("contractType"))
    if kind is None:
        read.refuse("contractType", "a perpetual or a dated future")
    base, margin = read.text("baseAsset"), read.text("marginAsset")
    inverse = read.value("contractSize") is not None
    if margin != (base if inverse else read.text("quoteAsset")):
        read.refuse("marginAsset", "the base asset of inverse contracts, otherwise the quote asset")
    if inverse and read.text("quoteAsset") != "USD":
        read.refuse("quoteAsset", "USD: what a contract is worth")
    grid = _grid(read)
    return Instrument(
        venue=BINANCE,
        name=read.text("symbol"),
        symbol=symbol,
        kind=kind,
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        underlying=base,
        settlement_currency=margin,
        amount_unit=AmountUnit.USD if inverse else AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
        multiplier=read.positive_decimal("contractSize") if inverse else Decimal(1),
        index=read.optional_text("pair"),
        expiry=read.time("deliveryDate") if kind is Kind.FUTURE else None,
    )


def option_instrument(raw: Raw, symbol: str) -> Instrument:
    """One entry of ``optionSymbols`` of ``eapi`` ``exchangeInfo``: linear, in contracts of ``unit`` coins."""
    read = Payload(raw, "instrument")
    kind = _OPTION_KINDS.get(read.text("side"))
    if kind is None:
        read.refuse("side", "CALL or PUT")
    index, quoted = read.text("underlying"), read.text("quoteAsset")
    underlying = index.removesuffix(quoted)
    if underlying in (index, ""):
        read.refuse("underlying", f"a pair quoted in {quoted}")
    grid = _grid(read)
    return Instrument(
        venue=BINANCE,
        name=read.text("symbol"),
        symbol=symbol,
        kind=Kind.OPTION,
        settlement=Settlement.LINEAR,
        underlying=underlying,
        settlement_currency=quoted,
        amount_unit=AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
        multiplier=read.positive_decimal("unit"),
        index=index,
        expiry=read.time("expiryDate"),
        strike=float(read.positive_decimal("strikePrice")),
        option_kind=kind,
    )


def _named(read: Payload, *fields: str) -> str:
    """The first of several names for one field that is there, else the first."""
    return next((field for field in fields if read.value(field) is not None), fields[0])


def _quote(name: str, at: datetime, received_at: datetime, **figures: float | None) -> Quote:
    found = dict.fromkeys(
        ("bid", "ask", "bid_size", "ask_size", "mark", "index", "forward", "iv", "venue_delta")
    )
    return Quote(
        venue=BINANCE,
        instrument=name,
        **{**found, **figures},
        venue_at=at,
        received_at=received_at,
        touch_received_at=received_at,
    )


def book_ticker(raw: Raw, received_at: datetime) -> Quote:
    """``ticker/bookTicker`` or the ``bookTicker`` stream: the touch alone.

    Raises BadInput where no time is stated, as on spot: the age of such a touch is not known.
    """
    read = Payload(raw, "book ticker")
    rest = read.value("symbol") is not None
    bid, bid_size = level(read, "bidPrice", "bidQty") if rest else level(read, "b", "B")
    ask, ask_size = level(read, "askPrice", "askQty") if rest else level(read, "a", "A")
    return _quote(
        read.text("symbol" if rest else "s"),
        read.time("time" if rest else "E"),
        received_at,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
    )


def mark_price(raw: Raw, received_at: datetime) -> Quote:
    """``premiumIndex`` or the ``markPrice`` stream of futures: mark, and index where it is sent."""
    read = Payload(raw, "mark price")
    if read.value("symbol") is None and read.text("e") != "markPriceUpdate":
        read.refuse("e", "markPriceUpdate")
    return _quote(
        read.text(_named(read, "symbol", "s")),
        read.time(_named(read, "time", "E")),
        received_at,
        mark=float(read.positive_decimal(_named(read, "markPrice", "p"))),
        index=read.optional_positive(_named(read, "indexPrice", "i")),
    )


def option_mark(raw: Raw, received_at: datetime) -> Quote:
    """One entry of the ``optionMarkPrice`` stream (before 2025: ``ticker``): touch, mark, volatility.

    Prices are per contract. Binance states no forward of the expiry: it stays None.
    """
    read = Payload(raw, "option mark")
    bid, bid_size = level(read, "bo", "bq") if read.has("bo") else (None, None)
    ask, ask_size = level(read, "ao", "aq") if read.has("ao") else (None, None)
    return _quote(
        read.text("s"),
        read.time("E"),
        received_at,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
        mark=float(read.positive_decimal("mp")),
        index=read.optional_positive("i"),
        iv=volatility(read, "vo"),
        venue_delta=black_delta(read, "d"),
    )


def greeks(raw: Raw, instrument: Instrument, received_at: datetime) -> VenueGreeks:
    """Black Greeks of ``eapi/v1/mark`` (which carries no time) or the ``optionMarkPrice`` stream."""
    read = Payload(raw, "option mark")
    name = _named(read, "symbol", "s")
    if read.text(name) != instrument.name:
        read.refuse(name, instrument.name)
    stream = name == "s"
    about = GreekContext(
        instrument,
        volatility(read, "vo" if stream else "markIV"),
        None,
        read.time("E") if stream else None,
        received_at,
    )
    return black_greeks(read, _BY_STREAM if stream else _BY_REST, about, instrument.settlement_currency)


def futures_position(
    raw: Raw, account: str, instruments: Mapping[str, Instrument], received_at: datetime
) -> Position | None:
    """One entry of ``positionRisk`` or of ``P`` of an ``ACCOUNT_UPDATE``; None where it is flat.

    ``positionAmt`` is signed, in coin or in contracts. Raises BadInput where ``positionSide`` contradicts.
    """
    read = Payload(raw, "position")
    field = _named(read, "positionAmt", "pa")
    name, amount = read.text(_named(read, "symbol", "s")), read.decimal(field)
    if amount == 0:
        return None
    way = read.text(_named(read, "positionSide", "ps"))
    if way not in ("BOTH", "LONG" if amount > 0 else "SHORT"):
        read.refuse(field, f"the sign of a position that is {way}")
    return Position(
        account=account,
        instrument=known(instruments, name),
        amount=amount,
        average_price=average_price(read, "entryPrice", "ep"),
        floating_pnl=read.optional_number(_named(read, "unRealizedProfit", "unrealizedProfit", "up")),
        venue_delta=None,
        received_at=received_at,
    )


def option_position(
    raw: Raw, account: str, instruments: Mapping[str, Instrument], received_at: datetime
) -> Position | None:
    """One entry of ``eapi/v1/position``; None where it is flat. ``quantity`` is signed contracts."""
    read = Payload(raw, "position")
    name, amount = read.text("symbol"), read.decimal("quantity")
    if amount == 0:
        return None
    if read.text("side") != ("LONG" if amount > 0 else "SHORT"):
        read.refuse("side", "the sign of the quantity")
    return Position(
        account=account,
        instrument=known(instruments, name),
        amount=amount,
        average_price=average_price(read, "entryPrice"),
        floating_pnl=read.optional_number("unrealizedPNL"),
        venue_delta=None,
        received_at=received_at,
    )


def futures_balance(raw: Raw, account: str, received_at: datetime) -> Balance:
    """One entry of ``assets`` of the ``account`` answer of ``fapi`` or ``dapi``.

    ``equity`` is marginBalance: the wallet with unrealised profit. Lists of wallets lack it: refused.
    """
    read = Payload(raw, "asset")
    return Balance(
        account=account,
        currency=read.text("asset"),
        equity=read.number("marginBalance"),
        available=read.number("availableBalance"),
        initial_margin=_margin(read, "initialMargin"),
        maintenance_margin=_margin(read, "maintMargin"),
        delta_total=(),
        received_at=received_at,
    )


def option_balance(raw: Raw, account: str, received_at: datetime) -> Balance:
    """One entry of ``asset`` of ``eapi/v1/marginAccount``."""
    read = Payload(raw, "asset")
    return Balance(
        account=account,
        currency=read.text("asset"),
        equity=read.number("equity"),
        available=read.number("available"),
        initial_margin=_margin(read, "initialMargin"),
        maintenance_margin=_margin(read, "maintMargin"),
        delta_total=(),
        received_at=received_at,
    )


def spot_holdings(raw: Raw, account: str, received_at: datetime) -> tuple[Holding, ...]:
    """Currencies of ``api/v3/account`` of a spot account: free and locked; no margin is stated.

    Raises BadInput for other account types and for margin accounts, whose loans are elsewhere.
    """
    read = Payload(raw, "account")
    if read.text("accountType") != "SPOT":
        read.refuse("accountType", "SPOT")
    found = []
    for entry in entries(read.value("balances"), "balance"):
        free, locked = entry.number("free"), entry.number("locked")
        if free < 0 or locked < 0:
            entry.refuse("free", "a balance of 0 or more")
        found.append(
            Holding(
                account=account,
                currency=entry.text("asset"),
                equity=free + locked,
                available=free,
                initial_margin=None,
                maintenance_margin=None,
                received_at=received_at,
            )
        )
    return tuple(found)


def _margin(read: Payload, field: str) -> float:
    margin = read.number(field)
    if margin < 0:
        read.refuse(field, "a margin of 0 or more")
    return margin
