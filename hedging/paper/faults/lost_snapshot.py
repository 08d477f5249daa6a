"""Book channels without a beginning."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Frame, Group


@dataclass(frozen=True)
class LostSnapshot(Fault):
    """The snapshot with which a book channel begins is lost; changes come."""

    name: ClassVar[str] = "lost_snapshot"
    group: ClassVar[Group] = Group.STREAM

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """Never, of a snapshot."""
        del number
        return () if frame.snapshot else None
