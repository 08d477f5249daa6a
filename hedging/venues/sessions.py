"""The session that reads an account, by its venue."""

from collections.abc import Callable, Mapping
from datetime import datetime

from hedging.venues.address import BINANCE, BYBIT, OKX, AccountAddress
from hedging.venues.binance_session import BinanceSession
from hedging.venues.bybit_session import BybitSession
from hedging.venues.okx_session import OkxSession
from hedging.venues.polled import PolledSession

Opener = Callable[[AccountAddress, Callable[[], datetime]], PolledSession]
POLLED: Mapping[str, Opener] = {OKX: OkxSession, BYBIT: BybitSession, BINANCE: BinanceSession}


def polled_session(address: AccountAddress, clock: Callable[[], datetime]) -> PolledSession:
    """The session of an account at OKX, Bybit or Binance: there accounts are only read."""
    return POLLED[address.venue](address, clock)
