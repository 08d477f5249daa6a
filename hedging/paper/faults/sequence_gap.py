"""Book channels with a hole."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Channels, Frame, Group


@dataclass(frozen=True)
class SequenceGap(Fault):
    """Of the changes on book channels every ``every``-th is lost: the next one follows nothing that came."""

    name: ClassVar[str] = "sequence_gap"
    group: ClassVar[Group] = Group.STREAM
    every: Annotated[int, Between(1, 1000)] = 3

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """The last of so many is lost."""
        if frame.snapshot or not Channels.BOOKS.holds(frame.channel):
            return None
        return () if number % self.every == self.every - 1 else (0.0,)
