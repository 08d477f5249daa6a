"""One consistent picture for all gates, from what the engine knows."""

from datetime import datetime

from hedging.core.state import State
from hedging.decide import Assessment
from hedging.model.gates import Executed
from hedging.model.rules import UnderlyingRules
from hedging.model.view import ControlView
from hedging.workflow.gates import GATES, GateState
from hedging.workflow.order import LIVE


def gate_state(state: State, item: UnderlyingRules, whole: Assessment, now: datetime) -> GateState:
    """What the gates look at when they judge an order of one underlying's hedge at ``now``."""
    account = state.accounts[item.account]
    instrument = state.setup.instruments[item.hedge_key]
    day = state.days.get(item.venue)
    return GateState(
        now=now,
        rules=state.rules,
        underlying=item,
        instrument=instrument,
        status=state.status,
        latches=state.latches,
        quote=state.market.quotes.get(instrument.key),
        exposure=whole.exposures.get(item.underlying),
        position=account.amount(instrument.name),
        position_at=account.positions_at,
        last_fill_at=account.last_fill_at,
        balance=account.balance(instrument.settlement_currency),
        live=tuple(each for each in state.orders.values() if each.state in LIVE),
        messages=state.messages.get(item.venue, ()),
        clock_offset_seconds=account.clock_offset,
        scopes=whole.scopes,
        instruments=state.setup.instruments,
        orders_today=day.orders if day else 0,
        trades_today=day.trades if day else 0,
        executed=tuple(
            Executed(fill.at, fill.price)
            for fill in state.fills.values()
            if fill.client_id and (fill.account, fill.instrument) == (item.account, instrument.name)
        ),
        automatic=state.automatic,
        dead_man_until=state.dead_man_until.get(item.account),
        venue_trouble=state.trouble_at(item.venue),
        instrument_trouble=state.market.instrument_troubles.get(instrument.key, ""),
        market_trouble=state.market_trouble,
    )


def controls(state: State, whole: Assessment, now: datetime) -> tuple[ControlView, ...]:
    """Every pre-trade check of every hedge with the figures it compares now, for people to see."""
    found = []
    for item in state.rules.underlyings:
        if item.hedge_key not in state.setup.instruments:
            continue
        picture = gate_state(state, item, whole, now)
        found += [
            ControlView(
                control=gate.CONTROL,
                sentence=gate.SENTENCE,
                underlying=item.underlying,
                readings=gate.readings(picture),
            )
            for gate in GATES
        ]
    return tuple(found)
