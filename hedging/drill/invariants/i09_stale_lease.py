"""I9: a stale lease never reaches the exchange, where it has a time fence."""

from hedging.drill.facts import Taken
from hedging.model.venue_profile import Fence

ID = "I9"
SENTENCE = "a stale lease never reaches the exchange, where it has a time fence"


def taken(now: Taken) -> str:
    """The sender's lease is still the newest one."""
    if now.token == now.newest or now.profile.fence is Fence.NONE:
        return ""
    return f"{now.order.client_id} of lease {now.token} was accepted under lease {now.newest}"
