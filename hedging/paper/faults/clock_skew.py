"""An exchange whose clock is wrong."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Group


@dataclass(frozen=True)
class ClockSkew(Fault):
    """The exchange's clock is ``ahead`` seconds ahead, or behind when negative: stamps and what it checks.

    It checks ``valid_until`` and the time of signatures.
    """

    name: ClassVar[str] = "clock_skew"
    group: ClassVar[Group] = Group.CLOCK
    ahead: Annotated[float, Between(-120.0, 120.0)] = 10.0

    def skew_seconds(self, elapsed_seconds: float) -> float:
        """Always the same."""
        del elapsed_seconds
        return self.ahead
