"""I4: a quiet minute later nothing is unknown, ledger and exchange agree, and the delta is looked after."""

from collections.abc import Iterator
from datetime import timedelta

from hedging.decide import AFTER_REJECTION
from hedging.drill.facts import Ended
from hedging.model.trading import AutoMode, OrderState, TradingState
from hedging.workflow.order import TERMINAL, UNPROVED

ID = "I4"
SENTENCE = "a quiet minute later nothing is unknown, ledger and exchange agree, and the delta is looked after"
SETTLED_SECONDS = 25.0
NEW = timedelta(seconds=20)


def ended(now: Ended) -> str:
    """The first disagreement."""
    return next(_disagreements(now), "")


def _disagreements(now: Ended) -> Iterator[str]:
    if now.state is None:
        yield "no engine holds the lease"
        return
    for order in now.rows.orders.values():
        if order.state in UNPROVED:
            yield f"{order.client_id} is {order.state}: {order.detail}"
    yield from _orders(now)
    yield from _positions(now)
    yield from _hedged(now)


def _orders(now: Ended) -> Iterator[str]:
    for real in now.orders:
        row = now.rows.orders.get(real.order.client_id)
        if row is None:
            if real.open or not now.losing:
                yield f"the ledger does not know {real.order.client_id}"
        elif row.filled != real.filled:
            yield f"{row.client_id} filled {row.filled} in the ledger, {real.filled} at the exchange"
        elif real.open and row.state in TERMINAL:
            yield f"{row.client_id} is {row.state} in the ledger and works at the exchange"


def _positions(now: Ended) -> Iterator[str]:
    if now.state is None:
        return
    for name, held in now.positions.items():
        account = now.state.accounts[name]
        if account.positions is None:
            yield f"the positions of {name} are not known"
            continue
        for instrument, amount in held.items():
            ours = account.expected(instrument)
            if ours != amount:
                yield f"{instrument} of {name} is {ours} to us, {amount} at the exchange"


def _at_work(now: Ended) -> bool:
    """Whether a ticket has just begun, a person said no a moment ago, or has to look at an order first."""
    state = now.state
    if state is None or any(o.state is OrderState.QUARANTINED for o in now.rows.orders.values()):
        return state is not None
    begun = [now.now - ticket.created_at for ticket in state.tickets.values()]
    refused = [now.now - when for when, _ in state.rejections.values()]
    return any(age < NEW for age in begun) or any(age < AFTER_REJECTION + NEW for age in refused)


def _hedged(now: Ended) -> Iterator[str]:
    status, band = now.rows.status, now.item.band
    auto = status.auto
    if auto.mode is AutoMode.OFF:
        if auto.set_by and not auto.ended_because:
            yield "automatic mode is off without a reason"
        return
    inside = band.lower - now.lot <= now.delta <= band.upper + now.lot
    waits = now.moved < SETTLED_SECONDS or status.state is not TradingState.ACTIVE or _at_work(now)
    if auto.mode is AutoMode.ARMED and now.tradable and not inside and not waits:
        yield f"the delta is {now.delta:+.3f} while automatic mode is armed"
