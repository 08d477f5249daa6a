"""The ledger in memory, as strict as the real one: a lease with a token, one transaction, all or nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hedging.core.effects import (
    AddFill,
    Change,
    Commit,
    InsertAttempt,
    NoteConflict,
    PutOrder,
    PutStatus,
    PutTicket,
    SettleCommand,
)
from hedging.core.starting import Stored
from hedging.core.state import DayCount
from hedging.core.tracking import execution_of
from hedging.drill.times import SECOND
from hedging.errors import LeaseLost, LedgerError
from hedging.model.gates import AutomaticExecution
from hedging.model.instrument import Instrument
from hedging.model.trading import Command, CommandState, Fill, Order, Ticket, TradingStatus
from hedging.workflow.authority import by_itself
from hedging.workflow.order import LIVE, NEVER_THERE
from hedging.workflow.ticket import OPEN

LEASE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class SimLease:
    """Who holds the book under which token until when, in the holder's own microseconds."""

    holder: str
    token: int
    until: int


@dataclass(slots=True)
class Rows:
    """What is durable."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    fills: dict[tuple[str, str], Fill] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    status: TradingStatus = field(default_factory=TradingStatus)
    conflicts: int = 0

    def copy(self) -> "Rows":
        """A copy that later changes do not reach."""
        return Rows(
            dict(self.tickets),
            dict(self.orders),
            dict(self.fills),
            dict(self.commands),
            self.status,
            self.conflicts,
        )


class MemoryStore:
    """Rows, a lease and commands; ``trouble`` is why the next writes fail, "" where they do not."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.lease: SimLease | None = None
        self.trouble = ""
        self.tokens = 0

    def acquire(self, holder: str, now: int) -> SimLease | None:
        """The lease, None while another runs or the ledger cannot be written."""
        if self.trouble or (self.lease is not None and self.lease.until > now):
            return None
        self.tokens += 1
        self.lease = SimLease(holder, self.tokens, now + LEASE_SECONDS * SECOND)
        return self.lease

    def renew(self, lease: SimLease, now: int) -> SimLease:
        """Another while of a lease. Raises LeaseLost, or LedgerError where it cannot be written."""
        self._writable()
        self._ours(lease)
        self.lease = replace(lease, until=now + LEASE_SECONDS * SECOND)
        return self.lease

    def holds(self, lease: SimLease, now: int) -> bool:
        """Whether the stored lease is still this one, and runs."""
        held = self.lease
        return held is not None and held.token == lease.token and now < held.until

    def carry_out(self, lease: SimLease, commit: Commit, now: int) -> SimLease:
        """Store every change or nothing; a lease that ran out is renewed where nobody took it."""
        self._writable()
        self._ours(lease)
        if now >= lease.until:
            lease = self.renew(lease, now)
        changed = self.rows.copy()
        for change in commit.changes:
            _apply(changed, change)
        self.rows = changed
        return lease

    def stored(self, instruments: Mapping[str, Instrument]) -> Stored:
        """What an engine starts from; ``instruments`` by key tell what orders were worth."""
        rows = self.rows
        orders = tuple(rows.orders.values())
        ours = [fill for fill in rows.fills.values() if fill.client_id]
        venues = {each.venue for each in orders}
        days = {
            venue: DayCount(
                orders[0].created_at.date(),
                sum(1 for each in orders if each.venue == venue),
                sum(1 for fill in ours if fill.venue == venue),
            )
            for venue in venues
        }
        return Stored(
            status=rows.status,
            tickets=tuple(each for each in rows.tickets.values() if each.state in OPEN),
            orders=orders,
            fills=tuple(rows.fills.values()),
            days=days,
            automatic=tuple(self._automatic(instruments)),
        )

    def _automatic(self, instruments: Mapping[str, Instrument]) -> Iterator[AutomaticExecution]:
        """What automatic mode sent; a schedule is shorter than the hour that counts."""
        for order in self.rows.orders.values():
            if by_itself(order.approver) and order.state not in NEVER_THERE:
                amount = order.amount if order.state in LIVE else order.filled
                ticket = self.rows.tickets.get(order.ticket_id)
                at = order.sent_at or order.created_at
                yield execution_of(order, amount, instruments[order.instrument_key], ticket, at)

    def ask(self, command: Command) -> None:
        """Append a person's wish; a known key is the same wish."""
        if not self.trouble:
            self.rows.commands.setdefault(command.key, command)

    def pending(self) -> list[Command]:
        """Wishes that nobody has answered, oldest first."""
        return [each for each in self.rows.commands.values() if each.state is CommandState.PENDING]

    def _writable(self) -> None:
        if self.trouble:
            raise LedgerError(self.trouble)

    def _ours(self, lease: SimLease) -> None:
        if self.lease is None or self.lease.token != lease.token:
            raise LeaseLost(f"the book was taken from {lease.holder}")


def _apply(rows: Rows, change: Change) -> None:
    if isinstance(change, PutOrder):
        _known_ticket(rows, change.order)
        rows.orders[change.order.client_id] = change.order
    elif isinstance(change, InsertAttempt):
        _insert(rows, change)
    elif isinstance(change, PutTicket):
        rows.tickets[change.ticket.id] = change.ticket
    elif isinstance(change, AddFill):
        _add_fill(rows, change.fill)
    elif isinstance(change, NoteConflict):
        rows.conflicts += 1
    elif isinstance(change, PutStatus):
        rows.status = change.status
    elif isinstance(change, SettleCommand):
        _settle(rows, change)


def _known_ticket(rows: Rows, order: Order) -> None:
    if order.ticket_id not in rows.tickets:
        raise LedgerError(f"{order.client_id} is of a ticket that is not stored")


def _insert(rows: Rows, change: InsertAttempt) -> None:
    order = change.order
    live = sorted((each.client_id, each.state.value) for each in rows.orders.values() if each.state in LIVE)
    if live != sorted(change.live):
        raise LedgerError(f"other orders work than {order.client_id} was judged with")
    if order.client_id in rows.orders:
        raise LedgerError(f"{order.client_id} is there already")
    _known_ticket(rows, order)
    rows.orders[order.client_id] = order


def _add_fill(rows: Rows, fill: Fill) -> None:
    booked = rows.fills.setdefault((fill.account, fill.trade_id), fill)
    if (booked.side, booked.amount, booked.price) != (fill.side, fill.amount, fill.price):
        raise LedgerError(f"the trade {fill.trade_id} is booked with another content")


def _settle(rows: Rows, change: SettleCommand) -> None:
    command = rows.commands.get(change.key)
    if command is None or command.state is not CommandState.PENDING:
        raise LedgerError(f"there is no command {change.key} to answer")
    rows.commands[change.key] = replace(command, state=change.state, answer=change.answer)
