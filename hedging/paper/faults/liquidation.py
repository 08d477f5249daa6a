"""An exchange that closes what it is not paid for."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedging.errors import BadInput
from hedging.paper.faults.base import Fault, Share, Stage, Undo
from hedging.paper.faults.calls import Group
from hedging.paper.faults.instruments import Perpetual
from hedging.paper.faults.partial_fills import whole_lots
from hedging.paper.order_rules import exact
from hedging.paper.orders import Origin
from hedging.units import Side


@dataclass(frozen=True)
class Liquidation(Fault):
    """The exchange itself closes ``share`` of the position in ``instrument`` at market, marked as such."""

    name: ClassVar[str] = "liquidation"
    group: ClassVar[Group] = Group.ACCOUNT
    lasting: ClassVar[bool] = False
    instrument: Perpetual = Perpetual.BTC
    share: Share = 0.5

    def begin(self, stage: Stage) -> Undo | None:
        """Close it. Raises BadInput where there is nothing to close."""
        listing = stage.exchange.listing(self.instrument.value)
        size = stage.account.position(listing).size
        amount = whole_lots(abs(size) * Decimal(repr(self.share)), exact(listing.min_trade_amount))
        if not amount:
            raise BadInput(f"the position of {size} in {listing.name} has nothing to close at {self.share:g}")
        side = Side.SELL if size > 0 else Side.BUY
        stage.exchange.trade_by_hand(stage.account, listing.name, side, amount, Origin.LIQUIDATION)
        return None
