"""The record book: all that passes between the engine, the app and the command line."""

from hedging.ledger.book import Ledger
from hedging.ledger.leases import Lease
from hedging.ledger.option_history import OptionRecords
from hedging.ledger.saved import Closes, SavedScenarios
from hedging.ledger.series import Series
from hedging.ledger.transaction import Transaction

__all__ = ["Closes", "Lease", "Ledger", "OptionRecords", "SavedScenarios", "Series", "Transaction"]
