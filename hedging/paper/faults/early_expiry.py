"""An expiry that comes before its time."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.errors import BadInput
from hedging.paper.faults.base import Fault, Stage, Undo
from hedging.paper.faults.calls import Underlying
from hedging.paper.listing import ListingKind


@dataclass(frozen=True)
class EarlyExpiry(Fault):
    """The nearest options held of ``underlying`` are delivered now, at the index; their expiry is gone."""

    name: ClassVar[str] = "early_expiry"
    lasting: ClassVar[bool] = False
    underlying: Underlying = Underlying.ANY

    def begin(self, stage: Stage) -> Undo | None:
        """Deliver. Raises BadInput when no option is held."""
        held = [item.listing for item in stage.account.held() if item.is_option]
        mine = [listing for listing in held if self.underlying.holds(listing.name)]
        if not mine:
            raise BadInput(f"no options on {self.underlying} are held: nothing can expire")
        first = min(mine, key=lambda listing: listing.expiration_ns)
        stage.exchange.expire(
            [
                listing.name
                for listing in stage.exchange.market.listings.values()
                if listing.kind is ListingKind.OPTION
                and (listing.underlying, listing.expiration_ns) == (first.underlying, first.expiration_ns)
            ]
        )
        return None
