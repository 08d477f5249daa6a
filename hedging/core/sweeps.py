"""What a venue is asked again and again, and what its answers say of what we believe."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from hedging.core.account import Account, Mismatch, with_positions
from hedging.core.effects import Query
from hedging.core.events import (
    BalancePushed,
    BalancesRead,
    ClockRead,
    OpenOrdersRead,
    PositionsRead,
    QueryFailed,
)
from hedging.core.halting import halt
from hedging.core.queries import QueryKind
from hedging.core.state import needed_keys
from hedging.core.turn import Turn
from hedging.model.trading import Order, OrderState
from hedging.workflow.backoff import retry_after
from hedging.workflow.order import LIVE, UNPROVED, is_ours

UNANSWERED_SECONDS = 30.0  # then a query that was never answered is asked again
LOOK_BACK = timedelta(minutes=5)
EVERY = tuple(QueryKind)
READ_ONLY = (QueryKind.POSITIONS, QueryKind.BALANCES)


def ask(turn: Turn, account: str, kind: QueryKind, since: datetime | None = None) -> None:
    """Send a query now, unless the same one is under way, or was not answered just now (C19)."""
    under_way = turn.state.asked.get((account, kind))
    if under_way is not None and (turn.now - under_way).total_seconds() < UNANSWERED_SECONDS:
        return
    known, due = turn.state.accounts[account], turn.state.due.get((account, kind))
    if known.unanswered.get(kind) and due is not None and turn.now < due:
        return
    if kind is QueryKind.FILLS:
        since = since or _since(turn, account)
    pause = timedelta(seconds=_pause(turn, kind, known))
    turn.set(
        asked={**turn.state.asked, (account, kind): turn.now},
        due={**turn.state.due, (account, kind): turn.now + pause},
    )
    turn.do(Query(account, kind, since))


def ask_what_is_due(turn: Turn) -> None:
    """Send every query whose time has come."""
    for account in turn.state.accounts.values():
        for kind in EVERY if account.trades else READ_ONLY:
            due = turn.state.due.get((account.name, kind))
            if due is None or turn.now >= due:
                ask(turn, account.name, kind)


def take_positions(turn: Turn, event: PositionsRead) -> None:
    """Keep a read that is explained; hunt for the fill that would explain another; the venue is the truth."""
    answered(turn, event.account, QueryKind.POSITIONS)
    state = turn.state
    before = state.accounts[event.account]
    unproved = frozenset(
        each.instrument for each in state.live if each.account == before.name and each.state in UNPROVED
    )
    taken = with_positions(before, event, state.setup.instruments, state.rules.ages.settle, unproved)
    turn.put_account(replace(taken.account, gaps=event.gaps))
    if taken.kept:
        accounts = turn.state.accounts
        held = tuple(p for each in accounts.values() for p in (each.positions or {}).values())
        turn.set(held=held, needed=needed_keys(state.rules, accounts))
    last, asked_at = before.last_fill_at, event.asked_at
    if last is not None and asked_at <= last and asked_at < turn.now:  # it knows nothing of the last trade
        ask(turn, event.account, QueryKind.POSITIONS)
    if not before.trades:
        return
    if taken.suspicious:
        ask(turn, event.account, QueryKind.FILLS)
        hurry(turn, event.account, frozenset(each.instrument for each in taken.suspicious))
    for odd in taken.proved:
        _believe(turn, event.account, odd)


def _believe(turn: Turn, account: str, odd: Mismatch) -> None:
    """Two sweeps and no fill explain it (C12): the book halts, and the venue's amount stands."""
    turn.note("position changed outside", account, odd.words)
    instrument = turn.state.setup.instruments.get(f"{turn.state.accounts[account].venue}:{odd.instrument}")
    turn.end_auto(odd.words)
    if instrument is None or abs(odd.found - odd.expected) > instrument.lot:
        halt(turn, odd.words, "engine")


def hurry(turn: Turn, account: str, instruments: frozenset[str]) -> None:
    """Look up at once every order that may explain an amount."""
    for client_id, search in tuple(turn.state.searches.items()):
        order = turn.state.orders.get(client_id)
        if order is not None and order.account == account and order.instrument in instruments:
            turn.put_search(client_id, replace(search, next_at=turn.now))


def take_balances(turn: Turn, event: BalancesRead) -> None:
    """Keep balances and holdings."""
    answered(turn, event.account, QueryKind.BALANCES)
    account = turn.state.accounts[event.account]
    turn.put_account(
        replace(account, balances=event.balances, holdings=event.holdings, balances_at=event.asked_at)
    )


def take_pushed_balance(turn: Turn, event: BalancePushed) -> None:
    """Keep one balance; the read stays the floor, so its time is not touched."""
    account = turn.state.accounts[event.balance.account]
    kept = tuple(
        event.balance if each.currency == event.balance.currency else each for each in account.balances
    )
    if kept != account.balances:
        turn.put_account(replace(account, balances=kept))


def take_clock(turn: Turn, event: ClockRead) -> None:
    """Keep the venue's offset."""
    answered(turn, event.account, QueryKind.CLOCK)
    account = turn.state.accounts[event.account]
    turn.put_account(replace(account, clock_offset=event.offset_seconds))


def take_open_orders(turn: Turn, event: OpenOrdersRead) -> None:
    """An order of ours that the ledger does not know halts; a live one that is not listed is looked up."""
    answered(turn, event.account, QueryKind.OPEN_ORDERS)
    listed = {report.client_id: report for report in event.reports}
    for client_id, report in listed.items():
        if client_id not in turn.state.orders and is_ours(client_id):
            words = f"{client_id} works at the venue, and the ledger does not know it: cancel it there"
            if turn.state.status.halted_because != words:
                turn.note("unknown order of ours", client_id, report)
                halt(turn, words, "engine")
    for order in turn.state.live:
        if order.account == event.account and _wants_a_look(order, event, order.client_id in listed):
            search = turn.state.searches.get(order.client_id)
            if search is not None:
                turn.put_search(order.client_id, replace(search, next_at=turn.now))


def _wants_a_look(order: Order, event: OpenOrdersRead, is_listed: bool) -> bool:  # noqa: FBT001
    working = order.state in {OrderState.ACKED, OrderState.PARTIAL}
    sent_before = order.sent_at is not None and order.sent_at < event.asked_at
    return sent_before and working and not is_listed


def take_failure(turn: Turn, event: QueryFailed) -> None:
    """Nothing was learnt: what is known grows old, and the next try waits longer."""
    answered(turn, event.account, event.kind, failed=True)
    account = turn.state.accounts[event.account]
    unanswered = {**account.unanswered, event.kind: account.unanswered.get(event.kind, 0) + 1}
    known = replace(account, unanswered=unanswered, trouble=event.why)
    turn.put_account(known)
    pause = timedelta(seconds=_pause(turn, event.kind, known))
    turn.set(due={**turn.state.due, (event.account, event.kind): turn.now + pause})


def answered(turn: Turn, name: str, kind: QueryKind, *, failed: bool = False) -> None:
    """A query is no longer under way; an answer ends the count of failures."""
    asked = {each: at for each, at in turn.state.asked.items() if each != (name, kind)}
    turn.set(asked=asked)
    account = turn.state.accounts[name]
    if not failed and kind in account.unanswered:
        left = {each: count for each, count in account.unanswered.items() if each is not kind}
        turn.put_account(replace(account, unanswered=left, trouble=account.trouble if left else ""))


def _since(turn: Turn, account: str) -> datetime:
    """From when on fills are asked for: before the oldest order that is not over, the last read, a while."""
    open_since = [
        order.created_at
        for order in turn.state.orders.values()
        if order.account == account and order.state in LIVE
    ]
    last_read = turn.state.accounts[account].fills_read_at
    known = [turn.now, *open_since, *([last_read] if last_read else [])]
    return min(known) - LOOK_BACK


def _pause(turn: Turn, kind: QueryKind, account: Account) -> float:
    """Seconds to the next read: the usual pace, longer the more reads in a row went unanswered (C19)."""
    usual, failures = turn.state.setup.pace.of(kind), account.unanswered.get(kind, 0)
    seed = f"{account.name}{kind}{failures}".encode()
    jitter = int.from_bytes(hashlib.sha256(seed).digest()[:4]) / 2**32
    return max(usual, retry_after(failures, jitter))
