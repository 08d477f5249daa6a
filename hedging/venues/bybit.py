"""Bybit (v5): raw payloads of instruments, tickers, Greeks and accounts to nouns.

Pure, like ``deribit``. Source: the v5 documentation and the recorded payloads named in tests/venues.

Units: inverse contracts are counted in USD, everything else in coin; option prices are in the settlement
currency (USDC or USDT). Entries of a list carry no time: it is in the envelope around them.
"""

from collections.abc import Mapping
from datetime import datetime

from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote, VenueGreeks
from hedging.venues.address import BYBIT
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
    spot_listing,
    volatility,
)

_CONTRACTS = {
    "LinearPerpetual": (Kind.PERPETUAL, Settlement.LINEAR),
    "LinearFutures": (Kind.FUTURE, Settlement.LINEAR),
    "InversePerpetual": (Kind.PERPETUAL, Settlement.INVERSE),
    "InverseFutures": (Kind.FUTURE, Settlement.INVERSE),
}
_OPTION_KINDS = {"Call": OptionKind.CALL, "Put": OptionKind.PUT}
_BLACK = GreekFields("delta", "gamma", "vega", "theta")
_TOUCHES = (
    ("bid1Price", "bid1Size", "ask1Price", "ask1Size"),
    ("bidPrice", "bidSize", "askPrice", "askSize"),  # options by websocket
)
_NO_EXPIRY = (None, "0", 0)


def answer(envelope: Raw) -> tuple[tuple[Raw, ...], datetime]:
    """Entries and time of a REST answer. Raises BadInput where the venue reports an error."""
    read = accepted(envelope)
    found = Payload(read.value("result"), "answer result").value("list")
    entries(found, "answer list")
    return tuple(found), read.time("time")  # type: ignore[arg-type]  # a list of objects, as was checked


def server_time(envelope: Raw) -> datetime:
    """Answer of ``market/time``."""
    return accepted(envelope).time("time")


def accepted(envelope: Raw) -> Payload:
    """An answer in which the exchange reports no error."""
    read = Payload(envelope, "answer")
    if read.value("retCode") not in (0, "0"):
        read.refuse("retCode", "0")
    return read


def instrument(raw: Raw, symbol: str) -> Instrument:
    """One entry of ``market/instruments-info`` of any category.

    Raises BadInput for an unknown contract type, a settlement that does not fit it, and a missing or
    implausible field.
    """
    read = Payload(raw, "instrument")
    if read.value("optionsType") is not None:
        return _option(read, symbol)
    if read.value("contractType") is None:
        return _spot(read, symbol)
    contract = _CONTRACTS.get(read.text("contractType"))
    if contract is None:
        read.refuse("contractType", " or ".join(_CONTRACTS))
    kind, settlement = contract
    base, settled = read.text("baseCoin"), read.text("settleCoin")
    inverse = settlement is Settlement.INVERSE
    if inverse != (settled == base):
        read.refuse("settleCoin", "a currency that fits the contract type")
    dated = kind is Kind.FUTURE or read.value("deliveryTime") not in _NO_EXPIRY  # a delisted perpetual
    grid = _grid(read, "qtyStep")
    return Instrument(
        venue=BYBIT,
        name=read.text("symbol"),
        symbol=symbol,
        kind=kind,
        settlement=settlement,
        underlying=base,
        settlement_currency=settled,
        amount_unit=AmountUnit.USD if inverse else AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
        expiry=read.time("deliveryTime") if dated else None,
    )


def _spot(read: Payload, symbol: str) -> Instrument:
    pair = (read.text("symbol"), read.text("baseCoin"), read.text("quoteCoin"))
    return spot_listing(BYBIT, symbol, pair, _grid(read, "basePrecision"))


def _grid(read: Payload, lot: str) -> Grid:
    lots = Payload(read.value("lotSizeFilter"), "lot size filter")
    return Grid(
        lots.positive_decimal(lot),
        lots.positive_decimal("minOrderQty"),
        Payload(read.value("priceFilter"), "price filter").positive_decimal("tickSize"),
    )


def _option(read: Payload, symbol: str) -> Instrument:
    kind = _OPTION_KINDS.get(read.text("optionsType"))
    if kind is None:
        read.refuse("optionsType", "Call or Put")
    base, settled = read.text("baseCoin"), read.text("settleCoin")
    if settled == base:
        read.refuse("settleCoin", "a stablecoin: options settled in coin are not known here")
    name = read.text("symbol")
    grid = _grid(read, "qtyStep")
    return Instrument(
        venue=BYBIT,
        name=name,
        symbol=symbol,
        kind=Kind.OPTION,
        settlement=Settlement.LINEAR,
        underlying=base,
        settlement_currency=settled,
        amount_unit=AmountUnit.COIN,
        lot=grid.lot,
        minimum=grid.minimum,
        tick=grid.tick,
        expiry=read.time("deliveryTime"),
        strike=_strike(read, name),
        option_kind=kind,
    )


def _strike(read: Payload, name: str) -> float:
    """The strike, which only the name tells: BTC-29DEC23-80000-C, BTC-26DEC25-90000-P-USDT."""
    parts = name.split("-")
    if len(parts) not in (4, 5):
        read.refuse("symbol", "base-date-strike-C or P")
    return float(Payload({"symbol": name, "strike": parts[2]}, "option name").positive_decimal("strike"))


def quote(raw: Raw, at: datetime, previous: Quote | None, received_at: datetime) -> Quote:
    """A ticker of any category, by REST or websocket; ``at`` is the time of the envelope.

    A websocket delta brings some fields: what it leaves out is kept from ``previous``, also the time at
    which the mark or the touch last arrived. An update older than ``previous`` changes nothing. Raises
    BadInput for a first payload with neither touch nor mark.
    """
    read = Payload(raw, "ticker")
    name = read.text("symbol")
    if previous is not None and previous.instrument != name:
        read.refuse("symbol", previous.instrument)
    if previous is not None and at < previous.venue_at:
        return previous
    names = next((fields for fields in _TOUCHES if all(field in raw for field in fields)), None)
    if previous is None and names is None and read.value("markPrice") is None:
        read.refuse("markPrice", "a mark or a touch")
    base = previous if previous is not None else _empty(name, at, received_at)
    bid, bid_size, ask, ask_size = base.bid, base.bid_size, base.ask, base.ask_size
    touched_at = base.touch_received_at
    if names is not None:
        bid, bid_size = level(read, names[0], names[1])
        ask, ask_size = level(read, names[2], names[3])
        touched_at = received_at
    mark = read.optional_positive("markPrice")
    return Quote(
        venue=BYBIT,
        instrument=name,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        mark=mark or base.mark,
        index=read.optional_positive("indexPrice") or base.index,
        forward=read.optional_positive("underlyingPrice") or base.forward,
        iv=_iv(read) or base.iv,
        venue_delta=base.venue_delta if read.value("delta") is None else black_delta(read, "delta"),
        venue_at=at,
        received_at=base.received_at if mark is None else received_at,
        touch_received_at=touched_at,
    )


def _empty(name: str, at: datetime, received_at: datetime) -> Quote:
    return Quote(
        venue=BYBIT,
        instrument=name, bid=None, ask=None, bid_size=None, ask_size=None, mark=None, index=None,
        forward=None, iv=None, venue_delta=None, venue_at=at, received_at=received_at,
        touch_received_at=received_at,
    )  # fmt: skip


def _iv(read: Payload) -> float | None:
    return volatility(read, "markIv") or volatility(read, "markPriceIv")


def greeks(raw: Raw, instrument: Instrument, at: datetime, received_at: datetime) -> VenueGreeks:
    """Black Greeks of an option's ticker, in its settlement currency; ``at`` is the envelope's time."""
    read = Payload(raw, "ticker")
    if read.text("symbol") != instrument.name:
        read.refuse("symbol", instrument.name)
    about = GreekContext(instrument, _iv(read), read.optional_positive("underlyingPrice"), at, received_at)
    return black_greeks(read, _BLACK, about, instrument.settlement_currency)


def position(
    raw: Raw, account: str, instruments: Mapping[str, Instrument], received_at: datetime
) -> Position | None:
    """One entry of ``position/list`` or the ``position`` channel; None where the size is 0.

    ``size`` is unsigned, the direction is in ``side``; no delta is stated per position.
    """
    read = Payload(raw, "position")
    name, size = read.text("symbol"), read.decimal("size")
    if size == 0:
        return None
    if size < 0:
        read.refuse("size", "a size of 0 or more: the direction is in side")
    way = read.text("side")
    if way not in ("Buy", "Sell"):
        read.refuse("side", "Buy or Sell")
    return Position(
        account=account,
        instrument=known(instruments, name),
        amount=size if way == "Buy" else -size,
        average_price=average_price(read, "avgPrice", "entryPrice"),
        floating_pnl=read.optional_number("unrealisedPnl"),
        venue_delta=None,
        received_at=received_at,
    )


def holdings(raw: Raw, account: str, received_at: datetime) -> tuple[Holding, ...]:
    """Currencies of one account of ``account/wallet-balance``; the account's margin is in USD."""
    return tuple(
        Holding(
            account=account,
            currency=read.text("coin"),
            equity=read.number("equity"),
            available=None,  # availableToWithdraw is no longer filled, and withdrawals are not ours
            initial_margin=_sum(read, "totalPositionIM", "totalOrderIM"),
            maintenance_margin=_sum(read, "totalPositionMM"),
            received_at=received_at,
        )
        for read in entries(Payload(raw, "account").value("coin"), "account coin")
    )


def account_margin(raw: Raw, account: str, received_at: datetime) -> Balance:
    """A unified account as a whole in USD; ``equity`` is totalEquity, not the wallet's balance.

    Raises BadInput for other account types: their totals mean something else.
    """
    read = Payload(raw, "account")
    if read.text("accountType") != "UNIFIED":
        read.refuse("accountType", "UNIFIED")
    return Balance(
        account=account,
        currency="USD",
        equity=read.number("totalEquity"),
        available=read.number("totalAvailableBalance"),
        initial_margin=_not_negative(read, "totalInitialMargin"),
        maintenance_margin=_not_negative(read, "totalMaintenanceMargin"),
        delta_total=(),
        received_at=received_at,
    )


def coin_greeks(raw: Raw) -> tuple[str, float]:
    """One entry of ``asset/coin-greeks``: underlying, and Black delta of all its options in coin."""
    read = Payload(raw, "coin greeks")
    return read.text("baseCoin"), read.number("totalDelta")


def _sum(read: Payload, *fields: str) -> float | None:
    """Sum of margins, None where one is absent."""
    if any(read.value(field) is None for field in fields):
        return None
    return sum(_not_negative(read, field) for field in fields)


def _not_negative(read: Payload, field: str) -> float:
    margin = read.number(field)
    if margin < 0:
        read.refuse(field, "a margin of 0 or more")
    return margin
