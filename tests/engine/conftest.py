"""A demo of our own per test module: the real paper exchange and the real engine as processes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from hedging.clock import utc_now
from hedging.ledger import Ledger, Series
from hedging.model.trading import Command, CommandKind, CommandState, Role, Ticket, TicketState
from hedging.model.view import View
from hedging.paper.control_client import ControlClient

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningDemo:
    process: subprocess.Popen[str]
    state: Path
    ledger: Ledger
    series: Series
    control: ControlClient

    def view(self) -> View:
        view = self.series.view()
        assert view is not None
        return view

    def wait(self, what: str, found: Callable[[], object], seconds: float = 20.0) -> object:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = found()
            if value:
                return value
            time.sleep(0.05)
        view = self.series.view()
        raise AssertionError(f"not within {seconds} s: {what}; view: {view}")

    def waiting(self, underlying: str = "BTC") -> Ticket | None:
        tickets = self.ledger.tickets([TicketState.PROPOSED])
        return next((ticket for ticket in tickets if ticket.underlying == underlying), None)

    def ask(self, kind: CommandKind, user: str = "tess", role: Role = Role.TRADER, **more: object) -> Command:
        command = Command(key=uuid4().hex, at=utc_now(), user=user, role=role, kind=kind, **more)
        self.ledger.append_command(command)

        def answered() -> Command | None:
            found = self.ledger.command(command.key)
            return found if found and found.state is not CommandState.PENDING else None

        answer = self.wait(f"an answer to {kind}", answered)
        assert isinstance(answer, Command)
        return answer

    def approve(self, ticket: Ticket, **more: object) -> Command:
        return self.ask(
            CommandKind.APPROVE,
            ref=ticket.id,
            ref_version=ticket.version,
            ref_hash=ticket.content_hash,
            **more,
        )

    def finished(self, ticket_id: str) -> Ticket | None:
        ticket = self.ledger.ticket(ticket_id)
        over = {TicketState.DONE, TicketState.FAILED, TicketState.REJECTED, TicketState.EXPIRED}
        return ticket if ticket and ticket.state in over else None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hedging", "demo", "--folder", str(tmp_path_factory.mktemp("demo"))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    ready = json.loads(process.stdout.readline())
    state = Path(ready["state"])
    running = RunningDemo(
        process,
        state,
        Ledger.open(state),
        Series.open(state),
        ControlClient(ready["control"]["url"], ready["control"]["token"]),
    )
    yield running
    running.series.close()
    running.ledger.close()
    process.stdin.close()
    process.stdout.close()
    assert process.wait(15) == 0
