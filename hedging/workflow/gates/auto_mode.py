"""C18: what automatic mode approved is sent only while it is armed, in its time and inside its caps."""

from hedging.model.gates import BoundKind, Reading
from hedging.model.trading import AutoMode, Order, Refusal
from hedging.workflow.authority import by_itself, lapsed
from hedging.workflow.gates.state import GateState

CONTROL = "C18"
SENTENCE = "automatic mode is armed, or a person approved"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order that no person approved, once automatic mode is over."""
    if not by_itself(order.approver):
        return None
    auto = lapsed(state.status.auto, state.now)
    if auto.mode is AutoMode.ARMED:
        return None
    why = auto.ended_because or f"it is {auto.mode.value}"
    return Refusal(control=CONTROL, reason=f"automatic hedging is not armed: {why}")


def readings(state: GateState) -> tuple[Reading, ...]:
    """Minutes left, and orders and turnover used of their caps."""
    auto = state.status.auto
    if auto.mode is not AutoMode.ARMED:
        return (Reading("automatic mode", auto.mode.value, None),)
    left = None if auto.until is None else (auto.until - state.now).total_seconds() / 60
    return (
        Reading("time left", left, 0.0, "min", BoundKind.LEAST),
        Reading("orders used", float(auto.orders_used), float(auto.max_orders)),
        Reading("turnover used", auto.turnover_used_usd, auto.max_turnover_usd, "USD"),
    )
