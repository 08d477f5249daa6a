"""C16: nothing leaves for an instrument that expires soon."""

from datetime import timedelta

from hedging.drill.facts import Sent

ID = "C16"
SENTENCE = "nothing leaves for an instrument that expires soon"
WAITED = timedelta(seconds=1)  # an order that was judged may wait for its turn


def sent(now: Sent) -> str:
    """By the engine's clock the cut-off has not come yet."""
    expiry, minutes = now.instrument.expiry, now.state.rules.execution.expiry_cutoff_minutes
    if expiry is None or now.thawed:
        return ""
    left = expiry - now.now
    if left >= timedelta(minutes=minutes) - WAITED:
        return ""
    return f"{now.order.client_id} left {left.total_seconds() / 60:.2f} minutes before the expiry"
