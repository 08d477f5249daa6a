"""Messages that come more than once."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Channels, Frame, Group


@dataclass(frozen=True)
class DuplicatedMessages(Fault):
    """Every message of the chosen channels comes twice."""

    name: ClassVar[str] = "duplicated_messages"
    group: ClassVar[Group] = Group.STREAM
    channels: Channels = Channels.ALL

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """Twice at once."""
        del number
        return (0.0, 0.0) if self.channels.holds(frame.channel) else None
