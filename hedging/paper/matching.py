"""Who trades with whom: account orders in price-time priority among themselves and the simulated depth.

The simulated market shows levels; what accounts take from a level comes back over ``refill_ns`` of
simulated time. At one price a resting order waits behind the depth that stood there when it arrived.
Amounts and prices are exact decimals here: fills add up to the last digit.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from hedging.paper.orders import ZERO, Order
from hedging.units import Side

REFILL_NS = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """Depth of the simulated market at one price, in Deribit's unit of amount."""

    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Match:
    """An amount that changes hands; ``maker`` is None when the simulated market is the other side."""

    price: Decimal
    amount: Decimal
    maker: Order | None


@dataclass(frozen=True, slots=True)
class Take:
    """What a taker wants: up to ``amount`` at ``limit`` or better."""

    side: Side
    amount: Decimal
    limit: Decimal


@dataclass(frozen=True, slots=True)
class Print:
    """A trade inside the simulated market; ``taker`` is the side that crossed."""

    price: Decimal
    amount: Decimal
    taker: Side


@dataclass(frozen=True, slots=True)
class RestingFill:
    """A resting order met by the simulated market, always at the order's own price."""

    order: Order
    amount: Decimal


@dataclass(slots=True)
class _Resting:
    order: Order
    ahead: Decimal

    def __lt__(self, other: "_Resting") -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[Decimal, int]:
        return (-self.order.side * self.order.price, self.order.sequence)


class Consumption:
    """What accounts have eaten from one side of the simulated depth, and how much has come back."""

    def __init__(self, lot: Decimal, refill_ns: int = REFILL_NS) -> None:
        self._lot = lot
        self._refill_ns = refill_ns
        self._eaten: dict[Decimal, tuple[Decimal, int]] = {}

    def missing(self, price: Decimal, now_ns: int) -> Decimal:
        """Amount eaten at ``price`` that has not come back at ``now_ns``."""
        if price not in self._eaten:
            return ZERO
        amount, since_ns = self._eaten[price]
        elapsed = now_ns - since_ns
        if elapsed >= self._refill_ns:
            del self._eaten[price]
            return ZERO
        return amount * (self._refill_ns - elapsed) / self._refill_ns

    def available(self, level: Level, now_ns: int) -> Decimal:
        """Whole lots of ``level`` that a taker can have at ``now_ns``."""
        left = level.amount - self.missing(level.price, now_ns)
        if left <= 0:
            return ZERO
        return (left / self._lot).to_integral_value(rounding=ROUND_FLOOR) * self._lot

    def eat(self, price: Decimal, amount: Decimal, now_ns: int) -> None:
        """Note that ``amount`` at ``price`` was taken at ``now_ns``."""
        self._eaten[price] = (self.missing(price, now_ns) + amount, now_ns)

    def active(self, now_ns: int) -> bool:
        """Whether anything is still missing at ``now_ns``; forgets what has come back."""
        self._eaten = {
            price: entry for price, entry in self._eaten.items() if now_ns - entry[1] < self._refill_ns
        }
        return bool(self._eaten)


class OrderBook:
    """The resting account orders of one instrument, and what they and takers ate of the simulated depth."""

    def __init__(self, lot: Decimal, refill_ns: int = REFILL_NS) -> None:
        self._resting: dict[Side, list[_Resting]] = {Side.BUY: [], Side.SELL: []}
        self._eaten = {side: Consumption(lot, refill_ns) for side in Side}

    @property
    def has_resting(self) -> bool:
        """Whether any account order rests here."""
        return any(self._resting.values())

    def resting(self, side: Side) -> list[Order]:
        """Resting orders of ``side``, best price first, then oldest first."""
        return [entry.order for entry in self._resting[side]]

    def disturbed(self, now_ns: int) -> bool:
        """Whether the shown depth differs from the simulated market's own."""
        return self.has_resting or any(eaten.active(now_ns) for eaten in self._eaten.values())

    def rest(self, order: Order, same_side: Iterable[Level], now_ns: int) -> None:
        """Put ``order`` into the book behind the simulated depth of ``same_side`` at its price."""
        eaten = self._eaten[order.side]
        ahead = sum(
            (eaten.available(level, now_ns) for level in same_side if level.price == order.price), ZERO
        )
        insort(self._resting[order.side], _Resting(order, ahead))

    def remove(self, order: Order) -> None:
        """Take ``order`` out of the book; nothing happens when it is not there."""
        kept = [entry for entry in self._resting[order.side] if entry.order is not order]
        self._resting[order.side] = kept

    def depth(self, side: Side, simulated: Sequence[Level], now_ns: int) -> list[Level]:
        """Shown depth of ``side``, best first: simulated levels less what was eaten, plus account orders.

        Simulated levels that cross a resting account order are left out: they are about to trade.
        """
        eaten = self._eaten[side]
        amounts = {level.price: eaten.available(level, now_ns) for level in simulated}
        opposite = self._resting[side.opposite]
        if opposite:
            edge = side * opposite[0].order.price
            amounts = {price: amount for price, amount in amounts.items() if side * price < edge}
        for entry in self._resting[side]:
            price = entry.order.price
            amounts[price] = amounts.get(price, ZERO) + entry.order.remaining
        ordered = sorted(amounts, key=lambda price: -side * price)
        return [Level(price, amounts[price]) for price in ordered if amounts[price] > 0]

    def fillable(self, take: Take, opposite: Sequence[Level], now_ns: int) -> Decimal:
        """Amount that :meth:`take` would execute now, without executing it."""
        found = ZERO
        for level in self.depth(take.side.opposite, opposite, now_ns):
            if take.side * (level.price - take.limit) > 0:
                break
            found += level.amount
        return min(found, take.amount)

    def take(self, take: Take, opposite: Sequence[Level], now_ns: int) -> list[Match]:
        """Execute a taker against the opposite side, best price first; returns the matches in order.

        The caller books the fills; resting orders are removed by the caller when they are full.
        """
        maker_side = take.side.opposite
        simulated = {level.price: self._eaten[maker_side].available(level, now_ns) for level in opposite}
        resting: dict[Decimal, list[_Resting]] = {}
        for entry in self._resting[maker_side]:
            resting.setdefault(entry.order.price, []).append(entry)
        matches: list[Match] = []
        left = take.amount
        for price in sorted({*simulated, *resting}, key=lambda level: take.side * level):
            if left <= 0 or take.side * (price - take.limit) > 0:
                break
            found = self._take_price(price, simulated.get(price, ZERO), resting.get(price, []), left)
            eaten = sum((match.amount for match in found if match.maker is None), ZERO)
            if eaten > 0:
                self._eaten[maker_side].eat(price, eaten, now_ns)
            left -= sum((match.amount for match in found), ZERO)
            matches += found
        return matches

    @staticmethod
    def _take_price(price: Decimal, depth: Decimal, queue: list[_Resting], left: Decimal) -> list[Match]:
        """Matches at one price: depth ahead of an account order first, then the order, then the rest."""
        matches: list[Match] = []
        from_depth = ZERO
        for entry in queue:
            front = min(left, max(ZERO, min(depth, entry.ahead) - from_depth))
            if front > 0:
                matches.append(Match(price, front, None))
                from_depth += front
                left -= front
            amount = min(left, entry.order.remaining)
            if amount > 0:
                matches.append(Match(price, amount, entry.order))
                left -= amount
        behind = min(left, depth - from_depth)
        if behind > 0:
            matches.append(Match(price, behind, None))
            from_depth += behind
        for entry in queue:
            entry.ahead = max(ZERO, entry.ahead - from_depth)
        return matches

    def met(
        self, bids: Sequence[Level], asks: Sequence[Level], prints: Sequence[Print], now_ns: int
    ) -> list[RestingFill]:
        """Fills that the moved simulated market gives to resting orders, in price-time priority.

        ``prints`` are those since the last call. A print through an order's price fills it; a print at
        its price first uses up the depth ahead of it. Depth that crosses an order fills it at once.
        """
        fills: list[RestingFill] = []
        done: dict[str, Decimal] = {}
        for tape in prints:
            fills += self._met_by_print(tape, done)
        for side, opposite in ((Side.BUY, asks), (Side.SELL, bids)):
            fills += self._met_by_depth(side, opposite, done, now_ns)
        return fills

    def _met_by_print(self, tape: Print, done: dict[str, Decimal]) -> list[RestingFill]:
        fills: list[RestingFill] = []
        left = tape.amount
        for entry in self._resting[tape.taker.opposite]:
            distance = entry.order.side * (entry.order.price - tape.price)
            if left <= 0 or distance < 0:
                break
            if distance == 0:
                used = min(left, entry.ahead)
                entry.ahead -= used
                left -= used
            fill = _resting_fill(entry.order, left, done)
            if fill:
                fills.append(fill)
                left -= fill.amount
        return fills

    def _met_by_depth(
        self, side: Side, opposite: Sequence[Level], done: dict[str, Decimal], now_ns: int
    ) -> list[RestingFill]:
        fills: list[RestingFill] = []
        eaten = self._eaten[side.opposite]
        for entry in self._resting[side]:
            for level in opposite:
                if side * (level.price - entry.order.price) > 0:
                    break
                fill = _resting_fill(entry.order, eaten.available(level, now_ns), done)
                if fill:
                    eaten.eat(level.price, fill.amount, now_ns)
                    fills.append(fill)
        return fills


def _resting_fill(order: Order, amount: Decimal, done: dict[str, Decimal]) -> RestingFill | None:
    """Fill of ``order`` by up to ``amount``, given what it was already given in this round."""
    given = done.get(order.order_id, ZERO)
    take = min(amount, order.remaining - given)
    if take <= 0:
        return None
    done[order.order_id] = given + take
    return RestingFill(order, take)
