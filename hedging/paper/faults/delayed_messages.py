"""Messages that are old when they come."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Channels, Frame, Group


@dataclass(frozen=True)
class DelayedMessages(Fault):
    """Every message of the chosen channels comes ``delay`` seconds late, in order."""

    name: ClassVar[str] = "delayed_messages"
    group: ClassVar[Group] = Group.STREAM
    channels: Channels = Channels.ALL
    delay: Annotated[float, Between(0.01, 60.0)] = 3.0

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """All as late."""
        del number
        return (self.delay,) if self.channels.holds(frame.channel) else None
