"""One step in the making: the state so far, and what it wants done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import TypeVar

from hedging.core.account import Account
from hedging.core.effects import AddFill, Change, Commit, Effect, Note, PutOrder, PutStatus, PutTicket
from hedging.core.state import DayCount, Run, Search, State
from hedging.decide import Assessment
from hedging.model.trading import AutoSetting, Fill, Order, Ticket, TradingStatus
from hedging.workflow.authority import auto_off
from hedging.workflow.order import LIVE
from hedging.workflow.ticket import OPEN

Value = TypeVar("Value")
REMEMBERED_ORDERS = 400
REMEMBERED_FILLS = 5_000
MESSAGES_KEPT_SECONDS = 60.0


class Turn:
    """Collects the changes of one step; lives no longer than it."""

    def __init__(self, state: State, now: datetime) -> None:
        self.state = state
        self.now = now
        self._valued: Assessment | None = None
        self._changes: list[Change] = []
        self._effects: list[Effect] = []

    def effects(self) -> tuple[Effect, ...]:
        """The commit first, where there is one, then the rest in order."""
        commit = (Commit(tuple(self._changes)),) if self._changes else ()
        return (*commit, *self._effects)

    def do(self, effect: Effect) -> None:
        """Want something done after the commit."""
        self._effects.append(effect)

    def store(self, change: Change) -> None:
        """Want something stored in this step's commit."""
        self._changes.append(change)

    def value_book(self) -> Assessment:
        """Value the book on the market and accounts of now, and keep it: nothing later in a look moves it."""
        self._valued = self.state.assessment(self.now)
        self.set(whole=self._valued)
        return self._valued

    def assessment(self) -> Assessment:
        """The book valued now: as this step has valued it already, where it has."""
        return self._valued or self.state.assessment(self.now)

    def note(self, kind: str, ref: str, body: object, actor: str = "engine") -> None:
        """Want a record of something that changes no row."""
        self.store(Note(kind, ref, body, actor))

    def put_order(self, order: Order) -> None:
        """A later state of an order."""
        if self.state.orders.get(order.client_id) == order:
            return
        self.store(PutOrder(order))
        self.keep_order(order)

    def keep_order(self, order: Order) -> None:
        """Remember an order; the oldest that is over, and whose ticket is, is forgotten."""
        orders = {**self.state.orders, order.client_id: order}
        if len(orders) > REMEMBERED_ORDERS:
            running = {ticket.id for ticket in self.state.tickets.values()}
            over = (
                o.client_id for o in orders.values() if o.state not in LIVE and o.ticket_id not in running
            )
            oldest = next(over, None)
            if oldest is not None:
                del orders[oldest]
        self.set(orders=orders)

    def put_ticket(self, ticket: Ticket) -> None:
        """A ticket's present state."""
        self.store(PutTicket(ticket))
        kept = self.state.tickets.get(ticket.underlying)
        if ticket.state in OPEN:
            self.set(tickets={**self.state.tickets, ticket.underlying: ticket})
        elif kept is not None and kept.id == ticket.id:
            self.set(tickets=without(self.state.tickets, ticket.underlying))

    def put_status(self, status: TradingStatus, why: str, actor: str = "engine") -> None:
        """What may be sent, with why; nothing where nothing changes."""
        if status != self.state.status:
            self.store(PutStatus(status, why, actor))
            self.set(status=status)

    def end_auto(self, why: str) -> None:
        """End automatic mode, with the reason on the record."""
        self.set_auto(auto_off(self.state.status.auto, why), f"automatic hedging off: {why}")

    def set_auto(self, auto: AutoSetting, why: str, actor: str = "engine") -> None:
        """Change automatic mode."""
        self.put_status(replace(self.state.status, auto=auto), why, actor)

    def add_fill(self, fill: Fill) -> None:
        """Book a fill that is not known yet."""
        self.store(AddFill(fill))
        fills = {**self.state.fills, (fill.account, fill.trade_id): fill}
        if len(fills) > REMEMBERED_FILLS:
            del fills[next(iter(fills))]
        self.set(fills=fills)

    def count_message(self, venue: str) -> None:
        """Count an order or a cancel against the venue's budget (C6)."""
        recent = younger(self.state.messages.get(venue, ()), self.now, MESSAGES_KEPT_SECONDS)
        self.set(messages={**self.state.messages, venue: (*recent, self.now)})

    def count_today(self, venue: str, *, orders: int = 0, trades: int = 0) -> None:
        """Count orders and trades of this UTC day."""
        today = self.now.date()
        known = self.state.days.get(venue)
        if known is None or known.day != today:
            known = DayCount(today)
        counted = DayCount(today, known.orders + orders, known.trades + trades)
        self.set(days={**self.state.days, venue: counted})

    def put_account(self, account: Account) -> None:
        """An account as it is known now."""
        self.set(accounts={**self.state.accounts, account.name: account})

    def put_run(self, run: Run) -> None:
        """A run as far as it has come."""
        self.set(runs={**self.state.runs, run.item.underlying: run})

    def put_search(self, client_id: str, search: Search | None) -> None:
        """The look-ups of an order, or that there are none any more."""
        searches = without(self.state.searches, client_id)
        self.set(searches=searches if search is None else {**searches, client_id: search})

    def set(self, **changes: object) -> None:
        """Replace fields of the state."""
        self.state = _changed(self.state, changes)


def _changed(state: State, changes: Mapping[str, object]) -> State:
    """What ``replace`` gives, in a fifth of its time: a step does it a dozen times."""
    after = object.__new__(State)
    for name, put in _FIELDS:
        put(after, changes[name] if name in changes else getattr(state, name))
    return after


_FIELDS: tuple[tuple[str, Callable[[State, object], None]], ...] = tuple(
    (each.name, getattr(State, each.name).__set__) for each in fields(State)
)


def without(mapping: Mapping[str, Value], *names: str) -> dict[str, Value]:
    """A mapping without some of its keys."""
    return {name: value for name, value in mapping.items() if name not in names}


def younger(times: Iterable[datetime], now: datetime, seconds: float) -> tuple[datetime, ...]:
    """The times of the last ``seconds``."""
    return tuple(at for at in times if (now - at).total_seconds() < seconds)
