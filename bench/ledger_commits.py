"""How many durable commits a second does the ledger take, and how long does one last?

One commit is what an order's change of state is: lease checked, record chained, row replaced, on disk. The
peer of the same run is the least a database can do: one row of the same size inserted by hand and committed,
with the same settings. ``writers`` processes write at once, each its own order.

One JSON line a row. Run: ``PYTHONPATH=. python bench/ledger_commits.py [--seconds 5] [--url postgresql+psycopg://…]``;
``python tests/support/temporary_postgres.py --durable`` prints the URL of a server with fsync on.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path

from sqlalchemy import text

from bench.passages import machine
from hedging.clock import monotonic_ns
from hedging.ledger import Ledger
from hedging.ledger.database import Database
from hedging.model.trading import Leg, Order, OrderState, Ticket, TicketState
from hedging.units import Side

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BOOK = "bench"


def ticket() -> Ticket:
    """A ticket of one leg."""
    leg = Leg(
        account="main",
        instrument="BTC-PERPETUAL",
        side=Side.SELL,
        amount=Decimal(961710),
        amount_unit="usd",
        quantity_coin=Decimal("9.30"),
        worst_price=Decimal("103410.0"),
        reference_price=Decimal("103450.0"),
        reduce_only=False,
    )
    return Ticket(
        id="t",
        version=1,
        underlying="BTC",
        state=TicketState.PROPOSED,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        legs=(leg,),
        delta_before=14.2,
        delta_after=4.9,
        band_lower=-5.0,
        band_upper=5.0,
        target=4.9,
        index=103_450.5,
        cost_usd=84.0,
        numeraire="keep my dollars",
        sentence="BTC delta is +14.2, band ±5",
        reason="outside the band",
        inputs_hash="ab" * 32,
        content_hash="cd" * 32,
    )


def order(writer: int) -> Order:
    """An order of its own for each writer."""
    return Order(
        client_id=f"hm-{writer}",
        ticket_id="t",
        leg=0,
        clip=writer,
        account="main",
        venue="deribit",
        instrument=f"BTC-{writer}",
        underlying="BTC",
        side=Side.SELL,
        amount=Decimal(500),
        limit_price=Decimal("103410.50"),
        reduce_only=True,
        state=OrderState.ACKED,
        created_at=NOW,
        fence_at=NOW + timedelta(seconds=20),
        actor="engine",
        approver="bob",
        decision_price=Decimal("103455.1"),
    )


def opened(address: str) -> Ledger:
    """The ledger of a folder or URL."""
    return Ledger.open_url(address) if "://" in address else Ledger.open(Path(address))


def change_state(address: str, writer: int) -> Callable[[int], None]:
    """Commit the n-th state of this writer's order."""
    ledger = opened(address)
    lease = ledger.lease(BOOK)
    if lease is None:
        raise RuntimeError("the lease was not taken")
    mine = order(writer)

    def commit(n: int) -> None:
        with ledger.write(lease, NOW) as transaction:
            transaction.put_order(replace(mine, detail=str(n)))

    return commit


def insert_row(address: str, writer: int) -> Callable[[int], None]:
    """Commit one row of the size of an order's body."""
    path = Path(address) / "peer.sqlite"
    database = Database.at_url(address) if "://" in address else Database.at_path(path, "FULL")
    body = "x" * 600

    def commit(n: int) -> None:
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text("INSERT INTO peer VALUES (:w, :n, :b)"), {"w": writer, "n": n, "b": body})

    return commit


def work(
    made: Callable[[int], Callable[[int], None]], writer: int, seconds: float, told: "Queue[list[float]]"
) -> None:
    """Commit for ``seconds``; tell how long each took, in ms."""
    commit = made(writer)
    took: list[float] = []
    until = monotonic_ns() + int(seconds * 1e9)
    began = monotonic_ns()
    while began < until:
        commit(len(took))
        ended = monotonic_ns()
        took.append((ended - began) / 1e6)
        began = ended
    told.put(took)


def measured(
    what: str, made: Callable[[int], Callable[[int], None]], writers: int, seconds: float
) -> dict[str, object]:
    """One row."""
    context = multiprocessing.get_context("spawn")
    told: Queue[list[float]] = context.Queue()
    children = [context.Process(target=work, args=(made, n, seconds, told)) for n in range(writers)]
    for child in children:
        child.start()
    took = sorted(each for _ in children for each in told.get())
    for child in children:
        child.join()
    return {
        "what": what,
        "writers": writers,
        "commits_per_second": round(len(took) / seconds),
        "median_ms": round(statistics.median(took), 2),
        "p95_ms": round(took[int(len(took) * 0.95)], 2),
        **machine(),
    }


def prepare(address: str, most: int) -> None:
    """A ledger with the lease, the ticket and the orders; and the peer's table."""
    ledger = opened(address)
    lease = ledger.acquire_lease(BOOK, "bench", NOW, timedelta(hours=1))
    with ledger.write(lease, NOW) as transaction:
        transaction.put_ticket(ticket())
        for n in range(most):
            transaction.put_order(order(n))
    ledger.close()
    peer = (
        Database.at_path(Path(address) / "peer.sqlite", "FULL")
        if "://" not in address
        else Database.at_url(address)
    )
    with peer.writing() as connection:
        connection.execute(text("CREATE TABLE peer (writer INTEGER, n INTEGER, body TEXT)"))
    peer.close()


def main() -> None:
    """Measure both databases, where a URL is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--url", default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        addresses = {"sqlite": folder, **({"postgresql": given.url} if given.url else {})}
        for name, address in addresses.items():
            prepare(address, 4)
            for writers in (1, 4):
                for what, made in (("order's state", change_state), ("peer: one row", insert_row)):
                    row = measured(what, partial(made, address), writers, given.seconds)
                    print(json.dumps({"database": name, **row}), flush=True)


if __name__ == "__main__":
    main()
