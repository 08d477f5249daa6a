"""The sessions of an account, by its venue: one that reads, one that sends orders too."""

from collections.abc import Callable, Mapping
from datetime import datetime

from hedging.venues.address import BINANCE, BYBIT, DERIBIT, OKX, AccountAddress
from hedging.venues.binance_order_session import BinanceOrderSession
from hedging.venues.binance_session import BinanceSession
from hedging.venues.bybit_order_session import BybitOrderSession
from hedging.venues.bybit_session import BybitSession
from hedging.venues.okx_order_session import OkxOrderSession
from hedging.venues.okx_session import OkxSession
from hedging.venues.order_session import OrderSession
from hedging.venues.polled import PolledSession
from hedging.venues.session import AccountSession
from hedging.venues.wire import Pacing

Clock = Callable[[], datetime]
POLLED: Mapping[str, Callable[[AccountAddress, Clock], PolledSession]] = {
    OKX: OkxSession,
    BYBIT: BybitSession,
    BINANCE: BinanceSession,
}
TRADING: Mapping[str, Callable[[AccountAddress, Clock, Pacing], OrderSession]] = {
    DERIBIT: AccountSession,
    OKX: OkxOrderSession,
    BYBIT: BybitOrderSession,
    BINANCE: BinanceOrderSession,
}


def polled_session(address: AccountAddress, clock: Clock) -> PolledSession:
    """The session of an account at OKX, Bybit or Binance that is only read."""
    return POLLED[address.venue](address, clock)


def order_session(address: AccountAddress, clock: Clock, pacing: Pacing) -> OrderSession:
    """The session of an account that orders are sent to.

    Orders go unpaced, being budgeted before they come; what reads the account meanwhile is a second
    session, paced.
    """
    return TRADING[address.venue](address, clock, pacing)
