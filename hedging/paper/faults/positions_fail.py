"""Positions that cannot be read."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Call, Group, Page


@dataclass(frozen=True)
class PositionsFail(Fault):
    """Every read of positions fails with HTTP ``status``; everything else is answered."""

    name: ClassVar[str] = "positions_fail"
    group: ClassVar[Group] = Group.ACCOUNT
    status: Annotated[int, Between(500, 599)] = 500

    def before(self, call: Call) -> Page | None:
        """Of positions."""
        return Page(self.status, b"", "text/plain") if call.is_position_read else None
