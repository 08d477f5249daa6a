"""Positions as they were."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Call, Group


@dataclass(frozen=True)
class PositionsOld(Fault):
    """Positions are those of ``age`` seconds ago, at present marks; nothing says so."""

    name: ClassVar[str] = "positions_old"
    group: ClassVar[Group] = Group.ACCOUNT
    age: Annotated[float, Between(0.1, 60.0)] = 3.0

    def begin(self, stage: Stage) -> Undo | None:
        """Keep the present state."""
        stage.look_back()
        return None

    def age_seconds(self, call: Call) -> float | None:
        """Of positions."""
        return self.age if call.is_position_read else None
