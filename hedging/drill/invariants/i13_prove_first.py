"""I13: nothing is sent before what an earlier run left behind is proved; then it is ready."""

from hedging.drill.facts import Ended, Sent

ID = "I13"
SENTENCE = "nothing is sent before what an earlier run left behind is proved; then it is ready"


def sent(now: Sent) -> str:
    """The engine was ready."""
    return "" if now.state.ready else f"{now.order.client_id} left before the engine was ready"


def ended(now: Ended) -> str:
    """Long after the last fault the engine is ready."""
    ready = now.state is not None and now.state.ready
    return "" if ready or now.state is None else "the engine never became ready"
