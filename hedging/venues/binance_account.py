"""Binance: what a key may do, an account's funds in its four wallets, and quotes of options by REST.

Pure, like ``binance``. Source: Binance's documentation, "account/apiRestrictions", "eapi/v1/mark" and
"eapi/v1/index".
"""

from dataclasses import dataclass
from datetime import datetime
from math import exp

from hedging.errors import BadInput
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.units import years_between
from hedging.venues import binance
from hedging.venues.address import BINANCE
from hedging.venues.deribit import IndexPrice
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import black_delta, entries, volatility
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes, without

MOVES_MONEY = frozenset({"enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer"})
HIGHEST_RATE = 1.0  # a year, as a fraction


def key_rights(raw: Raw) -> KeyScopes:
    """Rights of the key that asked for ``account/apiRestrictions``: its names that are true.

    Raises UnsafeKeyError where it may withdraw or transfer, and where it does not say whether.
    """
    if not isinstance(raw.get("enableWithdrawals"), bool):
        return without(frozenset(), MOVES_MONEY)
    granted = frozenset(name for name, value in raw.items() if value is True and name != "ipRestrict")
    return without(granted, MOVES_MONEY)


def server_time(raw: Raw) -> datetime:
    """Answer of ``time`` of any interface."""
    return Payload(raw, "server time").time("serverTime")


@dataclass(frozen=True, slots=True)
class Wallets:
    """Answers about one account: USD-margined, coin-margined, options (None where there are none), spot."""

    linear: Raw
    inverse: Raw
    options: Raw | None
    spot: Raw


def funds(wallets: Wallets, account: str, received_at: datetime) -> Funds:
    """The account's funds; currencies with nothing in them are left out, of which there are dozens."""
    contracts = (*_assets(wallets.linear, "assets"), *_assets(wallets.inverse, "assets"))
    options = () if wallets.options is None else _assets(wallets.options, "asset")
    balances = (
        *(binance.futures_balance(raw, account, received_at) for raw in contracts),
        *(binance.option_balance(raw, account, received_at) for raw in options),
    )
    holdings = binance.spot_holdings(wallets.spot, account, received_at)
    return Funds(
        tuple(balance for balance in balances if balance.equity or balance.initial_margin),
        tuple(holding for holding in holdings if holding.equity),
    )


def _assets(wallet: Raw, field: str) -> tuple[Raw, ...]:
    listed = Payload(wallet, "account").value(field)
    entries(listed, "asset")
    return tuple(listed)  # type: ignore[arg-type]  # a list of objects, as was just checked


def index_price(raw: Raw, name: str, received_at: datetime) -> IndexPrice:
    """Answer of ``eapi/v1/index`` for ``name``, a pair such as BTCUSDT."""
    read = Payload(raw, "index")
    return IndexPrice(name, float(read.positive_decimal("indexPrice")), read.time("time"), received_at)


def option_quote(raw: Raw, of: Instrument, index: IndexPrice, received_at: datetime) -> Quote:
    """One entry of ``eapi/v1/mark`` with the index asked for beside it; no touch.

    The entry carries no time: that of the index, read a moment before, is taken. Binance states no forward;
    it prices on the index carried at ``riskFreeInterest``, with which its own delta follows from its mark
    volatility to the last digit sent. Without that rate there is no forward.
    """
    read = Payload(raw, "option mark")
    if read.text("symbol") != of.name:
        read.refuse("symbol", of.name)
    if of.expiry is None or index.name != of.index:
        raise BadInput(f"{of.name}: the index {index.name} is not that of an option of its own")
    rate = read.optional_number("riskFreeInterest")
    if rate is not None and abs(rate) > HIGHEST_RATE:
        read.refuse("riskFreeInterest", "a rate a year between -1 and 1")
    years = years_between(received_at, of.expiry)
    return Quote(
        venue=BINANCE,
        instrument=of.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=float(read.positive_decimal("markPrice")),
        index=index.price,
        forward=None if rate is None else index.price * exp(rate * max(0.0, years)),
        iv=volatility(read, "markIV"),
        venue_delta=black_delta(read, "delta"),
        venue_at=index.venue_at,
        received_at=min(received_at, index.received_at),
        touch_received_at=received_at,
    )
