"""What an execution cost against the price at which it was decided."""

from dataclasses import dataclass

from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement
from hedging.model.trading import Order


@dataclass(frozen=True, slots=True)
class Slippage:
    """A cost where positive: basis points of the price at decision, and USD of what is filled.

    ``usd`` is None where the price is not in dollars, or the instrument not known.
    """

    basis_points: float
    usd: float | None


def slippage(order: Order, instrument: Instrument | None) -> Slippage | None:
    """What the filled part of an order cost beyond the price at decision; None while nothing is filled.

    Dollars of an amount in USD are those of the coins lost or won, at the average price paid.
    """
    average, decided = order.average_price, order.decision_price
    if average is None or order.filled <= 0 or decided <= 0:
        return None
    share = order.side.value * (average - decided) / decided
    dollars = None
    if instrument is not None and priced_in_dollars(instrument):
        size = order.filled * instrument.multiplier
        dollars = float(share * (size if instrument.amount_unit is AmountUnit.USD else size * decided))
    return Slippage(float(share * 10_000), dollars)


def priced_in_dollars(instrument: Instrument) -> bool:
    """Whether its price is in dollars: only options settled in coin are priced in coin."""
    return not (instrument.kind is Kind.OPTION and instrument.settlement is Settlement.INVERSE)
