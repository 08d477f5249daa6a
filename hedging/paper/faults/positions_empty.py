"""Positions that are not told."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group


@dataclass(frozen=True)
class PositionsEmpty(Fault):
    """The list of positions is empty, although there are some."""

    name: ClassVar[str] = "positions_empty"
    group: ClassVar[Group] = Group.ACCOUNT

    def result(self, call: Call, result: object) -> object:
        """No positions."""
        return [] if call.method == "private/get_positions" and result else result
