"""What can be traded: kind, settlement, units and the grid its amounts and prices live on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum


def key(venue: str, name: str) -> str:
    """The key of the instrument that ``venue`` calls ``name``."""
    return f"{venue}:{name}"


class Kind(StrEnum):
    """Family of an instrument."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class Settlement(StrEnum):
    """What profit is paid in: the coin itself (inverse) or dollars (linear)."""

    LINEAR = "linear"
    INVERSE = "inverse"


class OptionKind(IntEnum):
    """Call or put; the value is θ, the sign in Black's formula."""

    CALL = 1
    PUT = -1


class AmountUnit(StrEnum):
    """What an amount of this instrument is worth a fixed number of (its ``multiplier``): coins or dollars."""

    COIN = "coin"
    USD = "usd"


@dataclass(frozen=True, slots=True)
class TickStep:
    """From the price ``above`` upwards the tick is ``tick``."""

    above: Decimal
    tick: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One tradable instrument of one venue.

    ``lot`` and ``minimum`` count what the venue counts amounts in: coins, dollars or contracts; ``tick``
    is in the price's unit. ``multiplier`` is coins per unit of amount where the unit is COIN, USD per
    unit where it is USD: 1 where the venue counts coins or dollars themselves, 0.01 for a contract of
    0.01 BTC, 100 for an inverse contract of 100 USD.
    """

    venue: str
    name: str
    symbol: str
    kind: Kind
    settlement: Settlement
    underlying: str
    settlement_currency: str
    amount_unit: AmountUnit
    lot: Decimal
    minimum: Decimal
    tick: Decimal
    tick_steps: tuple[TickStep, ...] = ()
    multiplier: Decimal = Decimal(1)
    index: str = ""
    expiry: datetime | None = None
    strike: float | None = None
    option_kind: OptionKind | None = None

    @property
    def key(self) -> str:
        """What tells it from every other: two venues give one name to different instruments.

        >>> "deribit:BTC-PERPETUAL" == key("deribit", "BTC-PERPETUAL")
        True
        """
        return key(self.venue, self.name)

    @property
    def amount_label(self) -> str:
        """What one unit of amount is, in words: "USD", "BTC", "contracts of 100 USD"."""
        unit = "USD" if self.amount_unit is AmountUnit.USD else self.underlying
        return unit if self.multiplier == 1 else f"contracts of {self.multiplier:f} {unit}"

    def tick_at(self, price: Decimal) -> Decimal:
        """Tick that holds at ``price``: the last step whose bound lies below it."""
        tick = self.tick
        for step in sorted(self.tick_steps, key=lambda step: step.above):
            if price >= step.above:
                tick = step.tick
        return tick
