"""What is traded in a drill, what it costs, and what the engine is shown of that."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import erf, log, sqrt
from random import Random

from hedging.drill.times import START, at
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote
from hedging.units import years_between

FIRST_PRICE = 60_000.0
HALF_SPREAD = 1.0
VOL = 0.5
STRIKE = 60_000.0
UNDERLYING = "BTC"
OPTION_LIFE = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be held: the hedge, a dated future, an option."""

    hedge: Instrument
    future: Instrument
    option: Instrument

    @property
    def all(self) -> tuple[Instrument, ...]:
        """Every instrument."""
        return (self.hedge, self.future, self.option)


def listing(venue: str, settlement: Settlement, *, dated_hedge: bool = False) -> Listing:
    """The instruments of a venue, all of one settlement; ``dated_hedge``: the hedge expires in 31 minutes."""
    inverse = settlement is Settlement.INVERSE
    currency = UNDERLYING if inverse else "USDC"

    def made(name: str, kind: Kind, expires_in: timedelta | None) -> Instrument:
        in_usd = inverse and kind is not Kind.OPTION
        return Instrument(
            venue=venue,
            name=name,
            symbol=name,
            kind=kind,
            settlement=Settlement.LINEAR if kind is Kind.OPTION else settlement,
            underlying=UNDERLYING,
            settlement_currency=currency,
            amount_unit=AmountUnit.USD if in_usd else AmountUnit.COIN,
            lot=Decimal(10) if in_usd else Decimal("0.01"),
            minimum=Decimal(10) if in_usd else Decimal("0.01"),
            tick=Decimal("0.5"),
            expiry=None if expires_in is None else START + expires_in,
            strike=STRIKE if kind is Kind.OPTION else None,
            option_kind=OptionKind.CALL if kind is Kind.OPTION else None,
        )

    hedge_kind = Kind.FUTURE if dated_hedge else Kind.PERPETUAL
    return Listing(
        hedge=made("BTC-HEDGE", hedge_kind, timedelta(minutes=30, seconds=20) if dated_hedge else None),
        future=made("BTC-FUT", Kind.FUTURE, timedelta(days=30)),
        option=made("BTC-CALL", Kind.OPTION, OPTION_LIFE),
    )


class SimMarket:
    """A price path in steps, and quotes of it."""

    def __init__(self, listed: Listing, rng: Random) -> None:
        self.listed = listed
        self.price = FIRST_PRICE
        self.history: list[tuple[int, float]] = [(0, FIRST_PRICE)]
        self._rng = rng

    def move(self, now: int, share: float | None = None) -> None:
        """Make the next step: a small one, or a jump by ``share``."""
        step = self._rng.gauss(0, 0.00015) if share is None else share
        self.price = round(self.price * (1 + step) * 2) / 2
        self.history.append((now, self.price))

    def touch(self) -> tuple[Decimal, Decimal]:
        """Best bid and ask of the hedge."""
        return Decimal(str(self.price - HALF_SPREAD)), Decimal(str(self.price + HALF_SPREAD))

    def quotes(self, now: int, received: int) -> dict[str, Quote]:
        """What the venue shows at ``now``, by instrument key; ``received`` is by the engine's clock."""
        found = {}
        for each in self.listed.all:
            option = each.kind is Kind.OPTION
            mark = self._premium(now) if option else self.price
            spread = 20.0 if option else HALF_SPREAD
            found[each.key] = Quote(
                venue=each.venue,
                instrument=each.name,
                bid=mark - spread,
                ask=mark + spread,
                bid_size=5.0,
                ask_size=5.0,
                mark=mark,
                index=self.price,
                forward=self.price,
                iv=VOL if option else None,
                venue_delta=self.delta_per_unit(each, now) if option else None,
                venue_at=at(now),
                received_at=at(received),
                touch_received_at=at(received),
            )
        return found

    def delta_per_unit(self, instrument: Instrument, now: int, price: float | None = None) -> float:
        """Coins of delta of one unit of amount."""
        price = self.price if price is None else price
        if instrument.kind is Kind.OPTION:
            return _normal(self._d1(now, price))
        size = float(instrument.multiplier)
        return size / price if instrument.amount_unit is AmountUnit.USD else size

    def _d1(self, now: int, price: float) -> float:
        years = years_between(at(now), START + OPTION_LIFE)
        return (log(price / STRIKE) + VOL * VOL / 2 * years) / (VOL * sqrt(years))

    def _premium(self, now: int) -> float:
        years = years_between(at(now), START + OPTION_LIFE)
        d1 = self._d1(now, self.price)
        return self.price * _normal(d1) - STRIKE * _normal(d1 - VOL * sqrt(years))


def _normal(x: float) -> float:
    return 0.5 * (1 + erf(x / sqrt(2)))
