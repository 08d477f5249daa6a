"""What the engine asks a venue again and again, and how often."""

from dataclasses import dataclass
from enum import StrEnum


class QueryKind(StrEnum):
    """A read of one account."""

    POSITIONS = "positions"
    BALANCES = "balances"
    FILLS = "fills"
    OPEN_ORDERS = "open orders"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from one read to the next; C12 allows orders 5, fills and positions 10, balances 30."""

    positions: float = 2.0
    balances: float = 2.0
    fills: float = 8.0
    open_orders: float = 5.0
    clock: float = 20.0

    def of(self, kind: QueryKind) -> float:
        """The pace of one kind."""
        return {
            QueryKind.POSITIONS: self.positions,
            QueryKind.BALANCES: self.balances,
            QueryKind.FILLS: self.fills,
            QueryKind.OPEN_ORDERS: self.open_orders,
            QueryKind.CLOCK: self.clock,
        }[kind]
