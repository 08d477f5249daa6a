"""Two engines of one book, paused and killed at random: no order under a lost lease is accepted (I9).

Real processes: each writes its attempt under its lease, then sends it, with the engine's own times shortened
to a lease of 0.3 s. The venue accepts by its own clock, which lags by three quarters of the margin (1.5 s
where a lease lives 15 s). An order is stale where another engine had the lease when the venue accepted it.

That it can fail was seen by hand (100 pauses, 40 brushes and 30 kills on each database): without
``valid_until`` 24 stale orders on SQLite and 23 on PostgreSQL; with ``valid_until`` at the end of the lease,
without the margin, 2 and 0. ``HEDGING_TWO_ENGINES="no fence"`` or ``"no margin"`` repeats it.
"""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from lease_writer import FENCED, Times

import hedging
from hedging.ledger import Ledger

ROOT = Path(hedging.__file__).parents[1]
SECONDS = 0.3
LAG = 0.75 * Times(SECONDS).margin.total_seconds()
"""The venue's clock is behind by this."""
PAIRS = 3
PAUSES, KILLS, BRUSHES = 102, 30, 42
"""On each of the databases, over all its pairs. A brush is a pause that ends about when the lease does."""
LENGTH = {"pause": (1.0, 1.4), "brush": (0.8, 1.1)}
"""Of the lease, which has been renewed at most a fifth of its life ago."""
SEED = 1
FENCE = os.environ.get("HEDGING_TWO_ENGINES", FENCED)


class Nursery:
    """The parent of all writers."""

    def __init__(self) -> None:
        script = Path(__file__).parents[1] / "support" / "lease_writer.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._turn = threading.Lock()
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, order: str, *words: object) -> int:
        with self._turn:
            print(order, *words, sep="\t", file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        assert self._process.wait(timeout=20) == 0
        self._process.stdout.close()


@dataclass(frozen=True)
class Accepted:
    """What the venue took, and when by the true clock."""

    ref: str
    token: int
    at: float


@dataclass
class Venue:
    """Takes orders from a socket, by its own clock; refuses what comes after ``valid_until``."""

    path: Path
    accepted: list[Accepted] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    crashed: list[str] = field(default_factory=list)
    sender: str = ""

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while heard := self._socket.recv(4096):
            now, order = time.time(), json.loads(heard)
            if "crashed" in order:
                self.crashed.append(order["crashed"])
            elif "refused" in order:
                self.said["writes refused"] += 1
            elif now - LAG > order["until"]:
                self.said["too late"] += 1
            else:
                self.sender = order["name"]
                self.accepted.append(Accepted(order["ref"], order["token"], now))


class Pair(threading.Thread):
    """Two engines of one ledger, and the seeded course of what happens to them."""

    def __init__(self, nursery: Nursery, address: str, folder: Path, number: int) -> None:
        super().__init__()
        self.address, self._nursery = address, nursery
        self.venue = Venue(folder / f"v{number}")
        self._dice = random.Random(f"{SEED} {number}")
        self._alive: dict[str, int] = {}
        self._born = 0
        self.failed: list[str] = []

    def run(self) -> None:
        acts = ["pause"] * (PAUSES // PAIRS) + ["kill"] * (KILLS // PAIRS) + ["brush"] * (BRUSHES // PAIRS)
        self._dice.shuffle(acts)
        for _ in range(2):
            self._start()
        try:
            for act in acts:
                self._let_work()
                if act == "kill":
                    self._kill()
                else:
                    self._pause(LENGTH[act])
            self._let_work()
        except (OSError, ValueError, TimeoutError) as error:
            self.failed.append(f"{type(error).__name__}: {error}")
        finally:
            for child in self._alive.values():
                self._nursery.ask("kill", child)
            self.venue.close()

    def _let_work(self) -> None:
        """Until an order was accepted since, then for a moment."""
        count, until = len(self.venue.accepted), time.monotonic() + 20
        while len(self.venue.accepted) == count and not self.venue.crashed:
            if time.monotonic() > until:
                raise TimeoutError("no engine got the lease within 20 s")
            time.sleep(0.005)
        time.sleep(self._dice.uniform(0, 0.03))

    def _pause(self, length: tuple[float, float]) -> None:
        child = self._alive[self._chosen()]
        self._nursery.ask("stop", child)
        time.sleep(SECONDS * self._dice.uniform(*length))
        self._nursery.ask("cont", child)

    def _kill(self) -> None:
        self._nursery.ask("kill", self._alive.pop(self._chosen()))
        self._start()

    def _chosen(self) -> str:
        """Mostly the one that sends."""
        other = sorted(self._alive)
        sender = self.venue.sender if self.venue.sender in self._alive else other[0]
        return sender if self._dice.random() < 0.9 else other[-1]

    def _start(self) -> None:
        self._born += 1
        name = f"engine-{self._born}"
        place = (self.address, "desk", name, self.venue.path, SECONDS, FENCE)
        self._alive[name] = self._nursery.ask("start", *place)


@pytest.fixture
def pairs(postgres, tmp_path_factory) -> Iterator[list[Pair]]:
    """Pairs on SQLite and on PostgreSQL, each with a ledger of its own; all at work at once."""
    folder = tmp_path_factory.mktemp("two")
    addresses = [str(folder / f"state{n}") for n in range(PAIRS)] + [postgres.fresh() for _ in range(PAIRS)]
    for address in addresses[:PAIRS]:
        Ledger.open(Path(address)).close()
    nursery = Nursery()
    yield [Pair(nursery, address, folder, n) for n, address in enumerate(addresses)]
    nursery.close()
    for address in addresses[PAIRS:]:
        postgres.forget(address)


def opened(address: str) -> Ledger:
    return Ledger.open_url(address) if "://" in address else Ledger.open(Path(address))


def stale(pair: Pair) -> list[Accepted]:
    """Accepted after another engine had taken the book, by the time the taker gave; and what the chain says.

    Asserts on the way that no attempt stands in the chain after a later lease than its own, and that all that
    was sent stands there.
    """
    ledger = opened(pair.address)
    ledger.verify_chain()
    records = sorted(ledger.records(limit=1_000_000), key=lambda record: record.sequence)
    ledger.close()
    taken, token, written = {}, 0, set()
    for record in records:
        body = json.loads(record.body)
        if record.kind == "lease":
            token = body["token"]
            taken[token] = record.at.timestamp()
        elif record.kind == "attempt":
            assert body["token"] == token, f"{record.ref} was written under {body['token']}, after {token}"
            written.add(record.ref)
    assert [two - one for one, two in pairwise(sorted(taken))] == [1] * (len(taken) - 1)
    assert {order.ref for order in pair.venue.accepted} <= written
    pair.venue.said["leases"] += len(taken)
    return [order for order in pair.venue.accepted if order.at > taken.get(order.token + 1, float("inf"))]


@pytest.mark.control("I9")
@pytest.mark.timeout(300)
def test_no_stale_order_is_accepted_and_no_stale_write_is_taken(pairs, capsys):
    for pair in pairs:
        pair.start()
    for pair in pairs:
        pair.join()
    assert [pair.failed + pair.venue.crashed for pair in pairs] == [[]] * len(pairs)
    late = {pair.address: stale(pair) for pair in pairs}
    for name, several in (("sqlite", pairs[:PAIRS]), ("postgresql", pairs[PAIRS:])):
        said = sum((pair.venue.said for pair in several), Counter())
        said["accepted"] = sum(len(pair.venue.accepted) for pair in several)
        said["stale"] = sum(len(late[pair.address]) for pair in several)
        with capsys.disabled():
            print(f"\n{name}, {FENCE}: {PAUSES} pauses, {BRUSHES} brushes, {KILLS} kills: {dict(said)}")
        assert said["leases"] > (PAUSES + KILLS) / 4
        assert said["writes refused"] > PAUSES / 8
    assert list(late.values()) == [[]] * len(pairs)
    assert all(pair.venue.said["too late"] for pair in pairs)
