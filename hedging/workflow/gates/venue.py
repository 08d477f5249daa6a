"""C19: nothing is sent to a venue that is down, or that does not accept our key."""

from hedging.model.gates import Reading, TroubleKind
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C19"
SENTENCE = "the venue answers and accepts our key"
HALTING = frozenset({TroubleKind.DOWN, TroubleKind.NO_ACCESS})


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse while the order's venue is halted."""
    trouble = state.venue_trouble
    if trouble is None or trouble.kind not in HALTING:
        return None
    return Refusal(control=CONTROL, reason=f"{order.venue} is halted ({trouble.kind.value}): {trouble.why}")


def readings(state: GateState) -> tuple[Reading, ...]:
    """The venue's state in words."""
    trouble = state.venue_trouble
    halted = trouble is not None and trouble.kind in HALTING
    shown = trouble.kind.value if trouble and halted else "open"
    return (Reading(state.instrument.venue, shown, "open"),)
