"""Collateral that hardly covers its margin."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.errors import BadInput
from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Group
from hedging.paper.faults.transfer import Coin


@dataclass(frozen=True)
class MarginCall(Fault):
    """Collateral leaves until maintenance margin is ``level`` of what covers it; off: it is back."""

    name: ClassVar[str] = "margin_call"
    group: ClassVar[Group] = Group.ACCOUNT
    currency: Coin = Coin.BTC
    level: Annotated[float, Between(0.1, 2.0)] = 0.95

    def begin(self, stage: Stage) -> Undo | None:
        """Take it away. Raises BadInput where nothing needs margin."""
        summary = stage.exchange.summary(stage.account, self.currency.value)
        excess = summary.margin_balance - summary.maintenance_margin / self.level
        if not summary.maintenance_margin or excess <= 0.0:
            raise BadInput(f"the margin in {self.currency} is at {self.level:g} of its cover already")
        stage.exchange.transfer(stage.account, self.currency.value, -excess)
        return lambda: stage.exchange.transfer(stage.account, self.currency.value, excess)
