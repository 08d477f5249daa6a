"""What pages get: read the engine's view and the ledger, append a person's command, halt by two latches."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from hedging import clock
from hedging.errors import HedgingError, LedgerError
from hedging.ledger import Closes, Ledger, OptionRecords, SavedScenarios, Series
from hedging.model.smile import SmileView
from hedging.model.terms import TermsVersion
from hedging.model.trading import Command, CommandKind, Fill, Order, Role, Ticket
from hedging.model.view import DecisionRun, ExposureSample, Record, View
from hedging.model.what_if import Close
from hedging.workflow.authority import is_who_asked
from hedging.workflow.terms_wishes import ABOUT_TERMS, refusal

KILL_FILE = "KILL"
HISTORY = timedelta(hours=2)
HISTORY_POINTS = 20_000

_LOOKING = frozenset({CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF})
_TRADING = _LOOKING | {
    CommandKind.APPROVE,
    CommandKind.REJECT,
    CommandKind.AUTO_SHADOW,
    CommandKind.AUTO_ARM,
    CommandKind.PROPOSE_TERMS,
    CommandKind.WITHDRAW_TERMS,
}
PERMITTED: Mapping[Role, frozenset[CommandKind]] = {
    Role.VIEWER: _LOOKING,
    Role.TRADER: _TRADING,
    Role.RISK: _TRADING
    | {
        CommandKind.RESUME,
        CommandKind.RELEASE,
        CommandKind.APPROVE_TERMS,
        CommandKind.REJECT_TERMS,
    },
}


class Phase(StrEnum):
    """How far the way from this process to a running engine is."""

    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and in which role."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks: a command without its author, time and key."""

    kind: CommandKind
    ref: str = ""
    ref_version: int = 0
    ref_hash: str = ""
    reason: str = ""
    minutes: int = 0
    max_orders: int = 0
    max_turnover_usd: float = 0.0
    body: str = ""


@dataclass(frozen=True, slots=True)
class Denied:
    """A wish that never reached the engine, and why in words."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltAnswer:
    """Which of the two latches took the halt; one is enough."""

    by_file: bool
    by_ledger: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the screen may draw at one instant; ``view`` is None until the engine has spoken."""

    phase: Phase
    note: str
    view: View | None
    samples: Mapping[str, tuple[ExposureSample, ...]]
    tickets: tuple[Ticket, ...]
    has_demo: bool
    smiles: Mapping[str, SmileView] = field(default_factory=dict)


def permission(person: Person, kind: CommandKind) -> Denied | None:
    """The reason for which this person may not ask this, or None.

    >>> permission(Person("Vera", Role.VIEWER), CommandKind.APPROVE).reason
    'the role viewer may not approve: ask a trader or risk'
    >>> permission(Person("Vera", Role.VIEWER), CommandKind.HALT) is None
    True
    """
    if kind in PERMITTED[person.role]:
        return None
    holders = " or ".join(role.value for role in Role if kind in PERMITTED[role])
    return Denied(f"the role {person.role} may not {kind}: ask a {holders}".replace("a risk", "risk"))


class Desk:
    """One book as the app sees it. Reads are cached by what they read; what acts is commands only.

    ``saved``: what-if books by name, which the app writes itself because nothing acts on them.
    """

    def __init__(self, ledger: Ledger, series: Series, folder: Path, *, has_demo: bool) -> None:
        self._ledger = ledger
        self._series = series
        self._folder = folder
        self._view: View | None = None
        self._samples: dict[str, tuple[ExposureSample, ...]] = {}
        self._past: tuple[tuple[str, ...], tuple[Ticket, ...]] | None = None
        self._closes = Closes.open(folder)
        self._options = OptionRecords.open(folder)
        self._smiles: dict[str, SmileView] = {}
        self._seen_closes: dict[str, tuple[datetime, tuple[Close, ...]]] = {}
        self.saved = SavedScenarios.open(folder)
        self.has_demo = has_demo

    @classmethod
    def open(cls, folder: Path, *, has_demo: bool) -> "Desk":
        """Open the ledger and the series of a state folder. Raises LedgerError when it cannot be read."""
        return cls(Ledger.open(folder), Series.open(folder), folder, has_demo=has_demo)

    def close(self) -> None:
        """Close both files; the desk must not be used afterwards."""
        self._ledger.close()
        self._series.close()
        self._closes.close()
        self._options.close()
        self.saved.close()

    def sequence(self) -> int:
        """Number of the engine's latest view: cheap, the producer asks ten times a second."""
        return self._series.view_sequence()

    def read(self) -> View | None:
        """The engine's latest view, or None before the first."""
        sequence = self._series.view_sequence()
        if self._view is None or self._view.sequence != sequence:
            self._view = self._series.view()
        return self._view

    def scene(self) -> Scene:
        """The latest view together with the history that the pages draw."""
        view = self.read()
        if view is None:
            return Scene(
                phase=Phase.STARTING,
                note="waiting for the engine's first view",
                view=None,
                samples={},
                tickets=(),
                has_demo=self.has_demo,
            )
        return Scene(
            phase=Phase.RUNNING,
            note=view.status,
            view=view,
            samples={
                each.underlying: self.samples(each.underlying, view.at - HISTORY) for each in view.underlyings
            },
            tickets=self._recent_tickets(view),
            has_demo=self.has_demo,
            smiles=self.smiles(view),
        )

    def samples(self, underlying: str, since: datetime) -> tuple[ExposureSample, ...]:
        """History of one underlying from ``since``; only what is new is read from the file."""
        held = self._samples.get(underlying, ())
        start = held[-1].at if held else since
        fresh = tuple(each for each in self._series.samples(underlying, start) if not held or each.at > start)
        joined = tuple(each for each in held + fresh if each.at >= since) if fresh else held
        self._samples[underlying] = joined[-HISTORY_POINTS:]
        return self._samples[underlying]

    def smiles(self, view: View) -> Mapping[str, SmileView]:
        """The latest picture of each underlying's smile, where there is one; read again when it is newer."""
        found = {}
        for each in view.underlyings:
            latest = self._options.picture_at(each.underlying)
            held = self._smiles.get(each.underlying)
            if latest is not None and (held is None or held.at != latest):
                held = self._options.picture(each.underlying)
            if held is not None and latest is not None:
                found[each.underlying] = held
        self._smiles = found
        return found

    def terms(self, limit: int = 50) -> tuple[TermsVersion, ...]:
        """Versions of the terms, newest first, whatever became of them."""
        return self._ledger.terms(limit=limit)

    def _recent_tickets(self, view: View) -> tuple[Ticket, ...]:
        """Latest tickets of any state; read again when a ticket in the view has changed."""
        mark = tuple(f"{ticket.id}:{ticket.version}" for ticket in view.tickets)
        if self._past is None or self._past[0] != mark:
            self._past = (mark, tuple(self._ledger.tickets(limit=100)))
        return self._past[1]

    def tickets(self, limit: int = 100) -> tuple[Ticket, ...]:
        """Latest tickets of any state, newest first."""
        return tuple(self._ledger.tickets(limit=limit))

    def ticket(self, ticket_id: str) -> Ticket | None:
        """One ticket as it is now."""
        return self._ledger.ticket(ticket_id)

    def orders(self, ticket_id: str | None = None) -> tuple[Order, ...]:
        """Orders of a ticket, or of the whole book."""
        return tuple(self._ledger.orders(ticket_id=ticket_id))

    def fills(self, client_id: str | None = None) -> tuple[Fill, ...]:
        """Executions of an order, or of the whole book."""
        return tuple(self._ledger.fills(client_id=client_id))

    def records(self, limit: int, kind: str | None = None, actor: str | None = None) -> tuple[Record, ...]:
        """Entries of the append-only ledger, newest first."""
        return tuple(self._ledger.records(limit=limit, kind=kind, actor=actor))

    def decision_runs(self, underlying: str, since: datetime, until: datetime) -> tuple[DecisionRun, ...]:
        """Runs of equal decisions of one underlying in a window."""
        return tuple(self._series.decision_runs(underlying, since, until, 500))

    def closes(self, instrument: str, since: datetime) -> tuple[Close, ...]:
        """Hourly closes of an instrument (its key), oldest first; read again when a newer one is there."""
        latest = self._closes.latest(instrument)
        if latest is None:
            return ()
        held = self._seen_closes.get(instrument)
        if held is None or held[0] != latest:
            held = (latest, self._closes.since(instrument, since))
            self._seen_closes[instrument] = held
        return held[1]

    def verify_chain(self) -> int:
        """Number of records whose hashes verify. Raises LedgerTampered where one does not."""
        return self._ledger.verify_chain()

    def command(self, key: str) -> Command | None:
        """What became of a command, by its key."""
        return self._ledger.command(key)

    def act(self, person: Person, wish: Wish, key: str) -> Command | Denied:
        """Append a person's wish as a command; the same key twice is one command.

        Returns the command as the ledger holds it, or why it was refused before the ledger.
        """
        denied = permission(person, wish.kind) or self._unfit(person, wish)
        if denied is not None:
            return denied
        command = _command(person, wish, key)
        known = self._ledger.command(key)
        if known is None and wish.kind in ABOUT_TERMS and (why := refusal(command, self.read())):
            return Denied(why)
        try:
            return self._ledger.append_command(command)
        except LedgerError as error:
            return Denied(f"the ledger did not take it, nothing was asked: {error}")

    def _unfit(self, person: Person, wish: Wish) -> Denied | None:
        """What can be refused without the engine: an incomplete wish, or one's own resume."""
        if wish.kind is CommandKind.REJECT and not wish.reason.strip():
            return Denied("a rejection needs its reason in words")
        if wish.kind is CommandKind.RELEASE and not (wish.ref and wish.reason.strip()):
            return Denied("a release needs the order and, in words, what was found at the exchange")
        if wish.kind is CommandKind.APPROVE and not (wish.ref and wish.ref_hash):
            return Denied("an approval needs the ticket's id and its content as shown")
        if wish.kind is CommandKind.AUTO_ARM and (
            wish.minutes < 1 or wish.max_orders < 1 or wish.max_turnover_usd <= 0
        ):
            return Denied("arming needs minutes, a number of orders and a turnover, each above zero")
        if wish.kind is CommandKind.RESUME:
            view = self.read()
            if view is not None and is_who_asked(view.resume_asked_by, person.name):
                return Denied(f"{person.name} has asked to resume: a second person has to confirm")
        return None

    def halt(self, person: Person, reason: str, key: str) -> HaltAnswer:
        """Halt by both latches: the file first, it works when the database does not.

        Raises HedgingError when neither latch could be set: then the command line has to.
        """
        problems = []
        by_file = by_ledger = False
        try:
            self._touch_kill_file(person, reason)
            by_file = True
        except OSError as error:
            problems.append(f"file: {error.strerror or error}")
        try:
            self._ledger.append_command(_command(person, Wish(kind=CommandKind.HALT, reason=reason), key))
            by_ledger = True
        except LedgerError as error:
            problems.append(f"ledger: {error}")
        if not (by_file or by_ledger):
            raise HedgingError(
                "halt reached neither latch (" + "; ".join(problems) + "): run python -m hedging kill"
            )
        return HaltAnswer(by_file=by_file, by_ledger=by_ledger, detail="; ".join(problems))

    def _touch_kill_file(self, person: Person, reason: str) -> None:
        body = {"at": clock.utc_now().isoformat(), "user": person.name, "role": person.role, "why": reason}
        (self._folder / KILL_FILE).write_text(json.dumps(body), encoding="utf-8")


def _command(person: Person, wish: Wish, key: str) -> Command:
    return Command(
        key=key,
        at=clock.utc_now(),
        user=person.name,
        role=person.role,
        kind=wish.kind,
        ref=wish.ref,
        ref_version=wish.ref_version,
        ref_hash=wish.ref_hash,
        reason=wish.reason,
        minutes=wish.minutes,
        max_orders=wish.max_orders,
        max_turnover_usd=wish.max_turnover_usd,
        body=wish.body,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the doorway holds: a desk, or how far its start is."""

    phase: Phase = Phase.STARTING
    note: str = "starting"
    desk: Desk | None = None
    control_url: str = ""
    control_token: str = ""


class Doorway:
    """Where this process keeps its one desk: the launcher sets it, scripts and the producer read it."""

    def __init__(self) -> None:
        self._standing = Standing()
        self._steps = 0

    @property
    def standing(self) -> Standing:
        """Present desk, or phase and note of its start."""
        return self._standing

    def set(self, standing: Standing) -> None:
        """Replace what is held; one assignment, so that readers on other threads see old or new."""
        self._standing = standing
        self._steps += 1

    def mark(self) -> tuple[int, int]:
        """Changes when there is something new to draw."""
        desk = self._standing.desk
        return (self._steps, desk.sequence() if desk else 0)

    def scene(self) -> Scene:
        """What is to be drawn now."""
        standing = self._standing
        if standing.desk is not None and standing.phase is Phase.RUNNING:
            return standing.desk.scene()
        return Scene(
            phase=standing.phase, note=standing.note, view=None, samples={}, tickets=(), has_demo=False
        )


DOORWAY = Doorway()
