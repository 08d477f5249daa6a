"""C16: nothing new shortly before expiry, around settlement, or while the venue says that it is closed."""

from datetime import datetime, time, timedelta

from hedging.model.gates import BoundKind, Reading
from hedging.model.instrument import Kind
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState
from hedging.workflow.gates.venue import HALTING

CONTROL = "C16"
SENTENCE = "no expiry, settlement or maintenance is near"
SETTLEMENT = time(8, 0)  # UTC: where derivatives settle daily and expire, and where perpetuals pay funding
EXPIRING = frozenset({Kind.FUTURE, Kind.OPTION})


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse shortly before an expiry or where it is not known, around 08:00 UTC, and while closed."""
    trouble = state.venue_trouble
    if trouble is not None and trouble.kind not in HALTING:
        return Refusal(control=CONTROL, reason=f"{order.venue} is in {trouble.kind.value}: {trouble.why}")
    if state.instrument_trouble:
        return Refusal(control=CONTROL, reason=f"{order.instrument} is not open: {state.instrument_trouble}")
    return _near_expiry(state) or _near_settlement(state)


def readings(state: GateState) -> tuple[Reading, ...]:
    """Minutes to the expiry and seconds to or from the settlement."""
    rules, instrument = state.rules.execution, state.instrument
    found = []
    if instrument.kind in EXPIRING:
        expiry = instrument.expiry
        left = None if expiry is None else (expiry - state.now).total_seconds() / 60
        found.append(Reading("time to expiry", left, rules.expiry_cutoff_minutes, "min", BoundKind.LEAST))
    if instrument.kind is not Kind.SPOT:
        away = _from_settlement(state.now).total_seconds()
        found.append(Reading("from settlement", away, rules.settlement_pause_seconds, "s", BoundKind.LEAST))
    shown = state.venue_trouble.kind.value if state.venue_trouble else state.instrument_trouble or "open"
    return (*found, Reading(instrument.name, shown, "open"))


def _near_expiry(state: GateState) -> Refusal | None:
    instrument, minutes = state.instrument, state.rules.execution.expiry_cutoff_minutes
    if instrument.kind not in EXPIRING and instrument.expiry is None:
        return None
    if instrument.expiry is None:
        return Refusal(control=CONTROL, reason=f"{instrument.name} expires, and when is not known")
    left = instrument.expiry - state.now
    if left >= timedelta(minutes=minutes):
        return None
    return Refusal(
        control=CONTROL,
        reason=f"{instrument.name} expires too soon",
        value=f"{left.total_seconds() / 60:.1f} min",
        bound=f"{minutes:g} min",
    )


def _near_settlement(state: GateState) -> Refusal | None:
    instrument = state.instrument
    seconds = state.rules.execution.settlement_pause_seconds
    if instrument.kind is Kind.SPOT or _from_settlement(state.now) > timedelta(seconds=seconds):
        return None
    return Refusal(
        control=CONTROL,
        reason=f"the settlement of {SETTLEMENT:%H:%M} UTC is near",
        value=f"{state.now:%H:%M:%S}",
        bound=f"{seconds:g} s before and after",
    )


def _from_settlement(now: datetime) -> timedelta:
    """Time between ``now`` and the nearest settlement, either way."""
    today = datetime.combine(now.date(), SETTLEMENT, now.tzinfo)
    return min(abs(now - today - timedelta(days=days)) for days in (-1, 0, 1))
