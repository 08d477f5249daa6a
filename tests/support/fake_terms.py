"""The terms of the stand-in engine, kept in the ledger by the transitions that the engine has too."""

from dataclasses import replace
from datetime import datetime

from hedging.errors import HedgingError
from hedging.ledger import Ledger
from hedging.ledger.leases import Lease
from hedging.model.limits import (
    WHOLE_BOOK,
    Band,
    HedgeTarget,
    Limit,
    Measure,
    Numeraire,
    Scope,
    ScopeKind,
)
from hedging.model.smile import SmileRule
from hedging.model.terms import DeskTerms, Terms, TermsState, TermsVersion
from hedging.model.trading import Command, CommandKind
from hedging.workflow import terms as life
from hedging.workflow.terms_checks import Premises, flaws

ACCOUNT = Scope(ScopeKind.ACCOUNT, "main")
VENUE = Scope(ScopeKind.VENUE, "paper")
PREMISES = Premises(
    lots={"BTC": 0.0001, "ETH": 0.0026}, accounts=frozenset({"main"}), venues=frozenset({"paper"})
)


def terms_of(underlying: str, half_width: float) -> Terms:
    """Plausible terms around a symmetric band."""
    scope = Scope(ScopeKind.UNDERLYING, underlying)
    hard = {
        Measure.DELTA: half_width * 4,
        Measure.GAMMA_1PCT: half_width / 2,
        Measure.VEGA: 4e6,
        Measure.GROSS_NOTIONAL: 2.5e7,
        Measure.HEDGE_POSITION: half_width * 8,
    }
    return Terms(
        underlying=underlying,
        numeraire=Numeraire(0.0),
        band=Band(lower=-half_width, centre=0.0, upper=half_width, target=HedgeTarget.CENTRE),
        smile=SmileRule.STICKY_STRIKE,
        limits=tuple(Limit(scope=scope, measure=m, soft=0.75 * most, hard=most) for m, most in hard.items()),
        max_order_coin=half_width * 2,
    )


WIDER = (
    Limit(scope=ACCOUNT, measure=Measure.LEVERAGE, soft=3.0, hard=5.0),
    Limit(scope=VENUE, measure=Measure.GROSS_NOTIONAL, soft=4e7, hard=6e7),
    Limit(scope=WHOLE_BOOK, measure=Measure.NET_NOTIONAL, soft=2e7, hard=3e7),
    Limit(scope=WHOLE_BOOK, measure=Measure.VEGA, soft=6e6, hard=9e6),
)


class FakeTerms:
    """Versions in the ledger; commands are answered by the transitions that the engine has too."""

    def __init__(self, ledger: Ledger, lease: Lease, now: datetime, bands: dict[str, float]) -> None:
        self.ledger = ledger
        self.lease = lease
        wanted = DeskTerms(underlyings=tuple(terms_of(*each) for each in bands.items()), wider=WIDER)
        if not ledger.terms():
            self._put(life.from_file(wanted, None, 1, now), now)

    def _put(self, version: TermsVersion, now: datetime) -> None:
        with self.ledger.write(self.lease, now) as transaction:
            transaction.put_terms(version)

    @property
    def current(self) -> TermsVersion:
        """The version in force."""
        return self.ledger.terms(states=[TermsState.IN_FORCE])[0]

    @property
    def proposals(self) -> tuple[TermsVersion, ...]:
        """Those that wait, newest first."""
        return self.ledger.terms(states=[TermsState.PROPOSED])

    def answer(self, command: Command, now: datetime) -> str:
        """Do what a command asks; raises HedgingError with the reason where it cannot be done."""
        if command.kind is CommandKind.PROPOSE_TERMS:
            return self._propose(command, now)
        version = next((v for v in self.ledger.terms() if v.number == command.ref_version), None)
        if version is None:
            raise HedgingError(f"there is no version {command.ref_version}")
        if command.kind is CommandKind.APPROVE_TERMS:
            current = self.current
            new = life.approve(version, current, command.user, command.ref_hash, now)
            self._put(life.supersede(current, new, now), now)
            self._put(new, now)
            return f"version {new.number} is in force"
        if command.kind is CommandKind.REJECT_TERMS:
            self._put(life.reject(version, command.user, command.ref_hash, command.reason, now), now)
            return f"version {version.number} rejected"
        self._put(life.withdraw(version, command.user, command.ref_hash, command.reason, now), now)
        return f"version {version.number} withdrawn"

    def _propose(self, command: Command, now: datetime) -> str:
        change = life.change_of(command.body)
        number = self.ledger.terms()[0].number + 1
        made = life.propose(self.current, change, command.user, command.reason, now, number)
        wrong = flaws(made.terms, PREMISES)
        if wrong:
            raise HedgingError("; ".join(wrong))
        self._put(made, now)
        return f"version {number} waits for a second person"


def narrower(terms: Terms, times: float) -> Terms:
    """The same terms with a band of another width."""
    band = terms.band
    return replace(terms, band=replace(band, lower=band.lower * times, upper=band.upper * times))
