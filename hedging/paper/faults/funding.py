"""Funding that was not foreseen."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Group


@dataclass(frozen=True)
class Funding(Fault):
    """Every perpetual held pays ``rate`` of its value at once; those who are short get it, if positive."""

    name: ClassVar[str] = "funding"
    group: ClassVar[Group] = Group.ACCOUNT
    lasting: ClassVar[bool] = False
    rate: Annotated[float, Between(-0.05, 0.05)] = 0.0075

    def begin(self, stage: Stage) -> Undo | None:
        """Charge it."""
        stage.exchange.charge_funding(stage.account, self.rate)
        return None
