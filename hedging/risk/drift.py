"""How far a delta has drifted from its band, and the hedge ratio."""

from math import copysign

from hedging.model.exposure import Drift, DriftState, Exposure
from hedging.model.limits import Band, HedgeTarget

INSIDE_EDGE = 0.02  # an edge hedge ends this share of the half-width inside, so that it is inside
SMALLEST_PRIMARY = 0.1  # of the band's width: below it there is next to nothing to hedge, and no ratio


def drift(exposure: Exposure, band: Band) -> Drift:
    """Distance of the exposure's delta from ``band`` and the hedge ratio held and wanted, in coin."""
    state = DriftState.INSIDE
    beyond = 0.0
    if exposure.delta > band.upper:
        state, beyond = DriftState.ABOVE, exposure.delta - band.upper
    elif exposure.delta < band.lower:
        state, beyond = DriftState.BELOW, exposure.delta - band.lower
    measurable = abs(exposure.delta_primary) > SMALLEST_PRIMARY * (band.upper - band.lower)
    return Drift(
        underlying=exposure.underlying,
        delta=exposure.delta,
        band=band,
        state=state,
        beyond_band=beyond,
        target=target(band, state),
        ratio_held=-exposure.delta_hedge / exposure.delta_primary if measurable else None,
        ratio_wanted=1 - band.centre / exposure.delta_primary if measurable else None,
    )


def target(band: Band, state: DriftState) -> float:
    """Delta in coin that a hedge aims at from outside the band on the side ``state``."""
    if state is DriftState.INSIDE or band.target is HedgeTarget.CENTRE:
        return band.centre
    edge = band.upper if state is DriftState.ABOVE else band.lower
    share = INSIDE_EDGE if band.target is HedgeTarget.EDGE else band.share
    return edge + share * (band.centre - edge)


def shrinks(before: float, after: float) -> bool:
    """Whether ``after`` lies between zero and ``before``: smaller, and not on the other side."""
    return abs(after) < abs(before) and copysign(1, before) * after >= 0
