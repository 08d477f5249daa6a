"""Fixed band: nothing inside; outside, back to the centre, to the edge, or part of the way."""

from dataclasses import dataclass

from hedging.errors import BadInput
from hedging.model.exposure import Drift, DriftState
from hedging.model.limits import Band

SMALLEST_LOTS = 0.6  # a half-band under this many lots ping-pongs (QUANT §4)


@dataclass(frozen=True, slots=True)
class FixedBand:
    """The asymmetric fixed-band policy."""

    band: Band

    def change_wanted(self, drift: Drift) -> float:
        """Coins of delta to add (negative to take off); 0 inside the band."""
        if drift.state is DriftState.INSIDE:
            return 0.0
        return drift.target - drift.delta

    def check_lot(self, lot_coin: float) -> None:
        """Refuse a band that one lot jumps across.

        Raises BadInput when either half of the band is below 0.6 of the delta of one lot.
        """
        narrowest = min(self.band.upper - self.band.centre, self.band.centre - self.band.lower)
        if narrowest < SMALLEST_LOTS * lot_coin:
            raise BadInput(
                f"the band {self.band.lower:g} … {self.band.upper:g} is narrower than "
                f"{SMALLEST_LOTS} of one lot ({lot_coin:g} coin): the hedge would ping-pong; widen it"
            )
