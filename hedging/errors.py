"""The error tree: what can go wrong, by what the caller can do about it.

::

    HedgingError
    ├── BadInput               a value from outside is wrong; the text says which, and what to do
    │   ├── SettingsError      the configuration file or the environment
    │   └── UnpriceableError   arguments no price, volatility or Greek exists for
    ├── WorkflowError          a step the life of a ticket or an order does not allow
    ├── VenueError             the exchange or the way to it
    │   ├── VenueRejected      the exchange answered, and said no: nothing was accepted
    │   ├── VenueUnreachable   no answer to a read: nothing is known, nothing was changed
    │   ├── VenueUnclear       no parsed answer to a write: it may have been accepted
    │   └── UnsafeKeyError     the key can do more than this product may be given
    └── LedgerError            the record book
        ├── LeaseLost          another engine holds this book, or the lease ran out
        └── LedgerTampered     the chain of records does not verify

The core raises and never logs; venue adapters translate the exchange library's errors at the edge.
"""


class HedgingError(Exception):
    """Root of every error this package raises on purpose."""


class BadInput(HedgingError):
    """A value from outside is wrong."""


class SettingsError(BadInput):
    """The configuration cannot be used."""


class UnpriceableError(BadInput):
    """No price, volatility or Greek exists for these arguments."""


class WorkflowError(HedgingError):
    """The life of a ticket or an order does not allow this step."""


class VenueError(HedgingError):
    """The exchange, or the way to it, failed."""


class VenueRejected(VenueError):
    """The exchange parsed the request and refused it: nothing was accepted."""


class VenueUnreachable(VenueError):
    """A read got no usable answer: the state at the exchange is not known."""


class VenueUnclear(VenueError):
    """A write left and no parsed answer came back: it may have been accepted."""


class UnsafeKeyError(VenueError):
    """The key may withdraw or administer: refuse to start with it."""


class LedgerError(HedgingError):
    """The record book cannot be read or written."""


class LeaseLost(LedgerError):
    """Another engine holds this book, or the lease has run out."""


class LedgerTampered(LedgerError):
    """A record was changed, removed or inserted outside the application."""
