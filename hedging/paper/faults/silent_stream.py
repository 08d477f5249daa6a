"""A connection over which nothing comes."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Channels, Group


@dataclass(frozen=True)
class SilentStream(Fault):
    """No message of the chosen channels comes, the account's own included; answers and heartbeats do."""

    name: ClassVar[str] = "silent_stream"
    group: ClassVar[Group] = Group.STREAM
    channels: Channels = Channels.ALL

    def freezes(self, channel: str) -> bool:
        """As chosen."""
        return self.channels.holds(channel)
