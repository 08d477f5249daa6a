"""Fees in a currency that nobody expects."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Group
from hedging.paper.faults.transfer import Coin
from hedging.paper.listing import Listing


@dataclass(frozen=True)
class FeeInAnotherCoin(Fault):
    """Fees of trades are taken in ``currency`` instead of the instrument's own."""

    name: ClassVar[str] = "fee_in_another_coin"
    group: ClassVar[Group] = Group.ACCOUNT
    currency: Coin = Coin.USDC

    def fee_currency(self, listing: Listing) -> str | None:
        """As chosen."""
        return self.currency.value if listing.settlement_currency != self.currency.value else None
