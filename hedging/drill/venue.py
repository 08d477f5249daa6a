"""An exchange in memory: orders, trades, positions and balances, with the behaviour of one profile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from hedging.drill.market import UNDERLYING, SimMarket
from hedging.drill.times import MILLISECOND, SECOND, at, micros_of
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Lifetime, Order, OrderReport, OrderState
from hedging.model.venue_profile import DeadMan, Fence, Ids, VenueProfile
from hedging.units import Side

EQUITY_COIN = 1_000.0
MARGIN_RATE = 0.02
OUTSIDE = ""  # client id of a trade that is not ours


@dataclass(slots=True)
class Resting:
    """An order as the exchange has it; ``seen_from``: when look-ups begin to find it (microseconds)."""

    venue_id: str
    order: Order
    amount: Decimal
    accepted: int
    seen_from: int
    filled: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    open: bool = True

    @property
    def rest(self) -> Decimal:
        """What has not traded."""
        return self.amount - self.filled


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an order that was taken on."""

    report: OrderReport
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class No:
    """The answer to an order of which nothing was taken on."""

    why: str


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill and when it was made; ``seen_from``: when reads begin to show it."""

    fill: Fill
    made: int
    seen_from: int


@dataclass(slots=True)
class Switches:
    """What a fault has changed about the exchange."""

    closed: str = ""  # why no order is accepted
    expired: bool = False
    ignores_reduce_only: bool = False
    rejects_post_only: bool = False
    fills_after_cancel: bool = False
    fills_after_ack: bool = False
    slow_to_show: int = 0
    fee_currency: str = ""
    margin_used: float = MARGIN_RATE
    delta_factor: float = 1.0
    share: Callable[[Order], Decimal | None] | None = None


@dataclass(slots=True)
class SimVenue:
    """One exchange; ``accounts`` by name. Its clock is the simulated time.

    ``took_effect`` is told the name of a fault whenever a switch changes what happens.
    """

    profile: VenueProfile
    market: SimMarket
    rng: Random
    accounts: tuple[str, ...]
    on_fill: Callable[[Trade, Resting | None], None]
    on_change: Callable[[Resting], None]
    took_effect: Callable[[str], None]
    switches: Switches = field(default_factory=Switches)
    orders: list[Resting] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    positions: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    history: list[tuple[int, dict[str, dict[str, Decimal]]]] = field(default_factory=list)
    ended: list[tuple[int, Resting]] = field(default_factory=list)
    late: list[tuple[int, Resting, Decimal]] = field(default_factory=list)
    dead_man_at: int | None = None

    def __post_init__(self) -> None:
        for account in self.accounts:
            self.positions[account] = {}
        self._remember(0)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """By name."""
        return {each.name: each for each in self.market.listed.all}

    def submit(self, order: Order, now: int) -> Accepted | No:
        """Take an order on, or say why not."""
        why = self._refusal(order, now)
        if why:
            return No(why)
        amount = order.amount
        held = self.amount(order.account, order.instrument)
        if order.reduce_only and self.switches.ignores_reduce_only:
            self.took_effect("reduce_only_ignored")
        elif order.reduce_only:
            room = max(-held * order.side, Decimal(0))
            if room == 0:
                return No("reduce-only, and there is nothing to reduce")
            amount = min(amount, room)
        seen = now + self.rng.randrange(0, 300) * MILLISECOND + self.switches.slow_to_show
        new = Resting(f"V{len(self.orders) + 1}", order, amount, now, seen)
        self.orders.append(new)
        before = len(self.trades)
        self._match(new, now)
        if order.lifetime is Lifetime.IMMEDIATE:
            self._end(new, now)
        fills = tuple(each.fill for each in self.trades[before:])
        return Accepted(self.report(new, now), fills)

    def cancel(self, client_id: str, now: int) -> OrderReport | None:
        """End an order that works; its state afterwards, None where it is not known."""
        found = self._find(client_id, now)
        if found is None:
            return None
        if found.open:
            if self.switches.fills_after_cancel:
                self.took_effect("fill_after_cancel_request")
                self._trade(found, self._lots(found.rest / 2), now)
            self._end(found, now)
        return self.report(found, now)

    def find(self, client_id: str, now: int) -> Accepted | None:
        """An order by its client id with its fills; None where look-ups do not show it (yet)."""
        found = self._find(client_id, now)
        if found is None:
            return None
        fills = tuple(
            each.fill
            for each in self.trades
            if each.fill.client_id == client_id and each.seen_from <= now and each.made <= now
        )
        shown = sum((fill.amount for fill in fills), Decimal(0))
        report = self.report(found, now)
        return Accepted(report, fills if shown <= report.filled else ())

    def fills_since(self, account: str, since: int, now: int) -> tuple[Fill, ...]:
        """Trades that reads show."""
        return tuple(
            each.fill
            for each in self.trades
            if each.fill.account == account and each.made >= since and each.seen_from <= now
        )

    def open_orders(self, account: str, now: int) -> tuple[OrderReport, ...]:
        """What works."""
        return tuple(
            self.report(each, now)
            for each in self.orders
            if each.order.account == account and each.open and each.seen_from <= now
        )

    def read_positions(self, account: str, now: int) -> tuple[Position, ...]:
        """What was held at ``now``, which may lie in the past."""
        held = next((book[account] for when, book in reversed(self.history) if when <= now), {})
        known = self.instruments
        return tuple(
            Position(
                account=account,
                instrument=known[name],
                amount=amount,
                average_price=None,
                floating_pnl=None,
                venue_delta=None,
                received_at=at(now),
            )
            for name, amount in sorted(held.items())
            if amount
        )

    def balance(self, account: str, now: int) -> Balance:
        """The balance in the settlement currency, with the delta that the exchange states."""
        listed = self.market.listed
        delta = self.delta(account, now) * self.switches.delta_factor
        currency = listed.hedge.settlement_currency
        equity = EQUITY_COIN * (1.0 if currency == UNDERLYING else self.market.price)
        used = equity * self.switches.margin_used
        return Balance(
            account=account,
            currency=currency,
            equity=equity,
            available=equity - used,
            initial_margin=used,
            maintenance_margin=used / 2,
            delta_total=((UNDERLYING, delta),),
            received_at=at(now),
        )

    def delta(self, account: str, now: int) -> float:
        """Coins of delta of one account."""
        known = self.instruments
        return sum(
            float(amount) * self.market.delta_per_unit(known[name], now)
            for name, amount in self.positions[account].items()
        )

    def net_delta(self, now: int) -> float:
        """Coins of delta of all accounts."""
        return sum(self.delta(account, now) for account in self.accounts)

    def amount(self, account: str, instrument: str) -> Decimal:
        """Signed amount held."""
        return self.positions[account].get(instrument, Decimal(0))

    def trade_outside(self, account: str, instrument: str, signed: Decimal, now: int) -> None:
        """A trade that is not ours: by hand, by a customer, by a liquidation."""
        side = Side.BUY if signed > 0 else Side.SELL
        price = Decimal(str(self.market.price))
        self._fill(None, (account, instrument, side, abs(signed), price), now)

    def vanish(self, instrument: str, now: int) -> None:
        """What expires is settled in cash: its positions and orders are gone."""
        for each in self.orders:
            if each.open and each.order.instrument == instrument:
                self._end(each, now)
        for held in self.positions.values():
            held.pop(instrument, None)
        self._remember(now)

    def after_move(self, now: int) -> None:
        """Trade what rests where the price has come to it; carry out what was late; watch the dead man."""
        for each in self.orders:
            if each.open and self._crosses(each.order):
                self._match(each, now)
                self.on_change(each)
        for due, each, amount in [item for item in self.late if item[0] <= now]:
            self.late.remove((due, each, amount))
            self._trade(each, amount, now)
        if self.dead_man_at is not None and now >= self.dead_man_at:
            self.dead_man_at = None
            for each in self.orders:
                if each.open:
                    self._end(each, now)
                    self.on_change(each)

    def keep_alive(self, seconds: float, now: int) -> int | None:
        """Start the dead man's switch again; when it ends, None where there is none."""
        if self.profile.dead_man is DeadMan.NONE:
            return None
        self.dead_man_at = now + int(seconds * SECOND)
        return self.dead_man_at

    def report(self, each: Resting, now: int) -> OrderReport:
        """What the exchange says of an order."""
        if each.filled >= each.order.amount or (each.filled and each.filled >= each.amount):
            state = OrderState.FILLED
        elif not each.open:
            state = OrderState.CANCELLED
        else:
            state = OrderState.PARTIAL if each.filled else OrderState.ACKED
        return OrderReport(
            venue_id=each.venue_id,
            client_id=each.order.client_id,
            instrument=each.order.instrument,
            state=state,
            amount=each.amount,
            filled=each.filled,
            average_price=each.paid / each.filled if each.filled else None,
            at=at(now),
        )

    def of(self, client_id: str) -> list[Resting]:
        """Every order accepted under a client id."""
        return [each for each in self.orders if each.order.client_id == client_id]

    def _refusal(self, order: Order, now: int) -> str:
        instrument = self.instruments[order.instrument]
        known = self.of(order.client_id)
        ids = self.profile.ids
        bid, ask = self.market.touch()
        crosses = order.limit_price >= ask if order.side is Side.BUY else order.limit_price <= bid
        resting = order.lifetime is Lifetime.RESTING
        expiry = instrument.expiry
        checks = (
            (bool(self.switches.closed), self.switches.closed),
            (self.switches.expired or (expiry is not None and now >= micros_of(expiry)), "expired"),
            (self.profile.fence is not Fence.NONE and now > micros_of(order.fence_at), "its time is over"),
            (ids is Ids.UNIQUE and bool(known), "duplicate client id"),
            (ids is Ids.UNIQUE_WHILE_OPEN and any(each.open for each in known), "duplicate client id"),
            (order.limit_price % instrument.tick != 0 or order.limit_price <= 0, "price off tick"),
            (order.amount % instrument.lot != 0 or order.amount < instrument.minimum, "amount off lot"),
            (resting and (crosses or self.switches.rejects_post_only), "post-only would trade"),
        )
        if self.switches.closed:
            self.took_effect("settlement_lock")
        if resting and self.switches.rejects_post_only:
            self.took_effect("post_only_rejected")
        return next((why for wrong, why in checks if wrong), "")

    def _find(self, client_id: str, now: int) -> Resting | None:
        shown = [each for each in self.of(client_id) if each.seen_from <= now]
        return shown[-1] if shown else None

    def _crosses(self, order: Order) -> bool:
        bid, ask = self.market.touch()
        if order.lifetime is Lifetime.RESTING:  # traded at once would be no rest: the price must come to it
            price = Decimal(str(self.market.price))
            return order.limit_price >= price if order.side is Side.BUY else order.limit_price <= price
        return order.limit_price >= ask if order.side is Side.BUY else order.limit_price <= bid

    def _match(self, each: Resting, now: int) -> None:
        if not self._crosses(each.order):
            return
        share = self.switches.share(each.order) if self.switches.share else None
        if share is None:
            share = Decimal(1) if self.rng.random() < 0.85 else Decimal(self.rng.randrange(1, 10)) / 10
        amount = self._lots(each.rest * share)
        if amount >= 2 * self.instruments[each.order.instrument].lot and self.rng.random() < 0.3:
            first = self._lots(amount / 2)
            self._trade(each, first, now)
            amount -= first
        self._trade(each, amount, now)

    def _lots(self, amount: Decimal) -> Decimal:
        lot = self.market.listed.hedge.lot
        return amount // lot * lot

    def _trade(self, each: Resting, amount: Decimal, now: int) -> None:
        amount = min(amount, each.rest)
        if amount <= 0:
            return
        order = each.order
        bid, ask = self.market.touch()
        if order.lifetime is Lifetime.RESTING:
            price = order.limit_price
        else:
            price = ask if order.side is Side.BUY else bid
        each.filled += amount
        each.paid += amount * price
        if each.filled >= each.amount:
            each.open = False
        self._fill(each, (order.account, order.instrument, order.side, amount, price), now)

    def _fill(self, each: Resting | None, what: tuple[str, str, Side, Decimal, Decimal], now: int) -> None:
        account, instrument, side, amount, price = what
        if self.switches.fee_currency:
            self.took_effect("fee_in_another_coin")
        fill = Fill(
            venue=self.profile.name,
            account=account,
            trade_id=f"F{len(self.trades) + 1}",
            venue_order_id=each.venue_id if each else "",
            client_id=each.order.client_id if each else OUTSIDE,
            instrument=instrument,
            side=side,
            amount=amount,
            price=price,
            fee=amount * price * Decimal("0.0005"),
            fee_currency=self.switches.fee_currency or self.market.listed.hedge.settlement_currency,
            at=at(now),
        )
        held = self.positions[account]
        held[instrument] = held.get(instrument, Decimal(0)) + amount * side
        seen = now + self.rng.randrange(0, 200) * MILLISECOND + self.switches.slow_to_show
        trade = Trade(fill, now, seen)
        self.trades.append(trade)
        self._remember(now)
        self.on_fill(trade, each)

    def _end(self, each: Resting, now: int) -> None:
        each.open = False
        self.ended.append((now, each))
        if self.switches.fills_after_ack and each.rest:
            self.took_effect("fill_after_cancel_ack")
            delay = self.rng.randrange(200, 4_000) * MILLISECOND
            self.late.append((now + delay, each, self._lots(each.rest / 2) or each.rest))

    def _remember(self, now: int) -> None:
        copy = {account: dict(held) for account, held in self.positions.items()}
        self.history.append((now, copy))
        del self.history[:-40]
