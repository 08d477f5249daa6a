"""An exchange whose clock is set back again and again."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Group


@dataclass(frozen=True)
class ClockStepBack(Fault):
    """The exchange's clock steps back by ``step`` seconds and is right again, by turns, ``every`` seconds."""

    name: ClassVar[str] = "clock_step_back"
    group: ClassVar[Group] = Group.CLOCK
    step: Annotated[float, Between(0.01, 120.0)] = 2.0
    every: Annotated[float, Between(0.1, 600.0)] = 2.0

    def skew_seconds(self, elapsed_seconds: float) -> float:
        """Behind in the first stretch, right in the second."""
        return 0.0 if int(elapsed_seconds / self.every) % 2 else -self.step
