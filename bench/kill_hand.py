"""Kills at random instants beside a running engine, resumes and arms; and what was sent after each kill."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.quiet_venue import Exchange
from hedging.clock import monotonic_ns, utc_now
from hedging.engine.desk_state import DeskState
from hedging.engine.latches import set_kill_file
from hedging.ledger import Ledger
from hedging.model.trading import Command, CommandKind, CommandState, Role
from hedging.workflow.authority import halted

SEED = 20261122
WATCHED_SECONDS = 0.8  # after each latch
ENOUGH = 100_000


class Way(StrEnum):
    """How a kill comes."""

    FILE = "kill file"
    COMMAND = "halt command"
    ROW = "trading row"


@dataclass
class Kill:
    """One kill: when the latch was set, when the core had halted, and what was begun after, in ns.

    ``looks``: when the senders of ``submits`` had looked at the latches.
    """

    way: Way
    latch_ns: int
    sent_before: int
    halted_ns: int = 0
    submits: list[int] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    cancels: list[int] = field(default_factory=list)

    @property
    def passed_it(self) -> int:
        """Orders whose sender looked when the latch could be read, and that were sent all the same."""
        readable = self.halted_ns if self.way is Way.COMMAND else self.latch_ns
        return sum(look > readable for look in self.looks) if readable else 0


class Hand:
    """Whoever kills, resumes and arms: from another thread and over another handle, as other programs do."""

    def __init__(self, desk: DeskState, traded: Exchange, folder: Path, between: tuple[float, float]) -> None:
        self.kills: list[Kill] = []
        self.troubles: list[str] = []
        self._desk = desk
        self._traded = traded
        self._folder = folder
        self._between = between
        self._ledger = Ledger.open(folder)
        self._random = random.Random(SEED)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hand")
        self._asked = 0

    def start(self) -> None:
        """Arm, and kill again and again."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the kill that is being watched."""
        self._stopped.set()
        self._thread.join()
        self._ledger.close()

    def _run(self) -> None:
        self._arm()
        ways = list(Way)
        while not self._stopped.wait(self._random.uniform(*self._between)):
            self._kill(ways[len(self.kills) % len(ways)])
            self._resume()
            self._arm()

    def _kill(self, way: Way) -> None:
        desk, traded, before = self._desk, self._traded, monotonic_ns()
        halted_before = desk.latches.trips
        if way is Way.FILE:
            set_kill_file(self._folder, "vera", "bench", utc_now())
        elif way is Way.COMMAND:
            self._append(CommandKind.HALT, "vera", Role.VIEWER)
        else:
            self._put_row()
        latch = monotonic_ns()
        kill = Kill(way, latch, sum(1 for at in traded.submits if before - 1_000_000_000 <= at <= latch))
        while monotonic_ns() < latch + WATCHED_SECONDS * 1e9:
            if not kill.halted_ns and desk.latches.trips > halted_before:
                kill.halted_ns = monotonic_ns()
            time.sleep(0.001)
        sent = [(at, look) for at, look in zip(traded.submits, traded.looks, strict=False) if at > latch]
        kill.submits, kill.looks = [at for at, _ in sent], [look for _, look in sent]
        kill.cancels = [at for at in traded.cancels if at > latch]
        self.kills.append(kill)
        if way is Way.ROW:  # only the last look before the wire read it: the engine's own word comes now
            self._append(CommandKind.HALT, "vera", Role.VIEWER)

    def _put_row(self) -> None:
        status = self._desk.state.status
        lease = self._desk.recorder.lease
        with self._ledger.write(lease, utc_now()) as transaction:
            transaction.put_trading(halted(status, "bench"))

    def _resume(self) -> None:
        self._done(CommandKind.RESUME, "ann", Role.TRADER)
        self._done(CommandKind.RESUME, "rita", Role.RISK)

    def _arm(self) -> None:
        while not self._stopped.is_set():
            if self._done(CommandKind.AUTO_ARM, "tess", Role.TRADER).state is CommandState.DONE:
                return
            time.sleep(0.1)

    def _done(self, kind: CommandKind, user: str, role: Role) -> Command:
        command = self._append(kind, user, role)
        while command.state is CommandState.PENDING and not self._stopped.is_set():
            time.sleep(0.02)
            command = self._ledger.command(command.key) or command
        if command.state is CommandState.REFUSED:
            self.troubles.append(command.answer)
        return command

    def _append(self, kind: CommandKind, user: str, role: Role) -> Command:
        self._asked += 1
        command = Command(
            key=f"bench-{self._asked}",
            at=utc_now(),
            user=user,
            role=role,
            kind=kind,
            reason="bench",
            minutes=30,
            max_orders=ENOUGH,
            max_turnover_usd=1e11,
        )
        return self._ledger.append_command(command)


def kill_rows(kills: Sequence[Kill], held_back: int) -> list[dict[str, object]]:
    """One row for each latch."""
    rows: list[dict[str, object]] = []
    for way in Way:
        mine = [kill for kill in kills if kill.way is way]
        if not mine:
            continue
        last = [max([(at - kill.latch_ns) / 1e6 for at in kill.submits], default=0.0) for kill in mine]
        halts = [(kill.halted_ns - kill.latch_ns) / 1e6 for kill in mine if kill.halted_ns]
        cancels = [(kill.cancels[0] - kill.latch_ns) / 1e6 for kill in mine if kill.cancels]
        rows.append(
            {
                "row": "kill",
                "latch": way.value,
                "kills": len(mine),
                "orders_in_the_second_before": sum(kill.sent_before for kill in mine),
                "last_send_after_ms": round(max(last), 1),
                "sends_past_a_latch_that_could_be_read": sum(kill.passed_it for kill in mine),
                "sends_after_100_ms": sum(at - k.latch_ns > 1e8 for k in mine for at in k.submits),
                "core_halted_ms_max": round(max(halts), 1) if halts else None,
                "cancels": sum(len(kill.cancels) for kill in mine),
                "first_cancel_ms_max": round(max(cancels), 1) if cancels else None,
                "held_back_at_the_wire_in_all": held_back,
            }
        )
    return rows
