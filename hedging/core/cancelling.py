"""Cancels of our own orders, by id and never the whole account, and the venue's dead man's switch."""

from datetime import timedelta

from hedging.core.effects import Cancel, KeepAlive
from hedging.core.events import KeptAlive
from hedging.core.turn import Turn
from hedging.model.trading import Lifetime, Order, OrderState, TradingState
from hedging.workflow.gates.messages import CancelFor, cancel_allowed
from hedging.workflow.order import LIVE

CANCELLABLE = frozenset({OrderState.ACKED, OrderState.PARTIAL, OrderState.UNKNOWN})
CANCEL_WINDOW = timedelta(seconds=30)
MOST_CANCELS = 3  # of one order within the window (I12)
BETWEEN_CANCELS = timedelta(seconds=2)
KEEP_ALIVE_SECONDS = 15.0  # what rests ends this long after the last sign of life (C13: within 20)
KEEP_ALIVE_EVERY = timedelta(seconds=5)


def cancel_what_must_end(turn: Turn) -> None:
    """Everything of ours while halted; what rests too long, or for a run that is gone, at any time."""
    state = turn.state
    halted = state.status.state is TradingState.HALTED or bool(state.latches)
    for order in state.live:
        if order.state in CANCELLABLE and (halted or _rested_enough(turn, order)):
            cancel(turn, order, CancelFor.KILL if halted else CancelFor.ROUTINE)


def cancel(turn: Turn, order: Order, why: CancelFor) -> None:
    """Ask once more for the end of an order: a few times help, a stream of them does not."""
    messages = turn.state.messages.get(order.venue, ())
    if not cancel_allowed(messages, turn.state.rules.execution, turn.now, why):
        return
    tried = tuple(at for at in turn.state.cancels.get(order.client_id, ()) if turn.now - at < CANCEL_WINDOW)
    if len(tried) >= MOST_CANCELS or (tried and turn.now - tried[-1] < BETWEEN_CANCELS):
        return
    turn.set(cancels={**turn.state.cancels, order.client_id: (*tried, turn.now)})
    turn.count_message(order.venue)
    turn.do(Cancel(order))


def keep_alive(turn: Turn) -> None:
    """Refresh the switch of each account where an order of ours rests, or is about to."""
    style = turn.state.rules.execution.style
    for account in turn.state.accounts.values():
        if not account.trades or not turn.state.setup.profiles[account.venue].guards_resting_orders:
            continue
        mine = [order for order in turn.state.live if order.account == account.name]
        resting = any(order.lifetime is Lifetime.RESTING for order in mine)
        about_to = style.rests and any(run.item.account == account.name for run in turn.state.runs.values())
        last = turn.state.kept_alive.get(account.name)
        if (resting or about_to) and (last is None or turn.now - last >= KEEP_ALIVE_EVERY):
            turn.set(kept_alive={**turn.state.kept_alive, account.name: turn.now})
            turn.do(KeepAlive(account.name, KEEP_ALIVE_SECONDS))


def take_kept_alive(turn: Turn, event: KeptAlive) -> None:
    """The venue confirmed its switch."""
    turn.set(dead_man_until={**turn.state.dead_man_until, event.account: event.until})


def _rested_enough(turn: Turn, order: Order) -> bool:
    if order.lifetime is not Lifetime.RESTING or order.state not in LIVE:
        return False
    run = turn.state.runs.get(order.underlying)
    if run is None or run.order != order.client_id:
        return True
    rested = (turn.now - order.created_at).total_seconds()
    return rested >= turn.state.rules.execution.passive_seconds
