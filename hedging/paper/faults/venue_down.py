"""An exchange that is not there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Fate, Group, Page, Wire

_HTML = b"<html><body>503 Service Unavailable</body></html>"


class Outage(StrEnum):
    """What a client sees."""

    RESET = "reset"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class VenueDown(Fault):
    """Every call fails (``how``: reset, or unavailable = HTTP 503); websockets are dropped and refused."""

    name: ClassVar[str] = "venue_down"
    group: ClassVar[Group] = Group.WIRE
    how: Outage = Outage.RESET

    def before(self, call: Call) -> Fate | None:
        """Nothing is carried out."""
        del call
        return Wire.RESET if self.how is Outage.RESET else Page(503, _HTML)

    @property
    def refuses_connections(self) -> bool:
        """Websockets too."""
        return True
