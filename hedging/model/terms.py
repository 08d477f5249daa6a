"""The desk's terms and their versions: what may be changed while the engine runs, by whom, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.model.limits import Band, Limit, Numeraire
from hedging.model.smile import SmileRule

CONFIGURATION_FILE = "configuration file"
START_OF_ENGINE = "start of the engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is wanted and allowed of one underlying.

    ``limits`` are all of this underlying's scope; ``max_order_coin`` bounds a single order (C4).
    """

    underlying: str
    numeraire: Numeraire
    band: Band
    smile: SmileRule
    limits: tuple[Limit, ...]
    max_order_coin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTerms:
    """The terms of every underlying, and the limits of accounts, venues and the book."""

    underlyings: tuple[Terms, ...]
    wider: tuple[Limit, ...] = ()

    def of(self, underlying: str) -> Terms | None:
        """Terms of one underlying."""
        return next((terms for terms in self.underlyings if terms.underlying == underlying), None)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit of every scope."""
        return (*(limit for terms in self.underlyings for limit in terms.limits), *self.wider)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChange:
    """What a person wants to be different: underlyings with their whole new terms; the others stay.

    ``wider``: all limits of accounts, venues and the book as they are to be; None leaves them.
    """

    underlyings: tuple[Terms, ...] = ()
    wider: tuple[Limit, ...] | None = None


class TermsState(StrEnum):
    """Life of a version of the terms."""

    PROPOSED = "proposed"
    IN_FORCE = "in force"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class TermsSource(StrEnum):
    """Where a version is from."""

    FILE = "configuration file"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsVersion:
    """One version of the terms, whole; it is never changed but for its state.

    ``number`` grows with each, proposals that came to nothing included; ``based_on`` is the version that
    was in force when it was written. ``content_hash`` covers what is approved: number, base and terms.
    ``approver`` and ``approved_at`` are set once it took effect; ``ended_by``, ``ended_at`` and ``note``
    once it was rejected, withdrawn or superseded.
    """

    number: int
    based_on: int
    at: datetime
    source: TermsSource
    author: str
    reason: str
    state: TermsState
    terms: DeskTerms
    content_hash: str
    approver: str = ""
    approved_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    note: str = ""
