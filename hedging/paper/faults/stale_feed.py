"""A feed that is silent while connected."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Group


@dataclass(frozen=True)
class StaleFeed(Fault):
    """Market data on the websocket stops while the connection stays up; with ``rest``, REST is old too."""

    name: ClassVar[str] = "stale_feed"
    group: ClassVar[Group] = Group.STREAM
    rest: bool = False

    def freezes(self, channel: str) -> bool:
        """Everything but the account's own messages."""
        return not channel.startswith("user.")

    @property
    def freezes_rest(self) -> bool:
        """As chosen."""
        return self.rest
