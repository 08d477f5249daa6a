"""The record book: all that passes between the engine, the app and the command line."""

from hedging.ledger.book import Ledger
from hedging.ledger.leases import Lease
from hedging.ledger.series import Series
from hedging.ledger.transaction import Transaction

__all__ = ["Lease", "Ledger", "Series", "Transaction"]
