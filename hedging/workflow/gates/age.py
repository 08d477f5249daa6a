"""C10: every input is young enough, and the position is newer than the last fill."""

from datetime import datetime, timedelta
from math import isfinite

from hedging.model.gates import Reading
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C10"
SENTENCE = "prices, marks, position, margin and clock are fresh"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse on the first input that is missing, too old, or from before the last fill."""
    ages = state.rules.ages
    for name, at, limit in _inputs(state):
        refusal = _older(f"the {name}", at, limit, state.now)
        if refusal:
            return refusal
    told = _old_at_the_venue(state)
    if told:
        return told
    if state.exposure is None:
        return Refusal(control=CONTROL, reason=f"the exposure of {order.underlying} is not fully known")
    if state.position_at and state.last_fill_at and state.position_at <= state.last_fill_at:
        return Refusal(control=CONTROL, reason="the position was read before the last fill")
    offset = state.clock_offset_seconds
    if offset is None or not abs(offset) <= ages.clock_offset:
        shown = "unknown" if offset is None else f"{offset:+.2f} s"
        return Refusal(
            control=CONTROL,
            reason="our clock and the venue's differ",
            value=shown,
            bound=f"±{ages.clock_offset:g} s",
        )
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """Ages of the inputs and the distance between the clocks, in seconds."""
    found = [
        Reading(f"age of the {name}", None if at is None else (state.now - at).total_seconds(), limit, "s")
        for name, at, limit in _inputs(state)
    ]
    offset = state.clock_offset_seconds
    shown = offset if offset is not None and isfinite(offset) else None
    return (*found, Reading("clock offset", shown, state.rules.ages.clock_offset, "s"))


def _inputs(state: GateState) -> tuple[tuple[str, datetime | None, float], ...]:
    """What an order rests on: its name, when it was received, and its oldest age in seconds."""
    ages, quote, balance = state.rules.ages, state.quote, state.balance
    return (
        ("touch", quote.touch_received_at if quote else None, ages.touch),
        ("mark", quote.received_at if quote else None, ages.marks),
        ("position", state.position_at, ages.position),
        ("margin", balance.received_at if balance else None, ages.margin),
    )


def _old_at_the_venue(state: GateState) -> Refusal | None:
    """A price that came just now may still be one from long ago: by the venue's own clock."""
    quote, offset, ages = state.quote, state.clock_offset_seconds, state.rules.ages
    if quote is None or offset is None:
        return None
    age = (state.now - quote.venue_at).total_seconds() + offset
    if age <= ages.touch + ages.clock_offset:
        return None
    return Refusal(
        control=CONTROL,
        reason="the price is old by the venue's own clock",
        value=f"{age:.1f} s",
        bound=f"{ages.touch + ages.clock_offset:g} s",
    )


def _older(name: str, at: datetime | None, limit: float, now: datetime) -> Refusal | None:
    if at is None:
        return Refusal(control=CONTROL, reason=f"{name} is not known")
    if at - now > timedelta(seconds=limit):
        return Refusal(
            control=CONTROL,
            reason=f"{name} is from later than now: our clock was set back, and its age is not known",
            value=f"{(now - at).total_seconds():.1f} s",
            bound=f"{limit:g} s",
        )
    if now - at > timedelta(seconds=limit):
        return Refusal(
            control=CONTROL,
            reason=f"{name} is too old",
            value=f"{(now - at).total_seconds():.1f} s",
            bound=f"{limit:g} s",
        )
    return None
