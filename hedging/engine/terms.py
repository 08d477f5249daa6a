"""The desk's terms in the engine: which version is in force, and what becomes of those people propose."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hedging.core.events import TermsTaken
from hedging.decide import assess
from hedging.engine.desk_state import DeskState
from hedging.engine.recording import Recorder
from hedging.errors import BadInput, SettingsError, WorkflowError
from hedging.ledger import Transaction
from hedging.model.limits import BreachLevel, Utilisation
from hedging.model.rules import Rules
from hedging.model.terms import DeskTerms, TermsSource, TermsState, TermsVersion
from hedging.model.trading import (
    Command,
    CommandKind,
    CommandState,
    Ticket,
    TicketState,
    TradingStatus,
)
from hedging.policy.sizing import lot_in_coin
from hedging.risk.smile_shift import why_not
from hedging.workflow import authority
from hedging.workflow import terms as versions
from hedging.workflow import ticket as tickets
from hedging.workflow.terms_checks import Premises, flaws

WAITING = frozenset({TermsState.PROPOSED, TermsState.IN_FORCE})


@dataclass(frozen=True, slots=True)
class TermsStep:
    """What becomes of the terms by one command: versions in the order they are stored, and the answer.

    ``status``: the book's switch, where it changes, with why; ``tickets`` that are closed.
    """

    versions: tuple[TermsVersion, ...]
    answer: str
    status: TradingStatus | None = None
    why: str = ""
    tickets: tuple[Ticket, ...] = ()


def premises_of(rules: Rules, lots: Mapping[str, float | None]) -> Premises:
    """What terms of these rules are held against; ``lots``: delta in coin of one lot of each hedge."""
    return Premises(
        lots=lots,
        accounts=frozenset(account.name for account in rules.accounts),
        venues=frozenset(account.venue for account in rules.accounts),
    )


def taken_up(recorder: Recorder, rules: Rules, premises: Premises, now: datetime) -> TermsVersion:
    """The version that is in force from this start on.

    The file's terms are version 1, and again a new version whenever the file has changed since it was read
    last; while it has not, a later version that people approved stays. Raises SettingsError where the
    version cannot be used with the rest of the configuration.
    """
    terms = versions.terms_of(rules)
    with recorder.writing() as transaction:
        known = transaction.terms()
        current = next((each for each in known if each.state is TermsState.IN_FORCE), None)
        read_last = next((each for each in known if each.source is TermsSource.FILE), None)
        if current is None or read_last is None or read_last.terms != terms:
            current = _put_file(
                transaction, known, versions.from_file(terms, current, _next(known), now), now
            )
    found = flaws(current.terms, premises)
    if found:
        raise SettingsError(
            f"version {current.number} of the terms, by {current.author}, cannot be used with this "
            f"configuration: {'; '.join(found)}; correct the configuration, or change its terms: they then "
            f"take the place of version {current.number}"
        )
    return current


def _put_file(
    transaction: Transaction, known: Iterable[TermsVersion], fresh: TermsVersion, now: datetime
) -> TermsVersion:
    for each in known:
        if each.state in WAITING:
            transaction.put_terms(versions.supersede(each, fresh, now))
    transaction.put_terms(fresh)
    return fresh


def _next(known: Iterable[TermsVersion]) -> int:
    return max((each.number for each in known), default=0) + 1


class TermsClerk:
    """Carries out what people ask about the terms; each answer is stored together with what it says."""

    def __init__(self, desk: DeskState) -> None:
        self._desk = desk
        self._acts: dict[CommandKind, Callable[[Command, Transaction], TermsStep]] = {
            CommandKind.PROPOSE_TERMS: self._propose,
            CommandKind.APPROVE_TERMS: self._approve,
            CommandKind.REJECT_TERMS: self._reject,
            CommandKind.WITHDRAW_TERMS: self._withdraw,
        }

    @property
    def kinds(self) -> frozenset[CommandKind]:
        """The commands that it carries out."""
        return frozenset(self._acts)

    def handle(self, command: Command) -> None:
        """Check the role, act and answer in one commit, then work under what is in force."""
        late = authority.too_late(command, self._desk.now())
        refusal = authority.may(command.role, command.kind) or authority.nameless(command) or late
        try:
            if refusal is None:
                self._act(command)
                return
            why = refusal.reason
        except (WorkflowError, BadInput) as error:
            why = str(error)
        with self._desk.recorder.writing() as transaction:
            transaction.settle_command(command.key, CommandState.REFUSED, why)
        self._desk.wake()

    def _act(self, command: Command) -> None:
        """Raises WorkflowError or BadInput, and nothing is stored, where it cannot be done."""
        desk = self._desk
        before = desk.state.status
        with desk.recorder.writing() as transaction:
            found = self._acts[command.kind](command, transaction)
            for version in found.versions:
                transaction.put_terms(version)
            for ticket in found.tickets:
                transaction.put_ticket(ticket)
            status = before if found.status is None else found.status
            if status != before:
                transaction.put_trading(status)
                transaction.record("trading status", command.user, status.state.value, {"why": found.why})
            transaction.settle_command(command.key, CommandState.DONE, found.answer)
        known = desk.recorder.ledger.terms(desk.recorder.lease.book, WAITING)
        desk.show_terms(known)
        if found.status is None:  # nothing took effect
            return
        rules = versions.with_terms(desk.rules, _in_force(known).terms)
        desk.driver.happen(TermsTaken(rules=rules, status=status, closed=found.tickets))

    def _propose(self, command: Command, transaction: Transaction) -> TermsStep:
        known = transaction.terms()
        current = _in_force(known)
        if (command.ref_version, command.ref_hash) != (current.number, current.content_hash):
            raise WorkflowError(
                f"it was written on version {command.ref_version}, and version {current.number} is in force; "
                f"look at it and propose again"
            )
        change = versions.change_of(command.body)
        number, now = _next(known), self._desk.now()
        fresh = versions.propose(current, change, command.user, command.reason, now, number)
        self._require_usable(fresh.terms)
        said = "; ".join(versions.differences(current.terms, fresh.terms))
        answer = f"version {number} is proposed, and another person with the role risk approves it: {said}"
        return TermsStep((fresh,), answer + self._at_once(fresh.terms))

    def _approve(self, command: Command, transaction: Transaction) -> TermsStep:
        known, now, state = transaction.terms(), self._desk.now(), self._desk.state
        current, named = _in_force(known), _named(known, command)
        taken = versions.approve(named, current, command.user, command.ref_hash, now)
        self._require_usable(taken.terms)
        others = [each for each in known if each.state in WAITING and each.number != taken.number]
        over = [versions.supersede(each, taken, now) for each in others]
        why = (
            f"version {taken.number} of the terms took effect ({taken.author}, approved by {taken.approver})"
        )
        status = replace(state.status, auto=authority.auto_off(state.status.auto, why))
        answer = f"version {taken.number} is in force" + self._at_once(taken.terms)
        return TermsStep((*over, taken), answer, status, why, self._closed(current, taken, why))

    def _reject(self, command: Command, transaction: Transaction) -> TermsStep:
        named = _named(transaction.terms(), command)
        over = versions.reject(named, command.user, command.ref_hash, command.reason, self._desk.now())
        return TermsStep((over,), f"version {over.number} is rejected")

    def _withdraw(self, command: Command, transaction: Transaction) -> TermsStep:
        named = _named(transaction.terms(), command)
        over = versions.withdraw(named, command.user, command.ref_hash, command.reason, self._desk.now())
        return TermsStep((over,), f"version {over.number} is withdrawn")

    def _closed(self, old: TermsVersion, new: TermsVersion, why: str) -> tuple[Ticket, ...]:
        """Tickets that wait, computed under terms of their underlying that are no longer in force."""
        found = []
        for ticket in self._desk.state.tickets.values():
            if old.terms.of(ticket.underlying) == new.terms.of(ticket.underlying):
                continue
            if ticket.state is TicketState.PROPOSED:
                found.append(tickets.supersede(ticket, why))
            elif ticket.state is TicketState.APPROVED:
                found.append(tickets.fail(ticket, why))
        return tuple(found)

    def _require_usable(self, terms: DeskTerms) -> None:
        found = [*flaws(terms, premises_of(self._desk.rules, self._lots())), *self._smiles_refused(terms)]
        if found:
            raise WorkflowError("; ".join(found))

    def _smiles_refused(self, terms: DeskTerms) -> Iterator[str]:
        """Smile rules that are newly chosen and have nothing to go by; one in force is a gap instead."""
        desk = self._desk
        now = (desk.now(), desk.rules.smile)
        for item in desk.rules.underlyings:
            wanted = terms.of(item.underlying)
            if wanted is not None and wanted.smile is not item.smile:
                reason = why_not(wanted.smile, item.underlying, desk.board.smiles.fits, now)
                if reason is not None:
                    yield f"underlyings.{item.underlying}.smile: {reason}"

    def _lots(self) -> Mapping[str, float | None]:
        return {item.underlying: self._lot(item.hedge_key) for item in self._desk.rules.underlyings}

    def _lot(self, hedge: str) -> float | None:
        """Delta in coin of one lot of a hedge, None while its price is not there or too old."""
        now = self._desk.now()
        instrument = self._desk.places.instruments.get(hedge)
        quote = self._desk.board.quotes.get(hedge)
        if instrument is None or quote is None or quote.index is None:
            return None
        age = abs((now - quote.received_at).total_seconds())
        return lot_in_coin(instrument, quote.index) if age <= self._desk.rules.ages.marks else None

    def _at_once(self, terms: DeskTerms) -> str:
        """Which hard limits of new terms the present book passes, in words; nothing where none."""
        rules = versions.with_terms(self._desk.rules, terms)
        found = assess(self._desk.snapshot(rules), rules)
        said = [_breach(each) for each in found.limits if each.level is BreachLevel.HARD]
        return f"; in breach at once: {'; '.join(said)}" if said else ""


def _in_force(known: Iterable[TermsVersion]) -> TermsVersion:
    found = next((each for each in known if each.state is TermsState.IN_FORCE), None)
    if found is None:
        raise WorkflowError("no version of the terms is in force; start the engine again")
    return found


def _named(known: Iterable[TermsVersion], command: Command) -> TermsVersion:
    found = next((each for each in known if each.number == command.ref_version), None)
    if found is None:
        raise WorkflowError(f"there is no version {command.ref_version} of the terms")
    return found


def _breach(each: Utilisation) -> str:
    limit = each.limit
    value = "no equity" if each.value is None else f"{each.value:,.4g}"
    return f"{limit.scope.words} {limit.measure} {value} of {limit.hard:,.4g} {limit.unit}"
