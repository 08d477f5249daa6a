"""Messages that never come."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Channels, Frame, Group


@dataclass(frozen=True)
class LostMessages(Fault):
    """Messages of the chosen channels are lost: all, or a share by ``chance``."""

    name: ClassVar[str] = "lost_messages"
    group: ClassVar[Group] = Group.STREAM
    channels: Channels = Channels.ACCOUNT

    def delivery(self, frame: Frame, number: int) -> tuple[float, ...] | None:
        """Never."""
        del number
        return () if self.channels.holds(frame.channel) else None
