"""C7: eight threads at one limit, each judged inside the transaction that inserts its order."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from nouns import (
    BTC,
    INDEX,
    NOW,
    exposure,
    gate_state,
    linear_perpetual,
    order,
    rules,
    ticket,
    underlying_rules,
)

from hedging.ledger import Ledger
from hedging.model.instrument import Instrument
from hedging.model.limits import Limit, Measure
from hedging.model.trading import OrderState
from hedging.risk.scopes import Part, ScopeParts
from hedging.units import Side
from hedging.workflow.gates import limits
from hedging.workflow.order import LIVE

THREADS, EACH, MOST = 8, 25, 100
LOT = Decimal("0.001")  # of 100 USD at INDEX
LIMIT = Limit(scope=BTC, measure=Measure.GROSS_NOTIONAL, soft=MOST * 100.0, hard=MOST * 100.0 + 1e-6)


def instrument_of(thread: int, number: int) -> Instrument:
    """One of its own for each order: the ledger lets one live order into each."""
    return linear_perpetual(name=f"BTC-{thread}-{number}")


@pytest.mark.control("C7")
def test_c7_eight_threads_at_a_limit_of_a_hundred_have_exactly_a_hundred_accepted(tmp_path, record_property):
    every = [instrument_of(thread, number) for thread in range(THREADS) for number in range(EACH)]
    item = underlying_rules(limits=(LIMIT,))
    state = gate_state(
        underlying=item,
        rules=rules(item),
        exposure=exposure(),
        scopes={BTC: ScopeParts(BTC, {"BTC": Part(index=INDEX)}, 50 * INDEX)},
        instruments={each.key: each for each in every},
    )
    with_ticket = ticket()
    first = Ledger.open(tmp_path)
    lease = first.acquire_lease("desk", "engine", NOW, timedelta(minutes=5))
    with first.write(lease, NOW) as transaction:
        transaction.put_ticket(with_ticket)
    barrier = threading.Barrier(THREADS)
    answers: list[bool] = []

    def send(thread: int) -> None:
        ledger = Ledger.open(tmp_path)
        barrier.wait()
        for number in range(EACH):
            instrument = instrument_of(thread, number)
            tried = order(
                client_id=f"{with_ticket.id}-{thread}-{number}",
                ticket_id=with_ticket.id,
                leg=thread,
                clip=number,
                instrument=instrument.name,
                side=Side.SELL,
                amount=LOT,
                limit_price=Decimal(100_000),
            )
            with ledger.write(lease, NOW) as transaction:
                live = transaction.orders(LIVE)
                refusal = limits.check(tried, replace(state, instrument=instrument, live=live))
                if refusal is None:
                    transaction.put_order(replace(tried, state=OrderState.SENT, sent_at=NOW))
            answers.append(refusal is None)
        ledger.close()

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == THREADS * EACH
    assert sum(answers) == MOST
    assert len(first.orders(states=LIVE, limit=THREADS * EACH)) == MOST
    first.close()
    record_property(
        "figure", f"{THREADS} threads, {THREADS * EACH} orders at a limit of {MOST}: {sum(answers)} accepted"
    )
