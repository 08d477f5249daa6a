"""The last look before the wire, on the thread that sends: what is found here costs no order."""

from collections.abc import Callable
from datetime import datetime

from hedging.core.effects import Submit
from hedging.engine.latches import Latches
from hedging.engine.recording import Recorder
from hedging.errors import LedgerError
from hedging.model.trading import TradingState


class HeldBack(Exception):
    """Nothing left; the text says why."""


class Guard:
    """Reads the three kill latches, the clock and the lease as they are at this moment."""

    def __init__(self, latches: Latches, recorder: Recorder, now: Callable[[], datetime]) -> None:
        self._latches = latches
        self._recorder = recorder
        self._now = now

    def require(self, request: Submit) -> None:
        """Pass an order that may still leave. Raises HeldBack for any other, and where that is not known."""
        try:
            reasons = (*self._latches.reasons(), *self._in_the_ledger())
        except LedgerError as error:
            raise HeldBack(f"the ledger does not say whether it may leave: {error}") from error
        if reasons:
            raise HeldBack(f"killed: {'; '.join(reasons)}")
        now, order = self._now(), request.order
        waited = (now - order.created_at).total_seconds()
        if now >= order.fence_at or now > request.not_after or waited < 0:
            raise HeldBack(f"it waited {waited:.1f} s for its turn, and its inputs are old")

    def _in_the_ledger(self) -> tuple[str, ...]:
        status = self._recorder.ledger.trading(self._recorder.lease.book)
        if status.state is TradingState.HALTED:
            return (status.halted_because,)
        return () if self._recorder.holds_lease() else ("another engine holds the book",)
