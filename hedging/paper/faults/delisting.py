"""An instrument that is taken off the list."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault, Stage, Undo
from hedging.paper.faults.calls import Call
from hedging.paper.faults.instruments import Perpetual
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class Delisting(Fault):
    """``instrument`` is no longer listed: its open orders are cancelled, new ones refused, its prices end.

    A position in it stays, and shows.
    """

    name: ClassVar[str] = "delisting"
    instrument: Perpetual = Perpetual.BTC

    def begin(self, stage: Stage) -> Undo | None:
        """Cancel what is open."""
        for account in stage.exchange.accounts.values():
            stage.exchange.cancel_where(
                account, lambda order: order.instrument == self.instrument.value, "instrument_delisted"
            )
        return None

    def before(self, call: Call) -> Refused | None:
        """Of orders in it, and questions about its prices."""
        if call.subject != self.instrument.value or call.is_position_read:
            return None
        if call.is_order:
            return Refused(Code.BOOK_CLOSED, f"{self.instrument} is delisted", "instrument_name")
        if call.method in ("public/ticker", "public/get_order_book", "public/get_instrument"):
            return Refused(Code.NOT_FOUND, f"no instrument {self.instrument}", "instrument_name")
        return None

    def result(self, call: Call, result: object) -> object:
        """Lists without it."""
        lists = ("public/get_instruments", "public/get_book_summary_by_currency")
        if call.method not in lists or not isinstance(result, list):
            return result
        kept = [row for row in result if row["instrument_name"] != self.instrument.value]
        return kept if len(kept) < len(result) else result

    def freezes(self, channel: str) -> bool:
        """Its market channels."""
        return not channel.startswith("user.") and self.instrument.value in channel.split(".")
