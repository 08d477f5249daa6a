"""One step: an event changes the state, then everything that is due or possible by now is done."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hedging.core import cancelling, deciding, execution, people, starting, sweeps, tracking
from hedging.core import events as happened
from hedging.core.effects import Effect
from hedging.core.events import Event
from hedging.core.halting import halt
from hedging.core.queries import QueryKind
from hedging.core.state import State
from hedging.core.turn import Turn
from hedging.workflow.authority import lapsed


def step(state: State, event: Event, now: datetime) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``event`` at ``now`` (aware UTC, never earlier than before), and what it wants done.

    Pure: the same arguments give the same answer. Where the first effect is a commit and it fails, the
    state of before stands and none of the effects may be carried out.
    """
    turn = Turn(state, now)
    TAKES[type(event)](turn, event)
    _do_what_is_due(turn)
    return turn.state, turn.effects()


def due(state: State, now: datetime) -> datetime:
    """When the engine wants to be stepped again though nothing has happened; never more than a second off.

    What waits for an answer is not due: that answer will be an event.
    """
    times = [now + timedelta(seconds=1)]
    times += (at for query, at in state.due.items() if query not in state.asked)
    times += (search.next_at for search in state.searches.values() if not search.asking)
    times += (at for run in state.runs.values() for at in execution.next_times(run, now))
    times += (ticket.expires_at for ticket in state.tickets.values() if ticket.expires_at > now)
    return max(now, min(times))


def _do_what_is_due(turn: Turn) -> None:
    auto = turn.state.status.auto
    ended = lapsed(auto, turn.now)
    if ended != auto:
        turn.set_auto(ended, f"automatic hedging off: {ended.ended_because}")
    deciding.expire_tickets(turn)
    tracking.conclude_absence(turn)
    starting.conclude_start(turn)
    execution.advance(turn)
    cancelling.cancel_what_must_end(turn)
    cancelling.keep_alive(turn)
    tracking.look_up(turn)
    sweeps.ask_what_is_due(turn)


def _take_latches(turn: Turn, event: happened.Latched) -> None:
    fresh = [reason for reason in event.reasons if reason not in turn.state.latches]
    turn.set(latches=event.reasons)
    for reason in fresh:
        halt(turn, reason, "kill file")


def _take_lease(turn: Turn, event: happened.LeaseHeld) -> None:
    turn.set(lease_until=event.until)


def _take_open_orders(turn: Turn, event: happened.OpenOrdersRead) -> None:
    sweeps.take_open_orders(turn, event)
    people.conclude_releases(turn, event)


def _take_fills(turn: Turn, event: happened.FillsArrived) -> None:
    tracking.take_fills(turn, event)
    if event.swept:
        sweeps.answered(turn, event.swept, QueryKind.FILLS)


def _take_failure(turn: Turn, event: happened.QueryFailed) -> None:
    sweeps.take_failure(turn, event)
    if event.kind is QueryKind.OPEN_ORDERS:
        people.give_up_releases(turn, event.account, event.why)


def _take_time(turn: Turn, _: happened.Ticked) -> None:
    """Nothing but time has passed."""


TAKES: dict[type, Callable[[Turn, Any], None]] = {
    happened.Started: starting.take_start,
    happened.Ticked: _take_time,
    happened.Looked: deciding.take_look,
    happened.Answered: tracking.take_answer,
    happened.Refused: tracking.take_refusal,
    happened.NotSent: tracking.take_refusal,
    happened.Unclear: tracking.take_silence,
    happened.Found: tracking.take_found,
    happened.Missing: tracking.take_missing,
    happened.LookUpFailed: tracking.take_failed_look_up,
    happened.Cancelled: tracking.take_cancel,
    happened.CancelFailed: tracking.take_cancel,
    happened.FillsArrived: _take_fills,
    happened.Reported: tracking.take_report,
    happened.PositionsRead: sweeps.take_positions,
    happened.BalancesRead: sweeps.take_balances,
    happened.BalancePushed: sweeps.take_pushed_balance,
    happened.OpenOrdersRead: _take_open_orders,
    happened.ClockRead: sweeps.take_clock,
    happened.QueryFailed: _take_failure,
    happened.KeptAlive: cancelling.take_kept_alive,
    happened.LeaseHeld: _take_lease,
    happened.Asked: people.take_command,
    happened.Latched: _take_latches,
    happened.Wished: people.take_wish,
    happened.TermsTaken: starting.take_terms,
}
