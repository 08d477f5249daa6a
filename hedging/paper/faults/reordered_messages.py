"""Messages that overtake each other."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Channels, Frame, Group


@dataclass(frozen=True)
class ReorderedMessages(Fault):
    """Every other message of the chosen channels comes ``behind`` seconds late, after newer ones."""

    name: ClassVar[str] = "reordered_messages"
    group: ClassVar[Group] = Group.STREAM
    channels: Channels = Channels.ALL
    behind: Annotated[float, Between(0.01, 30.0)] = 0.5

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """The first, third, … late."""
        if not self.channels.holds(frame.channel):
            return None
        return (0.0 if number % 2 else self.behind,)
