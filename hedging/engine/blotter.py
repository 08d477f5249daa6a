"""Tickets, orders and the trading status in work: every change is in the ledger before it counts."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.ledger import Lease, Ledger, Transaction
from hedging.model.terms import TermsState, TermsVersion
from hedging.model.trading import (
    Command,
    CommandState,
    Fill,
    Order,
    Refusal,
    Ticket,
    TradingStatus,
)
from hedging.workflow.order import LIVE, filled_late
from hedging.workflow.ticket import OPEN

LEASE_SECONDS = 15.0
FENCE_MARGIN = timedelta(seconds=2)
REMEMBERED_FILLS = 5000
REMEMBERED_ORDERS = 60
FillContent = tuple[str, str, str, str, int, Decimal, Decimal]


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


class Blotter:
    """The engine's memory of its own doings; the ledger holds the same, and holds it first."""

    def __init__(self, ledger: Ledger, lease: Lease, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now
        self.lease = lease
        self.status: TradingStatus = ledger.trading(lease.book)
        self.tickets: dict[str, Ticket] = {t.underlying: t for t in ledger.tickets(OPEN)}
        self.live: dict[str, Order] = {o.client_id: o for o in ledger.orders(states=LIVE)}
        self.recent: dict[str, Order] = {o.client_id: o for o in reversed(ledger.orders(limit=20))}
        self.rejections: dict[str, tuple[datetime, float]] = {}
        self.failures: dict[str, datetime] = {}
        self.failed_in_a_row: dict[str, int] = {}
        self._booked: dict[FillContent, None] = {}

    def renew_lease(self) -> None:
        """Hold the book for another while. Raises LeaseLost when another engine took it."""
        self.lease = self._ledger.renew_lease(self.lease, self._now(), timedelta(seconds=LEASE_SECONDS))

    def writing(self) -> AbstractContextManager[Transaction]:
        """A write under the lease; one that ran out while this process stood still is renewed, if still ours.

        Raises LeaseLost when another engine took it meanwhile: its token is the greater one.
        """
        if self._now() >= self.lease.expires_at:
            self.renew_lease()
        return self._ledger.write(self.lease, self._now())

    @property
    def fence_limit(self) -> datetime:
        """Latest time at which an order of ours may still be accepted (I9)."""
        return self.lease.expires_at - FENCE_MARGIN

    def put_status(self, status: TradingStatus, why: str, actor: str = "engine") -> None:
        """Change what may be sent, with the reason."""
        with self.writing() as transaction:
            transaction.put_trading(status)
            transaction.record("trading status", actor, status.state.value, {"why": why})
        self.status = status

    def terms(self) -> tuple[TermsVersion, ...]:
        """Versions of the terms that wait or are in force, newest first."""
        return self._ledger.terms(self.lease.book, (TermsState.PROPOSED, TermsState.IN_FORCE))

    def put_terms(self, command: Command, step: Callable[[Transaction], TermsStep]) -> None:
        """Store what ``step``, asked inside the transaction, makes of the terms, and the command's answer."""
        with self.writing() as transaction:
            found = step(transaction)
            for version in found.versions:
                transaction.put_terms(version)
            for ticket in found.tickets:
                transaction.put_ticket(ticket)
            if found.status is not None and found.status != self.status:
                transaction.put_trading(found.status)
                state = found.status.state.value
                transaction.record("trading status", command.user, state, {"why": found.why})
            transaction.settle_command(command.key, CommandState.DONE, found.answer)
        self.status = found.status or self.status
        for ticket in found.tickets:
            self._keep_ticket(ticket)

    def put_ticket(self, ticket: Ticket) -> None:
        """Store a ticket's present state."""
        self.put_tickets((ticket,))

    def put_tickets(self, steps: Sequence[Ticket], inputs: bytes | None = None) -> None:
        """Store tickets, or successive states of one, in one commit; ``inputs``: what the last rests on."""
        if not steps:
            return
        with self.writing() as transaction:
            for ticket in steps:
                transaction.put_ticket(ticket)
            if inputs is not None:
                transaction.put_inputs(steps[-1].inputs_hash, inputs)
        for ticket in steps:
            self._keep_ticket(ticket)

    def put_new_order(
        self,
        judge: Callable[[Transaction, tuple[Order, ...]], tuple[Order, Refusal | None]],
    ) -> tuple[Order, Refusal | None]:
        """Insert an attempt if the gates, asked inside the transaction, let it pass; nothing is sent here."""
        with self.writing() as transaction:
            order, refusal = judge(transaction, transaction.orders(LIVE))
            if refusal is None:
                transaction.put_order(order)
        if refusal is None:
            self._keep_order(order)
        return order, refusal

    def put_order(self, order: Order) -> None:
        """Store a later state of an order."""
        if self.recent.get(order.client_id) == order:
            return
        with self.writing() as transaction:
            transaction.put_order(order)
        self._keep_order(order)

    def book(self, order: Order, fills: Sequence[Fill]) -> tuple[Order, tuple[Fill, ...]]:
        """Store an order with its fills in one transaction; returns what is new of them."""
        with self.writing() as transaction:
            transaction.put_order(order)
            fresh = tuple(fill for fill in fills if transaction.add_fill(fill))
            checked = filled_late(order, transaction.fills(order.client_id), self._now())
            if checked != order:
                transaction.put_order(checked)
        self._keep_order(checked)
        self._booked |= dict.fromkeys(map(_content, fills))
        while len(self._booked) > REMEMBERED_FILLS:
            self._booked.pop(next(iter(self._booked)))
        return checked, fresh

    def has_booked(self, fill: Fill) -> bool:
        """Whether exactly this fill of ours was stored lately; False says nothing, the ledger decides."""
        return _content(fill) in self._booked

    def book_foreign(self, fill: Fill) -> bool:
        """Store a fill that is no order of ours; False when it was already there."""
        with self.writing() as transaction:
            return transaction.add_fill(fill)

    def settle(self, command: Command, state: CommandState, answer: str) -> None:
        """Answer a command."""
        with self.writing() as transaction:
            transaction.settle_command(command.key, state, answer)

    def record(self, kind: str, ref: str, body: object, actor: str = "engine") -> None:
        """Append a record of something that changed no row."""
        with self.writing() as transaction:
            transaction.record(kind, actor, ref, body)

    def order(self, client_id: str) -> Order | None:
        """An order of ours by its client id, from memory or from the ledger."""
        return self.recent.get(client_id) or self._ledger.order(client_id)

    def working_in(self, underlying: str) -> tuple[Order, ...]:
        """Orders that are not over."""
        return tuple(order for order in self.live.values() if order.underlying == underlying)

    def _keep_ticket(self, ticket: Ticket) -> None:
        if ticket.state in OPEN:
            self.tickets[ticket.underlying] = ticket
        elif (kept := self.tickets.get(ticket.underlying)) and kept.id == ticket.id:
            del self.tickets[ticket.underlying]

    def _keep_order(self, order: Order) -> None:
        self.recent[order.client_id] = order
        if order.state in LIVE:
            self.live[order.client_id] = order
        else:
            self.live.pop(order.client_id, None)
        if len(self.recent) > REMEMBERED_ORDERS:
            self._forget_an_order()

    def _forget_an_order(self) -> None:
        """The oldest that is over, and whose ticket is: what an open ticket filled is counted from here."""
        running = {ticket.id for ticket in self.tickets.values()}
        over = (o for o in self.recent.values() if o.state not in LIVE and o.ticket_id not in running)
        if (oldest := next(over, None)) is not None:
            del self.recent[oldest.client_id]


def _content(fill: Fill) -> FillContent:
    """All that makes two reports of one trade the same report: a contradicting one has another content."""
    return fill.venue, fill.account, fill.trade_id, fill.instrument, fill.side, fill.amount, fill.price
