"""The real paper exchange and the real engine as processes, and how a test drives them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import ccxt

from hedging.clock import utc_now
from hedging.demo import CONFIG
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

    def kill(self) -> None:
        """Kill -9 the process; its files stay open for the test."""
        self.process.kill()
        ended(self.process, code=-9)

    def close(self) -> None:
        self.series.close()
        self.ledger.close()

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


def child(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A process of ours that ends with its standard input."""
    return subprocess.Popen(
        [sys.executable, "-m", "hedging", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The line a child prints once it can be used."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the child ended with {process.wait()} before it was ready"
    return json.loads(line)


def ended(process: subprocess.Popen[str], code: int | None = 0) -> None:
    """Close the child's standard input and wait for its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    found = process.wait(20)
    process.stdout.close()
    assert code is None or found == code


def connected(process: subprocess.Popen[str], state: Path, control: dict[str, str]) -> RunningDemo:
    return RunningDemo(
        process,
        state,
        Ledger.open(state),
        Series.open(state),
        ControlClient(control["url"], control["token"]),
    )


@dataclass
class Exchange:
    """A paper exchange with a key of its trader, on which a test starts engines of its own."""

    line: dict[str, Any]
    folder: Path
    changes: dict[str, str] = field(default_factory=dict)

    def account(self, name: str) -> dict[str, str]:
        return next(account for account in self.line["accounts"] if account["name"] == name)

    def config(self, changes: dict[str, str] | None = None) -> Path:
        """A configuration file; ``changes`` maps a text of it to another."""
        text = CONFIG.format(
            state=json.dumps(str(self.folder / "state")),
            rest=json.dumps(self.line["rest"]),
            ws=json.dumps(self.line["ws"]),
        )
        for old, new in (self.changes | (changes or {})).items():
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / "hedging.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def engine(self, account: str = "trader") -> subprocess.Popen[str]:
        key = self.account(account)
        return child(
            "engine",
            "--config",
            str(self.config()),
            "--until-stdin-closes",
            HEDGING_KEY=key["key"],
            HEDGING_SECRET=key["secret"],
        )

    def refusal(self, changes: dict[str, str] | None = None, account: str = "trader") -> str:
        """What an engine says that does not start; it must end by itself, with exit code 2."""
        key = self.account(account)
        found = subprocess.run(
            [sys.executable, "-m", "hedging", "engine", "--config", str(self.config(changes))],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
            env={**os.environ, "HEDGING_KEY": key["key"], "HEDGING_SECRET": key["secret"]},
        )
        assert found.returncode == 2, found
        assert "Traceback" not in found.stderr, found.stderr
        return found.stderr

    def started(self) -> RunningDemo:
        process = self.engine()
        ready(process)
        return connected(process, self.folder / "state", self.line["control"])

    def asked(self, method: str, parameters: dict[str, Any]) -> Any:
        """What the exchange itself answers to a private call of ccxt's."""
        account = self.account("trader")
        client = ccxt.deribit(
            {
                "apiKey": account["key"],
                "secret": account["secret"],
                "urls": {"api": {"rest": self.line["rest"]}},
            }
        )
        answered = getattr(client, method)(parameters)["result"]
        client.session.close()
        return answered
