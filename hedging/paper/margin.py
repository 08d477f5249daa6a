"""How much collateral positions and orders bind: the classic standard margin, per settlement currency.

The parameters are those of Deribit's standard margin before its rework of August 2026 (QUANT: short options
in coin per contract: call max(0.15 - OTM/F, 0.10) + mark; linear futures 2 % + size·0.005 %). They are a
paper exchange's numbers, not a statement about the venue of today.
"""

from dataclasses import dataclass
from datetime import date

from hedging.errors import BadInput
from hedging.paper.listing import Listing


@dataclass(frozen=True, slots=True)
class MarginParameters:
    """Dated parameters of the standard margin; slopes are per coin of position."""

    as_of: date = date(2026, 7, 31)
    future_initial: float = 0.02
    future_maintenance: float = 0.01
    future_slope_btc: float = 0.000_05
    future_slope_eth: float = 0.000_002
    option_far: float = 0.15
    option_near: float = 0.10
    option_maintenance: float = 0.075

    def slope(self, coin: str) -> float:
        """Added margin rate per coin of position."""
        slopes = {"BTC": self.future_slope_btc, "ETH": self.future_slope_eth}
        if coin not in slopes:
            raise BadInput(f"no margin slope for {coin}; known are {sorted(slopes)}")
        return slopes[coin]


@dataclass(frozen=True, slots=True)
class Pricing:
    """What margin needs to know about an instrument: mark (coin or USD, as quoted), forward, index (USD)."""

    mark: float
    forward: float
    index: float


@dataclass(frozen=True, slots=True)
class MarginFigure:
    """Initial and maintenance margin in the settlement currency."""

    initial: float
    maintenance: float

    def __add__(self, other: "MarginFigure") -> "MarginFigure":
        return MarginFigure(self.initial + other.initial, self.maintenance + other.maintenance)


NO_MARGIN = MarginFigure(0.0, 0.0)


def position_margin(
    listing: Listing, size: float, pricing: Pricing, parameters: MarginParameters
) -> MarginFigure:
    """Margin of a signed ``size`` in Deribit's unit, in the settlement currency."""
    if listing.strike is not None:
        return _option_margin(listing, size, pricing, parameters)
    coins = abs(size) / pricing.mark if listing.inverse else abs(size)
    value = coins if listing.inverse else coins * pricing.mark
    extra = coins * parameters.slope(listing.base_currency)
    return MarginFigure(
        (parameters.future_initial + extra) * value, (parameters.future_maintenance + extra) * value
    )


def _option_margin(
    listing: Listing, size: float, pricing: Pricing, parameters: MarginParameters
) -> MarginFigure:
    if size >= 0.0 or listing.strike is None:
        return NO_MARGIN
    is_call = listing.option_type == "call"
    mark = pricing.mark if listing.inverse else pricing.mark / pricing.index
    away = (listing.strike - pricing.forward) * (1 if is_call else -1)
    otm = max(0.0, away) / pricing.forward
    if is_call:
        maintenance = parameters.option_maintenance + mark
        initial = max(parameters.option_far - otm, parameters.option_near) + mark
    else:
        maintenance = max(parameters.option_maintenance, parameters.option_maintenance * mark) + mark
        initial = max(max(parameters.option_far - otm, parameters.option_near) + mark, maintenance)
    unit = 1.0 if listing.inverse else pricing.index
    return MarginFigure(-size * initial * unit, -size * maintenance * unit)
