"""An exchange that is being mended."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call
from hedging.paper.refusal import Code, Refused

_ANSWERED = ("public/status", "public/get_time", "public/test")


@dataclass(frozen=True)
class Maintenance(Fault):
    """Every call is refused for maintenance (11051) but time and status; streams are silent."""

    name: ClassVar[str] = "maintenance"

    def before(self, call: Call) -> Refused | None:
        """Of nearly everything."""
        if call.method in _ANSWERED:
            return None
        return Refused(Code.SYSTEM_MAINTENANCE, "the system is under maintenance")

    def freezes(self, channel: str) -> bool:
        """All."""
        del channel
        return True

    def result(self, call: Call, result: object) -> object:
        """The status says so."""
        return {"locked": "true"} if call.method == "public/status" else result
