"""The demo: a paper exchange and an engine as children of one process, which ends with its parent."""

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from hedging import clock
from hedging.errors import HedgingError
from hedging.lifeline import parent_gone

START_SECONDS = 60.0
KEPT_RUNS = 5
R = TypeVar("R")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Where the demo keeps its runs, and what its market is like."""

    folder: Path
    seed: int = 7
    liveliness: float = 1.0


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where the market's switchboard listens."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A key of the paper exchange; worthless elsewhere."""

    name: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PaperReady:
    """What the paper exchange says once it listens."""

    rest: str
    ws: str
    control: ControlAddress
    accounts: tuple[DemoAccount, ...]


@dataclass(frozen=True, slots=True)
class EngineReady:
    """What the engine says once it holds the book."""

    state: str
    mode: str


CONFIG = """book = "demo"
state = {state}

[[accounts]]
name = "paper"
venue = "deribit"
mode = "paper"
rest = {rest}
ws = {ws}
key_env = "HEDGING_KEY"
secret_env = "HEDGING_SECRET"

[underlyings.BTC]
account = "paper"
hedge = "BTC-PERPETUAL"
numeraire = "coin"
max_order_coin = 5.0
band = {{ lower = -5.0, upper = 5.0, target = "edge" }}
[underlyings.BTC.limits]
delta = {{ soft = 12.0, hard = 30.0 }}
gamma_1pct = {{ soft = 1.5, hard = 3.0 }}
vega = {{ soft = 1.0e6, hard = 2.0e6 }}
gross_notional = {{ soft = 2.5e7, hard = 4.0e7 }}
hedge_position = {{ soft = 40.0, hard = 60.0 }}

[underlyings.ETH]
account = "paper"
hedge = "ETH-PERPETUAL"
numeraire = "coin"
max_order_coin = 150.0
band = {{ lower = -60.0, upper = 60.0, target = "edge" }}
[underlyings.ETH.limits]
delta = {{ soft = 150.0, hard = 400.0 }}
gamma_1pct = {{ soft = 25.0, hard = 50.0 }}
vega = {{ soft = 5.0e5, hard = 1.0e6 }}
gross_notional = {{ soft = 1.0e7, hard = 2.0e7 }}
hedge_position = {{ soft = 800.0, hard = 1200.0 }}

[limits.book]
delta = {{ soft = 2.5e6, hard = 5.0e6 }}
leverage = {{ soft = 5.0, hard = 10.0 }}
[limits.venue.deribit]
net_notional = {{ soft = 1.0e7, hard = 2.0e7 }}
[limits.account.paper]
vega = {{ soft = 1.5e6, hard = 3.0e6 }}

# Wider than anywhere else: a demo presses "BTC -8 %" and wants to see it hedged.
[execution]
clip_usd = 250000
drift_cap = 0.2

[auto]
shadow_minutes = 0

[market]
index_gap = 0.2
"""


async def run_demo(options: DemoOptions) -> None:
    """Start both, print one ready line, and stay until standard input ends or a signal comes.

    The ready line names the state folder and the control address, never a key. Raises HedgingError when a
    child does not come up.
    """
    state = _new_run(options.folder)
    stopping = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stopping.set)
    lifeline = asyncio.ensure_future(parent_gone())
    lifeline.add_done_callback(lambda _: stopping.set())
    children: list[Process] = []
    try:
        exchange = await _child(
            ["paper", "--port", "0", "--seed", str(options.seed), "--until-stdin-closes"], {}
        )
        children.append(exchange)
        ready = await _ready_line(exchange, "the paper exchange", PaperReady)
        config = state / "hedging.toml"
        config.write_text(_config(state, ready), encoding="utf-8")
        trader = next(account for account in ready.accounts if account.name == "trader")
        engine = await _child(
            ["engine", "--config", str(config), "--until-stdin-closes"],
            {"HEDGING_KEY": trader.key, "HEDGING_SECRET": trader.secret},
        )
        children.append(engine)
        await _ready_line(engine, "the engine", EngineReady)
        line = {
            "event": "ready",
            "state": str(state),
            "control": msgspec.to_builtins(ready.control),
            "mode": "paper",
        }
        print(json.dumps(line), flush=True)
        await _first(stopping, exchange, engine)
    finally:
        await _stop(children)


def _config(state: Path, ready: PaperReady) -> str:
    return CONFIG.format(state=json.dumps(str(state)), rest=json.dumps(ready.rest), ws=json.dumps(ready.ws))


def _new_run(folder: Path) -> Path:
    """A new state folder: each demo begins a new market. Only the latest runs are kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    runs = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.startswith("run-"))
    for old in runs[: -KEPT_RUNS + 1 or None]:
        shutil.rmtree(old, ignore_errors=True)
    state = folder / f"run-{clock.utc_now():%Y%m%dT%H%M%S%f}"
    state.mkdir(mode=0o700)
    return state


async def _child(arguments: list[str], extra: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hedging",
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, **extra},
    )


async def _ready_line(child: Process, name: str, kind: type[R]) -> R:
    if child.stdout is None:
        raise HedgingError(f"{name} has no output to read")
    try:
        line = await asyncio.wait_for(child.stdout.readline(), START_SECONDS)
    except TimeoutError as error:
        raise HedgingError(f"{name} was not ready within {START_SECONDS:.0f} s") from error
    if not line:
        raise HedgingError(f"{name} ended before it was ready; its own message is above")
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise HedgingError(f"{name} said something else than that it is ready: {line!r}") from error


async def _first(stopping: asyncio.Event, *children: Process) -> None:
    """Wait until we are asked to stop, or a child ends by itself."""
    waits = [asyncio.ensure_future(stopping.wait()), *(asyncio.ensure_future(c.wait()) for c in children)]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    if not stopping.is_set():
        names = ("the paper exchange", "the engine")
        over = [name for name, c in zip(names, children, strict=True) if c.returncode is not None]
        raise HedgingError(f"{' and '.join(over)} ended by itself; its own message is above")


async def _stop(children: list[Process]) -> None:
    for child in reversed(children):
        if child.returncode is not None:
            continue
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), 5)
        except TimeoutError:
            child.kill()
            await child.wait()
