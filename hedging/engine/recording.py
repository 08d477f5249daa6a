"""Makes what the core wants durable: one commit, one transaction under the lease, or nothing at all."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hedging.core.effects import (
    AddFill,
    Commit,
    InsertAttempt,
    Note,
    NoteConflict,
    PutInputs,
    PutOrder,
    PutStatus,
    PutTicket,
    SettleCommand,
)
from hedging.core.starting import Stored
from hedging.core.state import DayCount
from hedging.core.tracking import KEPT_EXECUTIONS, execution_of
from hedging.core.turn import REMEMBERED_FILLS
from hedging.errors import LedgerError
from hedging.ledger import Lease, Ledger, Transaction
from hedging.model.gates import AutomaticExecution
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, TradingState
from hedging.workflow.authority import by_itself, halted
from hedging.workflow.order import LIVE, NEVER_THERE
from hedging.workflow.ticket import OPEN

LEASE_SECONDS = 15.0
LATEST_ORDERS = 200


class Recorder:
    """Carries commits out under the lease of one book, and reads what an engine starts from."""

    def __init__(self, ledger: Ledger, lease: Lease, now: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self.lease = lease
        self._now = now
        self._halted: bool | None = None  # of the trading row as this recorder read or wrote it last

    def renew_lease(self) -> None:
        """Hold the book for another while. Raises LeaseLost when another engine took it."""
        self.lease = self.ledger.renew_lease(self.lease, self._now(), timedelta(seconds=LEASE_SECONDS))

    def writing(self) -> AbstractContextManager[Transaction]:
        """A write under the lease; one that ran out while this process stood still is renewed, if still ours.

        Raises LeaseLost when another engine took it meanwhile: its token is the greater one.
        """
        if self._now() >= self.lease.expires_at:
            self.renew_lease()
        return self.ledger.write(self.lease, self._now())

    def carry_out(self, commit: Commit) -> None:
        """Store every change, in order and in one transaction. Raises LedgerError, and nothing is stored.

        A halt that another hand wrote into the trading row stays in it, whatever is counted there meanwhile:
        only who knows of a halt can end it.
        """
        known = self._halted
        with self.writing() as transaction:
            for change in commit.changes:
                if isinstance(change, PutStatus):
                    _put_status(transaction, change if known is not False else _kept(transaction, change))
                    known = change.status.state is TradingState.HALTED
                else:
                    STORES[type(change)](transaction, change)
        self._halted = known

    def holds_lease(self) -> bool:
        """Whether the stored lease is still this one and runs now. Raises LedgerError."""
        stored = self.ledger.lease(self.lease.book)
        return stored is not None and stored.token == self.lease.token and self._now() < stored.expires_at

    def stored(self, instruments: Mapping[str, Instrument]) -> Stored:
        """What an engine must know of the book; ``instruments`` by key tell what orders were worth."""
        now, ledger = self._now(), self.ledger
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        tickets = ledger.tickets(OPEN)
        since = min(midnight, now - KEPT_EXECUTIONS)
        latest = _orders_since(ledger, since)
        kept = {each.client_id: each for each in (*latest[:LATEST_ORDERS], *ledger.orders(states=LIVE))}
        for ticket in tickets:
            kept |= {each.client_id: each for each in ledger.orders(ticket_id=ticket.id)}
        fills = list(ledger.fills(limit=REMEMBERED_FILLS))
        oldest = min((fill.at for fill in fills), default=now)
        for order in kept.values():
            if order.created_at <= oldest and order.filled:
                fills += ledger.fills(client_id=order.client_id)
        status = ledger.trading(self.lease.book)
        self._halted = status.state is TradingState.HALTED
        return Stored(
            status=status,
            tickets=tickets,
            orders=tuple(sorted(kept.values(), key=lambda each: each.created_at)),
            fills=tuple(sorted({(f.account, f.trade_id): f for f in fills}.values(), key=lambda f: f.at)),
            days=_counted(latest, ledger.fills(since=midnight), midnight),
            automatic=tuple(self._automatic(latest, now, instruments)),
        )

    def _automatic(
        self, latest: Iterable[Order], now: datetime, instruments: Mapping[str, Instrument]
    ) -> Iterable[AutomaticExecution]:
        """Orders that automatic mode sent in the last hour, oldest first."""
        recent = [
            order
            for order in latest
            if by_itself(order.approver)
            and order.state not in NEVER_THERE
            and now - order.created_at < KEPT_EXECUTIONS
        ]
        for order in reversed(recent):
            amount = order.amount if order.state in LIVE else order.filled
            instrument = instruments.get(order.instrument_key)
            if instrument is not None:
                at = order.sent_at or order.created_at
                yield execution_of(order, amount, instrument, self.ledger.ticket(order.ticket_id), at)


def _orders_since(ledger: Ledger, since: datetime) -> tuple[Order, ...]:
    """At least every order from ``since`` on, newest first."""
    limit = 1_000
    while True:
        found = ledger.orders(limit=limit)
        if len(found) < limit or found[-1].created_at < since:
            return found
        limit *= 4


def _counted(orders: Iterable[Order], fills: Iterable[Fill], midnight: datetime) -> dict[str, DayCount]:
    """Orders and trades of the UTC day that began at ``midnight``, by venue."""
    sent = [order.venue for order in orders if order.created_at >= midnight]
    traded = [fill.venue for fill in fills if fill.client_id]
    day = midnight.date()
    return {venue: DayCount(day, sent.count(venue), traded.count(venue)) for venue in {*sent, *traded}}


def _insert(transaction: Transaction, change: InsertAttempt) -> None:
    live = ((each.client_id, each.state.value) for each in transaction.orders(LIVE))
    if tuple(sorted(live)) != tuple(sorted(change.live)):
        raise LedgerError(
            f"the ledger differs from memory: other orders work than {change.order.client_id} "
            f"was judged with; start the engine again"
        )
    if transaction.order(change.order.client_id) is not None:
        raise LedgerError(f"the ledger differs from memory: it holds {change.order.client_id} already")
    transaction.put_order(change.order)


def _add_fill(transaction: Transaction, change: AddFill) -> None:
    fill = change.fill
    if transaction.add_fill(fill):
        return
    if _content(fill) not in (_content(each) for each in transaction.fills(fill.client_id)):
        raise LedgerError(
            f"the ledger differs from memory: it holds the trade {fill.trade_id} with another content"
        )


def _content(fill: Fill) -> tuple[str, str, str, int, Decimal, Decimal]:
    return fill.account, fill.trade_id, fill.instrument, fill.side, fill.amount, fill.price


def _note_conflict(transaction: Transaction, change: NoteConflict) -> None:
    transaction.add_fill(change.fill)


def _put_order(transaction: Transaction, change: PutOrder) -> None:
    transaction.put_order(change.order)


def _put_ticket(transaction: Transaction, change: PutTicket) -> None:
    transaction.put_ticket(change.ticket)


def _kept(transaction: Transaction, change: PutStatus) -> PutStatus:
    """The change, with a halt that stands in the row and that whoever changes it does not know of."""
    stored = transaction.trading()
    if stored.state is not TradingState.HALTED or change.status.state is TradingState.HALTED:
        return change
    return replace(change, status=halted(change.status, stored.halted_because))


def _put_status(transaction: Transaction, change: PutStatus) -> None:
    transaction.put_trading(change.status)
    transaction.record("trading status", change.actor, change.status.state.value, {"why": change.why})


def _settle(transaction: Transaction, change: SettleCommand) -> None:
    transaction.settle_command(change.key, change.state, change.answer)


def _put_inputs(transaction: Transaction, change: PutInputs) -> None:
    transaction.put_inputs(change.digest, change.body)


def _note(transaction: Transaction, change: Note) -> None:
    transaction.record(change.kind, change.actor, change.ref, change.body)


STORES: dict[type, Callable[[Transaction, Any], None]] = {
    InsertAttempt: _insert,
    PutOrder: _put_order,
    PutTicket: _put_ticket,
    AddFill: _add_fill,
    NoteConflict: _note_conflict,
    SettleCommand: _settle,
    PutInputs: _put_inputs,
    Note: _note,
}
