"""C6: the message budget per venue, with a fifth kept for cancels; cancels are messages too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from hedging.model.gates import Reading
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C6"
SENTENCE = "the message budget allows it"
KEPT_FOR_CANCELS = 0.2


class CancelFor(StrEnum):
    """Why an order is cancelled, which decides whether the budget binds."""

    ROUTINE = "routine"
    KILL = "kill"  # as many as there are orders, at once


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order that would use the budget beyond what is kept for cancels, or the day's orders."""
    rules, share = state.rules.execution, 1 - KEPT_FOR_CANCELS
    for used, budget, words in _spans(state.messages, state.now, rules):
        if used >= budget * share:
            return Refusal(
                control=CONTROL,
                reason=f"{order.venue} has had its messages of this {words}",
                value=str(used),
                bound=f"{budget * share:.0f}",
            )
    allowed = _allowed_today(state)
    if state.orders_today < allowed:
        return None
    return Refusal(
        control=CONTROL,
        reason=f"{order.venue} has had too many orders today for {state.trades_today} trades",
        value=str(state.orders_today),
        bound=str(allowed),
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """Messages used of what orders may use, and orders of the day."""
    share = 1 - KEPT_FOR_CANCELS
    spans = _spans(state.messages, state.now, state.rules.execution)
    return (
        *(Reading("messages", float(used), budget * share, f"per {words}") for used, budget, words in spans),
        Reading("orders", float(state.orders_today), float(_allowed_today(state)), "per day"),
    )


def cancel_allowed(
    messages: Sequence[datetime], rules: ExecutionRules, now: datetime, why: CancelFor = CancelFor.ROUTINE
) -> bool:
    """Whether one more cancel may go to a venue that was sent ``messages``: the whole budget is there for it.

    A kill's cancels always may: an order left in the book is worse than a venue's limit.
    """
    if why is CancelFor.KILL:
        return True
    return all(used < budget for used, budget, _ in _spans(messages, now, rules))


def _spans(
    messages: Sequence[datetime], now: datetime, rules: ExecutionRules
) -> tuple[tuple[int, int, str], ...]:
    """Messages of the time in which a burst comes back and of the minute, each with its budget and name."""
    burst = timedelta(seconds=rules.messages_burst / rules.messages_per_second)
    return (
        (sum(1 for at in messages if now - at < burst), rules.messages_burst, f"{burst.total_seconds():g} s"),
        (sum(1 for at in messages if now - at < timedelta(minutes=1)), rules.messages_per_minute, "minute"),
    )


def _allowed_today(state: GateState) -> int:
    rules = state.rules.execution
    return rules.daily_orders + rules.orders_per_trade * state.trades_today
