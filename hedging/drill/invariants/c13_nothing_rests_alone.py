"""C13: an order rests only where the exchange ends it by itself, and none outlives its engine for long."""

from hedging.drill.facts import Ended, Sent
from hedging.model.trading import Lifetime
from hedging.model.venue_profile import DeadMan

ID = "C13"
SENTENCE = "an order rests only where the exchange ends it by itself, and none outlives its engine for long"


def sent(now: Sent) -> str:
    """A resting order has a switch that runs, as the exchange confirmed."""
    if now.order.lifetime is not Lifetime.RESTING or now.thawed:
        return ""
    if now.state.setup.profiles[now.order.venue].dead_man is DeadMan.NONE:
        return f"{now.order.client_id} rests where nothing ends it"
    until = now.state.dead_man_until.get(now.order.account)
    runs = until is not None and until > now.now
    return "" if runs else f"{now.order.client_id} rests while no dead man's switch runs"


def ended(now: Ended) -> str:
    """Where no engine runs any more, nothing works."""
    if now.state is not None:
        return ""
    working = [each.order.client_id for each in now.orders if each.open]
    return f"{working[0]} rests although no engine runs" if working else ""
