"""A stand-in for the engine: moving views, samples, tickets and answers, in a real ledger folder."""

import json
import math
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from fake_controls import controls
from fake_smile import smile_view
from fake_terms import FakeTerms

from hedging.errors import HedgingError
from hedging.ledger import Ledger, Series
from hedging.ledger.option_history import OptionRecords
from hedging.model.exposure import (
    DeltaProof,
    Drift,
    DriftState,
    Exposure,
    PositionExposure,
    ProofVerdict,
    Road,
)
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.limits import (
    Band,
    BreachLevel,
    Forecast,
    Limit,
    Measure,
    NoForecast,
    Utilisation,
    VolSource,
)
from hedging.model.market import Quote
from hedging.model.terms import Terms
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    CommandState,
    Decision,
    Fill,
    Leg,
    Order,
    OrderState,
    Outcome,
    ReducedBy,
    Ticket,
    TicketState,
    TradingState,
    TradingStatus,
    Verdict,
)
from hedging.model.view import (
    DecisionRun,
    ExposureSample,
    Feed,
    HedgeMarket,
    LadderCell,
    Profile,
    UnderlyingView,
    VenueMode,
    View,
)
from hedging.units import Side

SPOT = {"BTC": 103_410.0, "ETH": 3_870.0}
BAND = {"BTC": 5.0, "ETH": 60.0}
EQUITY = 120.0
LEAVING = Forecast(within_1h=0.18, within_8h=0.604, median_hours=5.7, vol=0.52, vol_source=VolSource.REALISED)


def _utilisation(limit: Limit, value: float | None) -> Utilisation:
    share = 0.0 if value is None else value / limit.hard
    level = BreachLevel.HARD if share > 1 else BreachLevel.SOFT if share > 0.75 else BreachLevel.INSIDE
    known = limit.measure is Measure.DELTA and limit.underlying is not None
    return Utilisation(
        limit=limit,
        value=value,
        level=BreachLevel.UNKNOWN if value is None else level,
        forecast=replace(LEAVING, within_1h=0.02, within_8h=0.31, median_hours=19.0)
        if known and value is not None
        else Forecast(refused=NoForecast.NO_SLOPE),
    )


def option(underlying: str, expiry: datetime, strike: float, kind: OptionKind) -> Instrument:
    """A Deribit-like inverse option."""
    letter = "C" if kind is OptionKind.CALL else "P"
    name = f"{underlying}-{expiry:%d%b%y}-{strike:.0f}-{letter}".upper()
    return Instrument(
        venue="paper",
        name=name,
        symbol=name,
        kind=Kind.OPTION,
        settlement=Settlement.INVERSE,
        underlying=underlying,
        settlement_currency=underlying,
        amount_unit=AmountUnit.COIN,
        lot=Decimal("0.1"),
        minimum=Decimal("0.1"),
        tick=Decimal("0.0001"),
        expiry=expiry,
        strike=strike,
        option_kind=kind,
    )


def perpetual(underlying: str) -> Instrument:
    """The inverse perpetual."""
    name = f"{underlying}-PERPETUAL"
    return Instrument(
        venue="paper",
        name=name,
        symbol=name,
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE,
        underlying=underlying,
        settlement_currency=underlying,
        amount_unit=AmountUnit.USD,
        lot=Decimal(10),
        minimum=Decimal(10),
        tick=Decimal("0.5"),
    )


def position(instrument: Instrument, amount: float, spot: float, wobble: float) -> PositionExposure:
    """A position with plausible Greeks."""
    is_option = instrument.kind is Kind.OPTION
    strike = instrument.strike or spot
    sign = instrument.option_kind.value if instrument.option_kind else 1
    moneyness = math.log(spot / strike) / 0.25
    delta_unit = sign * (0.5 + sign * 0.5 * math.tanh(moneyness)) if is_option else 1.0 / spot
    return PositionExposure(
        account="main",
        instrument=instrument,
        amount=amount,
        quantity_coin=amount if is_option else amount / spot,
        delta_black=amount * delta_unit,
        delta_net=amount * delta_unit * 0.97 + wobble,
        gamma_coin=amount * 1.3 * math.exp(-(moneyness**2)) if is_option else 0.0,
        vega_usd=amount * spot * 0.16 * math.exp(-(moneyness**2)) if is_option else 0.0,
        theta_usd=-amount * spot * 0.24 * math.exp(-(moneyness**2)) if is_option else 0.0,
        value_usd=amount * spot * 0.04 if is_option else 0.0,
        notional_usd=abs(amount) * (spot if is_option else 1.0),
        iv=0.48 + 0.05 * abs(moneyness) if is_option else None,
        forward=spot * 1.002 if is_option else None,
        mark=0.0412 if is_option else spot,
        years=0.12 if is_option else None,
        is_hedge=not is_option,
    )


def _first(each: PositionExposure, held: tuple[PositionExposure, ...]) -> bool:
    """Whether a position expires before or with every other."""
    expiries = [other.instrument.expiry for other in held if other.instrument.expiry]
    return each.instrument.expiry is not None and each.instrument.expiry == min(expiries)


class FakeEngine:
    """Writes what an engine would, and answers commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger, self.series = Ledger.open(folder), Series.open(folder)
        self.started = datetime.now(UTC)
        self.lease = self.ledger.acquire_lease("paper", "fake-engine", self.started, timedelta(hours=8))
        self.sequence = self.series.view_sequence()
        self.status = TradingStatus()
        self.hedge = {"BTC": 0.0, "ETH": 0.0}
        self.count = 0
        self.orders: dict[str, Order] = {}
        self.over: tuple[Order, ...] = ()
        self.steps = 0
        self.feed_age = 0.4
        self.gaps: tuple[object, ...] = ()
        self.blackout = False
        self.terms = FakeTerms(self.ledger, self.lease, self.started, BAND)
        self.version = self.terms.current

    def seed_history(self, minutes: int = 60) -> None:
        """An hour of samples before now."""
        now = datetime.now(UTC)
        for name in SPOT:
            samples = []
            for second in range(minutes * 60, 0, -4):
                at = now - timedelta(seconds=second)
                samples.append(self._sample(name, at, self._delta(name, at.timestamp())))
            self.series.add_samples(samples)

    def _delta(self, name: str, moment: float) -> float:
        """Counted from the start, where BTC is outside its band: not from the hour of the day."""
        scale = BAND[name]
        since = moment - self.started.timestamp()
        wave = math.sin(since / 190) * 0.9 + math.sin(since / 47) * 0.35
        return scale * (2.1 + wave) * (1 if name == "BTC" else -0.45) + self.hedge[name]

    def _sample(self, name: str, at: datetime, delta: float) -> ExposureSample:
        primary = delta - self.hedge[name] or 1.0
        return ExposureSample(
            at=at,
            underlying=name,
            index=SPOT[name],
            delta=delta,
            band_lower=-BAND[name],
            band_upper=BAND[name],
            ratio_held=-self.hedge[name] / primary,
            ratio_wanted=1.0,
        )

    def positions(self, name: str) -> tuple[PositionExposure, ...]:
        """The option book of one underlying and its hedge."""
        spot = SPOT[name]
        size = 20.0 if name == "BTC" else 400.0
        step = 5_000 if name == "BTC" else 200
        around = round(spot / step) * step
        first = self.started.replace(hour=8, minute=0, second=0, microsecond=0)
        held = []
        for days, legs in (
            (5, ((-1, 2, 1), (-1, -2, -1))),
            (33, ((-1, 4, 1), (1, -3, -1), (0.5, 0, 1))),
            (96, ((1, 0, 1), (0.6, 6, 1))),
        ):
            for weight, steps, kind in legs:
                made = option(name, first + timedelta(days=days), around + steps * step, OptionKind(kind))
                held.append(position(made, size * weight, spot, 0.0))
        held.append(position(perpetual(name), self.hedge[name] * spot - size * spot * 0.2, spot, 0.0))
        return tuple(held)

    def step(self) -> View:
        """One cycle: answer commands, move, write a view and samples."""
        now = datetime.now(UTC)
        self.steps += 1
        self._answer(now)
        self.version = self.terms.current
        if self.steps % 20 == 1:
            self._put_smiles(now)
        self._work(now)
        exposures = {name: self._exposure(name, now) for name in SPOT}
        for name, exposure in exposures.items():
            self._propose(name, exposure.delta, now)
        self.sequence += 1
        view = self._view(now, exposures)
        self.series.put_view(view)
        self.series.add_samples([self._sample(name, now, each.delta) for name, each in exposures.items()])
        self.series.put_decision_runs(
            [
                DecisionRun(first_at=self.started, cycles=self.steps, decision=each.decision)
                for each in view.underlyings
                if each.decision
            ]
        )
        return view

    def _put_smiles(self, now: datetime) -> None:
        """A picture of each smile, as seldom as they are fitted."""
        records = OptionRecords.open(self.folder)
        for name, spot in SPOT.items():
            records.put_picture(smile_view(self._own(name), spot, self._delta(name, now.timestamp()), now))
        records.close()

    def _own(self, name: str) -> Terms:
        own = self.version.terms.of(name)
        assert own is not None
        return own

    def _band(self, name: str) -> Band:
        return self._own(name).band

    def _exposure(self, name: str, now: datetime) -> Exposure:
        share = self._own(name).numeraire.hedged_share
        net = self._delta(name, now.timestamp())
        delta = net + share * EQUITY
        spot = SPOT[name] * (1 + 0.002 * math.sin(now.timestamp() / 13))
        held = self.positions(name)
        return Exposure(
            underlying=name,
            at=now,
            numeraire=self._own(name).numeraire,
            index=spot,
            equity=EQUITY,
            delta=delta,
            delta_net=net,
            delta_hedge=self.hedge[name],
            delta_primary=delta - self.hedge[name],
            gamma_coin=sum(each.gamma_coin for each in held),
            gamma_black_coin=sum(each.gamma_coin for each in held),
            vega_usd=sum(each.vega_usd for each in held),
            theta_usd=sum(each.theta_usd for each in held),
            gross_notional_usd=sum(each.notional_usd for each in held),
            hedge_position=self.hedge[name],
            delta_after_expiry=delta - sum(each.delta_net for each in held if _first(each, held)),
            next_expiry=min(each.instrument.expiry for each in held if each.instrument.expiry),
        )

    def _live_tickets(self) -> tuple[Ticket, ...]:
        return self.ledger.tickets(
            states=(TicketState.PROPOSED, TicketState.APPROVED, TicketState.EXECUTING), limit=20
        )

    def _propose(self, name: str, delta: float, now: datetime) -> None:
        for ticket in self._live_tickets():
            if ticket.underlying == name:
                if ticket.state is TicketState.PROPOSED and ticket.expires_at < now:
                    self._put(replace(ticket, state=TicketState.EXPIRED, version=ticket.version + 1), now)
                return
        band = self._band(name).upper
        if abs(delta) <= band or self.blackout:
            return
        self.count += 1
        side = Side.SELL if delta > 0 else Side.BUY
        coin_size = Decimal(f"{abs(delta) - band * 0.02:.1f}")
        spot = SPOT[name]
        amount = Decimal(int(float(coin_size) * spot / 10) * 10)
        worst = Decimal(f"{spot * (1 - side.value * -0.0008):.1f}")
        leg = Leg(
            account="main",
            instrument=f"{name}-PERPETUAL",
            side=side,
            amount=amount,
            amount_unit="usd",
            quantity_coin=coin_size,
            worst_price=worst,
            reference_price=Decimal(f"{spot:.1f}"),
            reduce_only=False,
        )
        after = delta + side.value * float(coin_size)
        ticket = Ticket(
            id=f"T-{datetime.now(UTC):%H%M}-{self.count}",
            version=1,
            underlying=name,
            state=TicketState.PROPOSED,
            created_at=now,
            expires_at=now + timedelta(seconds=120),
            legs=(leg,),
            delta_before=delta,
            delta_after=after,
            band_lower=-band,
            band_upper=band,
            target=0.0,
            index=spot,
            cost_usd=abs(float(coin_size)) * spot * 0.00055,
            numeraire="keep my coins",
            sentence=f"{name} delta is {delta:+.1f}, band ±{band:g}; {side.name.lower()} {coin_size} {name} "
            f"of {name}-PERPETUAL at {worst:,} or better; delta after: {after:+.1f}.",
            reason=f"The delta is {abs(delta) - band:.1f} {name} beyond its band; the perpetual is cheapest.",
            inputs_hash="a" * 64,
            content_hash=f"{self.count:064d}",
        )
        self._put(ticket, now)

    def _put(self, ticket: Ticket, now: datetime) -> None:
        with self.ledger.write(self.lease, now) as transaction:
            transaction.put_ticket(ticket)

    def _answer(self, now: datetime) -> None:
        for command in self.ledger.pending_commands():
            state, answer = CommandState.DONE, ""
            ticket = self.ledger.ticket(command.ref) if command.ref else None
            match command.kind:
                case CommandKind.APPROVE if (
                    ticket
                    and ticket.state is TicketState.PROPOSED
                    and ticket.content_hash == command.ref_hash
                ):
                    self._put(
                        replace(
                            ticket,
                            state=TicketState.EXECUTING,
                            version=ticket.version + 1,
                            decided_by=command.user,
                            decided_at=now,
                        ),
                        now,
                    )
                    self._send(ticket, command.user, now)
                    answer = f"ticket {ticket.id} approved, sending"
                case CommandKind.REJECT if ticket and ticket.state is TicketState.PROPOSED:
                    self._put(
                        replace(
                            ticket,
                            state=TicketState.REJECTED,
                            version=ticket.version + 1,
                            decided_by=command.user,
                            decided_at=now,
                            note=command.reason,
                        ),
                        now,
                    )
                    answer = f"ticket {ticket.id} rejected"
                case CommandKind.APPROVE | CommandKind.REJECT:
                    state, answer = CommandState.REFUSED, "the ticket no longer waits"
                case CommandKind.HALT:
                    self.status = replace(
                        self.status,
                        state=TradingState.HALTED,
                        halted_because=f"{command.user}: {command.reason}",
                        resume_asked_by="",
                        auto=AutoSetting(),
                    )
                    answer = "halted"
                case CommandKind.REDUCE | CommandKind.RELEASE | CommandKind.AUTO_OFF:
                    state, answer = self._stand_back(command)
                case CommandKind.RESUME if not self.status.resume_asked_by:
                    self.status = replace(self.status, resume_asked_by=f"{command.user} ({command.role})")
                    answer = "asked; a second person confirms"
                case CommandKind.RESUME:
                    self.status = replace(
                        self.status,
                        state=TradingState.ACTIVE,
                        halted_because="",
                        resume_asked_by="",
                        reduced_because="",
                        reduced_by=None,
                    )
                    (self.folder / "KILL").unlink(missing_ok=True)
                    answer = "trading is active"
                case CommandKind.AUTO_SHADOW | CommandKind.AUTO_ARM:
                    mode = AutoMode.ARMED if command.kind is CommandKind.AUTO_ARM else AutoMode.SHADOW
                    self.status = replace(
                        self.status,
                        auto=AutoSetting(
                            mode=mode,
                            set_by=command.user,
                            set_at=now,
                            until=now + timedelta(minutes=command.minutes),
                            max_orders=command.max_orders,
                            max_turnover_usd=command.max_turnover_usd,
                        ),
                    )
                    answer = f"automatic hedging is {mode}"
                case (
                    CommandKind.PROPOSE_TERMS
                    | CommandKind.APPROVE_TERMS
                    | CommandKind.REJECT_TERMS
                    | CommandKind.WITHDRAW_TERMS
                ):
                    try:
                        answer = self.terms.answer(command, now)
                    except HedgingError as error:
                        state, answer = CommandState.REFUSED, str(error)
                case _:
                    answer = "noted"
            with self.ledger.write(self.lease, now) as transaction:
                transaction.settle_command(command.key, state, answer)
                transaction.put_trading(self.status)

    def _stand_back(self, command: Command) -> tuple[CommandState, str]:
        if command.kind is CommandKind.AUTO_OFF:
            self.status = replace(self.status, auto=AutoSetting())
            return CommandState.DONE, "automatic hedging is off"
        if command.kind is CommandKind.REDUCE:
            self.status = replace(
                self.status,
                state=TradingState.REDUCING,
                reduced_because=f"{command.user}: {command.reason or 'reduce'}",
                reduced_by=ReducedBy.PERSON,
                auto=AutoSetting(),
            )
            return CommandState.DONE, "only what shrinks delta and position is sent"
        if command.ref not in self.orders:
            return CommandState.REFUSED, f"nothing quarantined matches {command.ref!r}"
        released = replace(self.orders.pop(command.ref), state=OrderState.CANCELLED)
        self.over = (released, *self.over)[:8]
        return CommandState.DONE, "1 released; the exchange says that nothing of it works any more"

    def _send(self, ticket: Ticket, approver: str, now: datetime) -> None:
        leg = ticket.legs[0]
        order = Order(
            client_id=f"{ticket.id}-0-0",
            ticket_id=ticket.id,
            leg=0,
            clip=0,
            account="main",
            venue="paper",
            instrument=leg.instrument,
            underlying=ticket.underlying,
            side=leg.side,
            amount=leg.amount,
            limit_price=leg.worst_price,
            reduce_only=False,
            state=OrderState.NEW,
            created_at=now,
            fence_at=now + timedelta(seconds=10),
            actor="engine",
            approver=approver,
            decision_price=leg.reference_price,
        )
        self.orders[order.client_id] = order
        with self.ledger.write(self.lease, now) as transaction:
            transaction.put_order(order)

    def _work(self, now: datetime) -> None:
        for order in list(self.orders.values()):
            if order.state in (OrderState.FILLED, OrderState.UNKNOWN, OrderState.QUARANTINED):
                continue
            part = min(order.amount - order.filled, (order.amount / 4).quantize(Decimal(10)) + 10)
            filled = order.filled + part
            state = OrderState.FILLED if filled >= order.amount else OrderState.PARTIAL
            moved = replace(
                order,
                filled=filled,
                state=state,
                average_price=order.limit_price,
                sent_at=order.sent_at or now,
                updated_at=now,
                venue_id="V1",
            )
            self.orders[order.client_id] = moved
            spot = SPOT[order.underlying]
            self.hedge[order.underlying] += order.side.value * float(part) / spot
            fill = Fill(
                venue="paper",
                account="main",
                trade_id=f"{order.client_id}-{filled}",
                venue_order_id="V1",
                client_id=order.client_id,
                instrument=order.instrument,
                side=order.side,
                amount=part,
                price=order.limit_price,
                fee=Decimal("0.00001"),
                fee_currency=order.underlying,
                at=now,
            )
            with self.ledger.write(self.lease, now) as transaction:
                transaction.put_order(moved)
                transaction.add_fill(fill)
            if state is OrderState.FILLED:
                ticket = self.ledger.ticket(order.ticket_id)
                if ticket is not None:
                    self._put(
                        replace(
                            ticket,
                            state=TicketState.DONE,
                            version=ticket.version + 1,
                            note="filled in 4 parts",
                        ),
                        now,
                    )
                self.over = (self.orders.pop(order.client_id), *self.over)[:8]

    def _view(self, now: datetime, exposures: dict[str, Exposure]) -> View:
        tickets = self._live_tickets()
        return View(
            sequence=self.sequence,
            at=now,
            book="paper",
            mode=VenueMode.PAPER,
            engine_started_at=self.started,
            ready=True,
            status="running",
            trading_state=self.status.state,
            halted_because=self.status.halted_because,
            resume_asked_by=self.status.resume_asked_by,
            auto=self.status.auto,
            auto_refusals=("automatic hedging has been shadowed for less than 60 s",)
            if self.steps < 60
            else (),
            feeds=tuple(
                Feed(
                    name=name, received_at=now - timedelta(seconds=self.feed_age * scale), limit_seconds=limit
                )
                for name, scale, limit in (
                    ("books", 1, 2.0),
                    ("marks", 2, 5.0),
                    ("positions", 4, 10.0),
                    ("margin", 9, 30.0),
                )
            ),
            gaps=self.gaps,
            underlyings=tuple(
                self._underlying(name, exposure, now, tickets) for name, exposure in exposures.items()
            ),
            positions=() if self.blackout else tuple(each for name in SPOT for each in self.positions(name)),
            limits=(
                *(each for name, exposure in exposures.items() for each in self._limits(name, exposure)),
                *self._wider(exposures),
            ),
            tickets=tickets,
            orders=(*self.orders.values(), *self.over),
            reduced_because=self.status.reduced_because,
            reduced_by=self.status.reduced_by,
            shadow_seconds_needed=3600.0,
            controls=controls(
                self.status, {name: each.hedge_position for name, each in exposures.items()}, self.feed_age
            ),
            hedges=tuple(self._hedge(name, exposure, now) for name, exposure in exposures.items()),
            terms=self.version,
            proposals=self.terms.proposals,
        )

    def _hedge(self, name: str, exposure: Exposure, now: datetime) -> HedgeMarket:
        instrument = perpetual(name)
        quote = Quote(
            venue=instrument.venue,
            instrument=instrument.name,
            bid=exposure.index - 1,
            ask=exposure.index + 1,
            bid_size=1e6,
            ask_size=1e6,
            mark=exposure.index,
            index=exposure.index,
            forward=exposure.index,
            iv=None,
            venue_delta=None,
            venue_at=now,
            received_at=now,
            touch_received_at=now,
        )
        return HedgeMarket(instrument=instrument, quote=quote)

    def _limits(self, name: str, exposure: Exposure) -> tuple[Utilisation, ...]:
        values = {
            Measure.DELTA: exposure.delta,
            Measure.GAMMA_1PCT: exposure.gamma_coin / 100,
            Measure.VEGA: exposure.vega_usd,
            Measure.GROSS_NOTIONAL: exposure.gross_notional_usd,
            Measure.HEDGE_POSITION: exposure.hedge_position,
        }
        return tuple(
            _utilisation(limit, None if self.blackout else abs(values[limit.measure]))
            for limit in self._own(name).limits
        )

    def _wider(self, exposures: dict[str, Exposure]) -> tuple[Utilisation, ...]:
        values = {
            Measure.LEVERAGE: 2.1,
            Measure.GROSS_NOTIONAL: sum(each.gross_notional_usd for each in exposures.values()),
            Measure.NET_NOTIONAL: 8.2e6,
            Measure.VEGA: sum(abs(each.vega_usd) for each in exposures.values()),
        }
        return tuple(
            _utilisation(limit, None if self.blackout else values[limit.measure])
            for limit in self.version.terms.wider
        )

    def _underlying(
        self, name: str, exposure: Exposure, now: datetime, tickets: tuple[Ticket, ...]
    ) -> UnderlyingView:
        band = self._band(name)
        beyond = max(exposure.delta - band.upper, band.lower - exposure.delta, 0.0)
        state = (
            DriftState.INSIDE if beyond == 0 else DriftState.ABOVE if exposure.delta > 0 else DriftState.BELOW
        )
        primary = exposure.delta_primary
        ticket = next((each for each in tickets if each.underlying == name), None)
        spots = tuple(exposure.index * (0.8 + 0.4 * i / 60) for i in range(61))
        curve = tuple(
            exposure.delta + BAND[name] * 3 * math.tanh((exposure.index - spot) / exposure.index * 9)
            for spot in spots
        )
        shift = ticket.delta_after - ticket.delta_before if ticket else 0.0
        outcome = Outcome.NOTHING if beyond == 0 else Outcome.KEEP if ticket else Outcome.PROPOSE
        reason = {
            Outcome.NOTHING: f"the delta {exposure.delta:+.2f} lies inside its band",
            Outcome.KEEP: f"ticket {ticket.id if ticket else ''} waits already",
            Outcome.PROPOSE: f"the delta is {beyond:.2f} beyond its band",
        }[outcome]
        ladder = tuple(
            LadderCell(
                expiry=each.instrument.expiry,
                strike=each.instrument.strike,
                delta=each.delta_net,
                gamma_1pct=each.gamma_coin / 100,
            )
            for each in self.positions(name)
        )
        if self.blackout:
            return UnderlyingView(
                underlying=name,
                exposure=None,
                drift=None,
                profile=None,
                ladder=(),
                proofs=(),
                hedge_instrument=f"{name}-PERPETUAL",
                decision=Decision(
                    at=now,
                    underlying=name,
                    outcome=Outcome.UNVALUED,
                    reason="the delta is not known: quotes are stale",
                    verdicts=(),
                    inputs_hash="b" * 64,
                    delta=None,
                ),
            )
        return UnderlyingView(
            underlying=name,
            exposure=exposure,
            drift=Drift(
                underlying=name,
                delta=exposure.delta,
                band=band,
                state=state,
                beyond_band=beyond,
                target=0.0,
                ratio_held=-self.hedge[name] / primary,
                ratio_wanted=1.0,
            ),
            profile=Profile(
                spots=spots,
                delta_now=curve,
                delta_at_expiry=tuple(
                    exposure.delta
                    + BAND[name]
                    * (4 if spot < exposure.index * 0.95 else -4 if spot > exposure.index * 1.06 else 0.4)
                    for spot in spots
                ),
                delta_after_ticket=tuple(value + shift for value in curve) if ticket else None,
                pnl_usd=tuple(0.0 for _ in spots),
            ),
            ladder=ladder,
            proofs=tuple(
                DeltaProof(
                    account="main",
                    currency=currency,
                    underlying=name,
                    ours=ours,
                    venue=ours + off,
                    tolerance=0.05,
                    verdict=ProofVerdict.GREEN,
                    road=road,
                    why="0.02 coin and 0.5 % of the gross delta are what an index 0.3 % away does",
                )
                for currency, ours, off, road in (
                    (name, exposure.delta_net, 0.0021, Road.NET),
                    (name, exposure.delta_net + 1.4, -0.0004, Road.BLACK),
                    (name, exposure.delta_net + EQUITY, 0.0021, Road.EQUITY),
                    ("USDC", 0.31, 0.0, Road.NET),
                )
            ),
            leaving_band=LEAVING,
            decision=Decision(
                at=now,
                underlying=name,
                outcome=outcome,
                reason=reason,
                verdicts=(
                    Verdict(check="data", passed=True, reason="every quote is younger than 5 s"),
                    Verdict(check="proof", passed=True, reason="our delta agrees with the exchange's own"),
                    Verdict(
                        check="band",
                        passed=beyond == 0,
                        reason=f"delta {exposure.delta:+.2f}, band ±{band.upper:g}",
                    ),
                ),
                inputs_hash="c" * 64,
                delta=exposure.delta,
                ticket_id=ticket.id if ticket else "",
            ),
            hedge_instrument=f"{name}-PERPETUAL",
        )


def main() -> None:
    """Run until stopped: ``python fake_engine.py FOLDER [seconds between views]``."""
    engine = FakeEngine(Path(sys.argv[1]))
    engine.seed_history()
    pause = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    print(json.dumps({"event": "ready", "state": sys.argv[1]}), flush=True)
    while True:
        engine.step()
        time.sleep(pause)


if __name__ == "__main__":
    main()
