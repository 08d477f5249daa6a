"""An engine without surroundings: feeds events to the core and keeps what it wants done."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from nouns import (
    BTC,
    INDEX,
    NOW,
    balance,
    linear_perpetual,
    perpetual,
    position,
    quote,
    rules,
    underlying_rules,
)

from hedging.core import events as happened
from hedging.core.account import Account
from hedging.core.effects import Commit, Effect, InsertAttempt, LookUp, Query, Submit
from hedging.core.events import Event
from hedging.core.inputs import InputsEncoder
from hedging.core.queries import QueryKind
from hedging.core.starting import Stored, restored
from hedging.core.state import Setup, State
from hedging.core.step import step
from hedging.model.limits import Limit, Measure
from hedging.model.rules import AutoRules, ExecutionStyle, Rules
from hedging.model.trading import Command, CommandKind, Fill, Order, OrderReport, OrderState, Role, Ticket
from hedging.model.venue_profile import DERIBIT, VenueProfile

HELD = linear_perpetual()
HEDGE = perpetual()
ACCOUNT = "main"
ELSEWHERE = "elsewhere"
"""An account that is only read: what it holds may change without a fill of ours."""


class Steps:
    """One engine; ``wanted`` are the effects of the last step, ``committed`` every change so far."""

    def __init__(
        self,
        delta: float = 14.2,
        profile: VenueProfile = DERIBIT,
        chosen: Rules | None = None,
        stored: Stored | None = None,
    ) -> None:
        self.now: datetime = NOW
        self.held = delta
        self.perpetual = Decimal(0)
        limits = (
            Limit(scope=BTC, measure=Measure.HEDGE_POSITION, soft=40.0, hard=60.0),
            Limit(scope=BTC, measure=Measure.DELTA, soft=20.0, hard=30.0),
        )
        given = chosen or rules(underlying_rules(limits=limits), auto=AutoRules(shadow_minutes=0))
        setup = Setup(
            rules=given,
            instruments={HELD.key: HELD, HEDGE.key: HEDGE},
            profiles={"deribit": profile},
            encode=InputsEncoder().encode,
        )
        accounts = (
            Account(name=ACCOUNT, venue="deribit", trades=True),
            Account(name=ELSEWHERE, venue="deribit", trades=False),
        )
        self.state: State = restored(setup, accounts, stored or Stored(), NOW + timedelta(hours=1))
        self.wanted: tuple[Effect, ...] = ()
        self.committed: list[object] = []

    def happen(self, event: Event, after: float = 0.0) -> tuple[Effect, ...]:
        """One step, ``after`` seconds later."""
        self.now += timedelta(seconds=after)
        self.state, self.wanted = step(self.state, event, self.now)
        for effect in self.wanted:
            if isinstance(effect, Commit):
                self.committed += effect.changes
        return self.wanted

    def all(self, kind: type) -> list:
        """Effects of one type of the last step."""
        return [each for each in self.wanted if isinstance(each, kind)]

    def positions(self, after: float = 0.01) -> None:
        """The venue's present positions, asked for now."""
        self.now += timedelta(seconds=after)
        others = (position(HELD, self.held, account=ELSEWHERE),) if self.held else ()
        own = (position(HEDGE, self.perpetual),) if self.perpetual else ()
        self.happen(happened.PositionsRead(account=ELSEWHERE, positions=others, asked_at=self.now))
        before = self.wanted
        self.happen(happened.PositionsRead(account=ACCOUNT, positions=own, asked_at=self.now))
        self.wanted = (*before, *self.wanted)

    def look(self, after: float = 0.01, **changes) -> None:
        """Fresh prices."""
        self.now += timedelta(seconds=after)
        at = {"venue_at": self.now, "received_at": self.now, "touch_received_at": self.now}
        quotes = (quote(HEDGE, **{**at, **changes}), quote(HELD, **at))
        self.happen(happened.Looked(quotes={each.key: each for each in quotes}))

    def start(self) -> None:
        """Everything read once: ready."""
        self.happen(happened.Started())
        self.positions()
        self.balances()
        self.happen(happened.ClockRead(ACCOUNT, 0.0))
        self.fills()

    def balances(self) -> None:
        """The venue's balance with a delta that proves ours."""
        inverse = balance(delta_total=(("BTC", float(self.perpetual) / INDEX),), received_at=self.now)
        linear = balance(
            "USDC", 0.0, account=ELSEWHERE, delta_total=(("BTC", self.held),), received_at=self.now
        )
        self.happen(happened.BalancesRead(account=ELSEWHERE, balances=(linear,), asked_at=self.now))
        before = self.wanted
        self.happen(happened.BalancesRead(account=ACCOUNT, balances=(inverse,), asked_at=self.now))
        self.wanted = (*before, *self.wanted)

    def fills(self, *found: Fill) -> None:
        """A sweep of the fills, asked for now."""
        self.happen(happened.FillsArrived(found, swept=ACCOUNT, asked_at=self.now))

    def command(self, kind: CommandKind, user: str = "ann", role: Role = Role.TRADER, **changes) -> Command:
        """A person's wish, handed to the engine at once."""
        key = f"{kind}-{self.now.isoformat()}-{user}"
        whole = Command(key=key, at=self.now, user=user, role=role, kind=kind, **changes)
        self.happen(happened.Asked(whole))
        return whole

    def approve(self, ticket: Ticket) -> None:
        """A person approves what is on the card."""
        self.command(
            CommandKind.APPROVE, ref=ticket.id, ref_version=ticket.version, ref_hash=ticket.content_hash
        )

    @property
    def ticket(self) -> Ticket:
        """The open ticket."""
        return self.state.tickets["BTC"]

    @property
    def order(self) -> Order:
        """The newest order."""
        return list(self.state.orders.values())[-1]

    def submitted(self) -> Order:
        """The one order that this step sends, stored in the same step's commit."""
        (sent,) = self.all(Submit)
        (commit,) = self.all(Commit)
        inserted = [change for change in commit.changes if isinstance(change, InsertAttempt)]
        assert [each.order for each in inserted] == [sent.order]
        return sent.order

    def asked(self, kind: QueryKind) -> bool:
        """Whether this step asks for a read."""
        return any(each.kind is kind for each in self.all(Query))

    def looked_up(self) -> list[str]:
        """Client ids that this step looks up."""
        return [each.order.client_id for each in self.all(LookUp)]

    def fill_of(self, order: Order, amount: Decimal | None = None, **changes) -> Fill:
        """A fill of an order; the venue's position moves with it."""
        size = order.amount if amount is None else amount
        self.perpetual += size * order.side
        whole = Fill(
            venue="deribit",
            account=ACCOUNT,
            trade_id=f"t{self.now.timestamp()}",
            venue_order_id=f"v-{order.client_id}",
            client_id=order.client_id,
            instrument=order.instrument,
            side=order.side,
            amount=size,
            price=order.limit_price,
            fee=Decimal(0),
            fee_currency="BTC",
            at=self.now,
        )
        return replace(whole, **changes)

    def report_of(self, order: Order, state: OrderState, filled: Decimal = Decimal(0)) -> OrderReport:
        """The venue's word on an order."""
        return OrderReport(
            venue_id=f"v-{order.client_id}",
            client_id=order.client_id,
            instrument=order.instrument,
            state=state,
            amount=order.amount,
            filled=filled,
            average_price=order.limit_price if filled else None,
            at=self.now,
        )

    def filled(self, order: Order) -> None:
        """The venue answers that an order was filled at once."""
        fill = self.fill_of(order)
        report = self.report_of(order, OrderState.FILLED, order.amount)
        self.happen(happened.Answered(order.client_id, report, (fill,)), after=0.05)


def running(**changes: object) -> Steps:
    """An engine that is ready and has looked at the market."""
    found = Steps(**changes)  # type: ignore[arg-type]
    found.start()
    assert found.state.ready
    found.look()
    return found


def sent(**changes: object) -> tuple[Steps, Order]:
    """An engine whose ticket a person has approved, and the first order, which is out."""
    found = running(**changes)
    found.approve(found.ticket)
    return found, found.submitted()


def passive(seconds: float = 5.0) -> Rules:
    """Rules under which orders rest first."""
    whole = rules()
    return replace(
        whole, execution=replace(whole.execution, style=ExecutionStyle.PASSIVE, passive_seconds=seconds)
    )
