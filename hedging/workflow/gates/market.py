"""C24: while the market itself is not to be trusted, only what shrinks delta and position is sent."""

from dataclasses import replace

from hedging.model.gates import Reading
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.reducing import only_shrinks
from hedging.workflow.gates.state import GateState

CONTROL = "C24"
SENTENCE = "the market is sane"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse what does not shrink while marks are old or the index jumps, from the first moment of it on."""
    if not state.market_trouble:
        return None
    refusal = only_shrinks(order, state, CONTROL)
    return refusal and replace(refusal, reason=f"{state.market_trouble}: {refusal.reason}")


def readings(state: GateState) -> tuple[Reading, ...]:
    """What is wrong with the market, in words."""
    return (Reading("market", state.market_trouble or "sane", "sane"),)
