"""The incremental book channel: a snapshot, then what changed since the message before."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hedging.paper.render import Wire

Levels = Iterable[tuple[float, float]]


@dataclass(slots=True)
class BookStream:
    """What subscribers of one book channel have been told: price to amount, and the number of that state."""

    instrument: str
    change_id: int = 0
    bids: dict[float, float] = field(default_factory=dict)
    asks: dict[float, float] = field(default_factory=dict)

    def snapshot(self, timestamp_ms: int) -> Wire:
        """All levels told so far, for someone who joins."""
        return {
            "type": "snapshot",
            "timestamp": timestamp_ms,
            "instrument_name": self.instrument,
            "change_id": self.change_id,
            "bids": [["new", price, amount] for price, amount in self.bids.items()],
            "asks": [["new", price, amount] for price, amount in self.asks.items()],
        }

    def change(self, bids: Levels, asks: Levels, timestamp_ms: int) -> Wire | None:
        """Differences to the new levels, which become the state; None when nothing changed."""
        new_bids, new_asks = dict(bids), dict(asks)
        bid_changes = _differences(self.bids, new_bids)
        ask_changes = _differences(self.asks, new_asks)
        if not bid_changes and not ask_changes:
            return None
        before = self.change_id
        self.bids, self.asks, self.change_id = new_bids, new_asks, before + 1
        return {
            "type": "change",
            "timestamp": timestamp_ms,
            "instrument_name": self.instrument,
            "prev_change_id": before,
            "change_id": self.change_id,
            "bids": bid_changes,
            "asks": ask_changes,
        }


def _differences(old: dict[float, float], new: dict[float, float]) -> list[list[str | float]]:
    changes: list[list[str | float]] = [["delete", price, 0.0] for price in old if price not in new]
    for price, amount in new.items():
        if price not in old:
            changes.append(["new", price, amount])
        elif old[price] != amount:
            changes.append(["change", price, amount])
    return changes
