"""Collateral that comes or goes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Group


class Coin(StrEnum):
    """Currency of a wallet."""

    BTC = "BTC"
    ETH = "ETH"
    USDC = "USDC"


@dataclass(frozen=True)
class Transfer(Fault):
    """``amount`` of ``currency`` comes into the account, or leaves it when negative."""

    name: ClassVar[str] = "transfer"
    group: ClassVar[Group] = Group.ACCOUNT
    lasting: ClassVar[bool] = False
    currency: Coin = Coin.BTC
    amount: Annotated[float, Between(-10_000_000.0, 10_000_000.0)] = -5.0

    def begin(self, stage: Stage) -> Undo | None:
        """Move it."""
        stage.exchange.transfer(stage.account, self.currency.value, self.amount)
        return None
