"""Somebody else in the account."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from hedging.errors import BadInput
from hedging.paper.account import Execution
from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Group
from hedging.paper.faults.instruments import Perpetual
from hedging.paper.order_rules import exact
from hedging.units import Side


class Trace(StrEnum):
    """What is left of it."""

    TRADE = "trade"
    NOTHING = "nothing"  # the position is another, and no fill says why


@dataclass(frozen=True)
class PositionByHand(Fault):
    """The position changes by ``usd`` without us: by a trade at the screen, or without any trace."""

    name: ClassVar[str] = "position_by_hand"
    group: ClassVar[Group] = Group.ACCOUNT
    lasting: ClassVar[bool] = False
    instrument: Perpetual = Perpetual.BTC
    usd: Annotated[float, Between(-50_000_000.0, 50_000_000.0)] = 200_000.0
    trace: Trace = Trace.TRADE

    def begin(self, stage: Stage) -> Undo | None:
        """Change it. Raises BadInput for less than a lot, Refused where the exchange does."""
        listing = stage.exchange.listing(self.instrument.value)
        lot = exact(listing.min_trade_amount)
        amount = (Decimal(repr(abs(self.usd))) / lot).to_integral_value(rounding=ROUND_DOWN) * lot
        if not amount:
            raise BadInput(f"usd={self.usd:g} is less than one lot of {lot}")
        side = Side.BUY if self.usd > 0 else Side.SELL
        if self.trace is Trace.TRADE:
            stage.exchange.trade_by_hand(stage.account, listing.name, side, amount)
        else:
            price = stage.exchange.mark(listing.name).mark_price
            stage.exchange.open_position(stage.account, Execution(listing, side, amount, price))
        return None
