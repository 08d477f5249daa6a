"""Pre-trade checks: one small file each, ``check(order, state) -> Refusal | None``.

Adding one is a file with ``CONTROL``, ``SENTENCE``, ``check`` and ``readings``, from which the screen builds
itself, and its name in ``GATES``.
"""

from dataclasses import dataclass
from types import ModuleType

from hedging.model.trading import Order, Refusal, Verdict
from hedging.workflow.gates import (
    age,
    auto_mode,
    closing,
    collar,
    duplicates,
    kill,
    limits,
    margin,
    market,
    messages,
    order_value,
    position,
    price_drift,
    reduce_only,
    repeats,
    resting,
    self_trade,
    trading_state,
    venue,
    who,
)
from hedging.workflow.gates.state import GateState

__all__ = ["GATES", "GateState", "Judgement", "judge"]

GATES: tuple[ModuleType, ...] = (  # what needs a price stands behind what says that there is none
    kill,
    who,
    trading_state,
    market,
    venue,
    closing,
    auto_mode,
    self_trade,
    duplicates,
    age,
    collar,
    price_drift,
    order_value,
    repeats,
    position,
    limits,
    margin,
    reduce_only,
    resting,
    messages,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The gates' verdicts in order, and the first refusal."""

    verdicts: tuple[Verdict, ...]
    refusal: Refusal | None


def judge(order: Order, state: GateState) -> Judgement:
    """Ask every gate; the first refusal decides, the others are asked all the same, for the record."""
    refusals = [(gate, gate.check(order, state)) for gate in GATES]
    verdicts = tuple(
        Verdict(
            check=f"{gate.CONTROL} {gate.SENTENCE}",
            passed=refusal is None,
            reason=_words(refusal) if refusal else "",
        )
        for gate, refusal in refusals
    )
    return Judgement(verdicts, next((refusal for _, refusal in refusals if refusal), None))


def _words(refusal: Refusal) -> str:
    if not (refusal.value or refusal.bound):
        return refusal.reason
    return f"{refusal.reason} ({refusal.value}; allowed: {refusal.bound})"
