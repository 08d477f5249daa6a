"""How the floor treats orders: by the rules, unless somebody overrides it."""

from decimal import Decimal

from hedging.paper.listing import Listing
from hedging.paper.orders import Order


class Conduct:
    """The honest exchange. The fault switchboard overrides what its faults touch."""

    def may_fill(self, order: Order, lot: Decimal) -> Decimal:
        """Most of an arriving order that may trade now, in whole lots."""
        del lot
        return order.remaining

    @property
    def holds_resting(self) -> bool:
        """Whether resting orders wait although the market reaches them."""
        return False

    def fills_before_cancel(self, order: Order) -> bool:
        """Whether an open order trades in the instant in which its cancel arrives."""
        del order
        return False

    def ended_unfilled(self, order: Order) -> None:
        """Hear that the rest of an order was cancelled."""
        del order

    def fee_currency(self, listing: Listing) -> str:
        """Currency in which the fee of a trade is taken."""
        return listing.settlement_currency
