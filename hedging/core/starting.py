"""From what the ledger holds to an engine that may act: every order left behind is proved first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hedging.core import tracking
from hedging.core.account import Account
from hedging.core.events import Started, TermsTaken
from hedging.core.state import DayCount, Setup, State, needed_keys
from hedging.core.turn import Turn
from hedging.model.gates import AutomaticExecution
from hedging.model.trading import Fill, Order, OrderState, Ticket, TicketState, TradingStatus
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets
from hedging.workflow.authority import auto_off


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the ledger holds of the book: open tickets, orders that are not over and the latest, fills.

    ``days`` are the messages of today by venue, ``automatic`` what automatic mode sent in the last hour.
    """

    status: TradingStatus = field(default_factory=TradingStatus)
    tickets: tuple[Ticket, ...] = ()
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    days: Mapping[str, DayCount] | None = None
    automatic: tuple[AutomaticExecution, ...] = ()


def restored(setup: Setup, accounts: Iterable[Account], stored: Stored, lease_until: datetime) -> State:
    """An engine that knows what is stored, and has asked nothing yet."""
    named = {account.name: account for account in accounts}
    return State(
        setup=setup,
        status=stored.status,
        tickets={ticket.underlying: ticket for ticket in stored.tickets},
        orders={order.client_id: order for order in stored.orders},
        fills={(fill.account, fill.trade_id): fill for fill in stored.fills},
        accounts=named,
        lease_until=lease_until,
        needed=needed_keys(setup.rules, named),
        days=stored.days or {},
        automatic=stored.automatic,
        messages=_messages(stored.orders),
    )


def _messages(stored: Iterable[Order]) -> dict[str, tuple[datetime, ...]]:
    """When orders left, by venue: the budget of the last minute outlives a restart (C6)."""
    times: dict[str, list[datetime]] = {}
    for order in stored:
        if order.sent_at is not None:
            times.setdefault(order.venue, []).append(order.sent_at)
    return {venue: tuple(sorted(each)) for venue, each in times.items()}


def take_start(turn: Turn, _: Started) -> None:
    """Automatic mode is off after every start; what was sent and not answered is unknown until proved."""
    status = turn.state.status
    off = auto_off(status.auto, "the engine was started again")
    turn.put_status(replace(status, auto=off), "automatic hedging is off after every start")
    to_prove = []
    for order in turn.state.live:
        if order.state in orders.UNPROVED:
            left = replace(order, state=OrderState.SENT)
            turn.put_order(orders.unclear(left, "the engine stopped while it was sent", turn.now))
        if order.state is not OrderState.QUARANTINED:
            to_prove.append(order.client_id)
    turn.set(to_prove=frozenset(to_prove))
    for order in turn.state.orders.values():
        tracking.search_soon(turn, order)  # of those that are over, only what their fills do not add up to


def conclude_start(turn: Turn) -> None:
    """Ready once each order was looked up, and each account that trades was read whole."""
    state = turn.state
    if state.ready or state.to_prove:
        return
    for account in state.accounts.values():
        read = (account.positions_at, account.balances_at, account.clock_offset, account.fills_read_at)
        if account.trades and None in read:
            return
    turn.set(ready=True)
    for ticket in tuple(state.tickets.values()):
        if ticket.state is TicketState.PROPOSED:
            turn.put_ticket(tickets.supersede(ticket, "the engine was started again"))
        else:
            turn.put_ticket(tickets.fail(ticket, "the engine was started again; its orders were looked up"))


def take_terms(turn: Turn, event: TermsTaken) -> None:
    """Work under other terms from now on; they, and what closed with them, are stored already."""
    turn.set(setup=replace(turn.state.setup, rules=event.rules), status=event.status)
    closed = {ticket.id for ticket in event.closed}
    turn.set(tickets={name: t for name, t in turn.state.tickets.items() if t.id not in closed})
    turn.set(needed=needed_keys(event.rules, turn.state.accounts))
