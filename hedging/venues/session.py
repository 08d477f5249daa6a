"""One account at one exchange over REST: every read and every write, one request at a time.

The synchronous client on one worker thread: the asynchronous one re-sends a GET by itself when a connection
drops, and Deribit's orders are GETs. Reads raise VenueUnreachable and never return an empty list for a
failure; writes raise VenueRejected only when the exchange's answer proves that nothing was accepted.
"""

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar, TypeVarTuple

from hedging.errors import BadInput, HedgingError, VenueError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.model.trading import Fill, Order, OrderReport
from hedging.units import Side
from hedging.venues import deribit, deribit_orders
from hedging.venues.address import AccountAddress
from hedging.venues.client import order_safe_client
from hedging.venues.payload import Raw
from hedging.venues.scopes import KeyScopes, safe_scopes
from hedging.venues.translation import NOT_OPEN, ORDER_NOT_FOUND, answer_in, read_error, write_error

Answered = TypeVar("Answered")
Arguments = TypeVarTuple("Arguments")

RELOAD_PAUSE = timedelta(minutes=5)  # before asking again for an instrument the exchange did not list
PAGE = 1000  # trades per request, the exchange's largest
FORWARD = timedelta(days=1)  # beyond our clock, so that a trade a second ahead of it is not left out


class Pacing(Enum):
    """Whether the client itself waits between requests: reads do, orders are budgeted before they come here."""

    PACED = "paced"
    UNPACED = "unpaced"


class AccountSession:
    """REST session of one account. Methods block and may be called from any thread; ``run`` awaits them."""
