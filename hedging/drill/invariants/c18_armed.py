"""C18: what automatic mode approved leaves only while it is armed, in its time and inside its caps."""

from hedging.drill.facts import Sent
from hedging.model.trading import AutoMode
from hedging.workflow.authority import by_itself

ID = "C18"
SENTENCE = "what automatic mode approved leaves only while it is armed, in its time and inside its caps"


def sent(now: Sent) -> str:
    """By the setting that the engine goes by at this moment."""
    if not by_itself(now.order.approver) or now.thawed:
        return ""
    auto = now.state.status.auto
    if auto.mode is not AutoMode.ARMED:
        return f"{now.order.client_id} left while automatic mode is {auto.mode}: {auto.ended_because}"
    if auto.until is None or now.now >= auto.until:
        return f"{now.order.client_id} left after the time of automatic mode"
    over = auto.orders_used >= auto.max_orders or auto.turnover_used_usd > auto.max_turnover_usd
    return f"{now.order.client_id} left beyond the caps of automatic mode" if over else ""
