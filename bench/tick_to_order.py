"""How long from the exchange's tick to our order's first byte at the exchange?

The paper exchange runs in this process, the engine in its own, in automatic mode; shocks of the BTC price,
one at a time and never in step with the exchange's own clock, each push the delta out of its band. The time
runs from the first frame with a price from after the shock, of any BTC instrument held or hedged with, being
handed to the engine's websocket, to the first byte of the order request. The peers do the same job on the
same exchange, with a listener in the engine's place, so that the exchange is loaded alike and its tick has
an instant; where a poll saw the price before the tick went out, there is no time to tell and the shock is
left out of ``n``.

One JSON line a row: milliseconds, and for a peer how many times slower its median is than ours.
Run: ``PYTHONPATH=. python bench/tick_to_order.py [--ticks 100] [--instruments 500] [--move 0.003]``.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np

from bench.passages import Passage, Watcher, machine, watched
from hedging.clock import monotonic_ns, now_ns, utc_now
from hedging.ledger import Ledger
from hedging.model.trading import Command, CommandKind, Order, Role, Ticket
from hedging.paper.demo_account import DEMO_ACCOUNT
from hedging.paper.server import PaperOptions, PaperServer
from hedging.workflow.ticket import OPEN

ROOT = Path(__file__).resolve().parent.parent
MOVE = 0.003  # of the price, down and up in turn: about half a bitcoin of delta for the demo's book
BAND = 0.15
PAUSE = (1.35, 1.9)  # seconds between shocks; the engine's own message budget allows 48 orders a minute
GIVE_UP_SECONDS = 12.0

CONFIG = """book = "bench"
state = {state}
watch = {watch}

[[accounts]]
name = "paper"
venue = "deribit"
mode = "paper"
rest = {rest}
ws = {ws}

[underlyings.BTC]
account = "paper"
hedge = "BTC-PERPETUAL"
max_order_coin = 50.0
band = {{ lower = -{band}, upper = {band}, target = "centre" }}
[underlyings.BTC.limits]
delta = {{ soft = 100.0, hard = 200.0 }}
hedge_position = {{ soft = 200.0, hard = 400.0 }}

[execution]
clip_usd = 1900000
daily_orders = 10000

[auto]
max_orders = 100000
max_turnover_usd = 1e11
shadow_minutes = 0
repeats_10_minutes = 1000
repeats_hour = 1000
sign_flips = 1000
"""


@dataclass(frozen=True)
class Scene:
    """The exchange, what watches it, the instruments to subscribe, and how far a shock moves the price."""

    server: PaperServer
    watcher: Watcher
    names: tuple[str, ...]
    move: float

    @property
    def rest(self) -> str:
        """Address for REST."""
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def ws(self) -> str:
        """Address for websockets."""
        return f"ws://127.0.0.1:{self.server.port}/ws/api/v2"

    @property
    def environment(self) -> dict[str, str]:
        """A child's environment, with the demo's trading key."""
        key = next(key for key in self.server.keys.keys if key.name == "trader")
        known = {"HEDGING_KEY": key.key, "HEDGING_SECRET": key.secret, "PYTHONPATH": str(ROOT)}
        return {**os.environ, **known}


@asynccontextmanager
async def child(scene: Scene, arguments: list[str]) -> AsyncIterator[Process]:
    """A Python process that ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT, env=scene.environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def met(condition: Callable[[], bool], pause: float) -> None:
    """Wait for a condition that no event announces, but not for ever."""
    for _ in range(int(GIVE_UP_SECONDS / pause)):
        if condition():
            return
        await asyncio.sleep(pause)


async def shocks(scene: Scene, count: int, ready: Callable[[], bool]) -> list[Passage]:
    """Shock, wait for the order, let things settle, again; passages without an order are left out."""
    rng = random.Random(20261122)
    passages: list[Passage] = []
    lost = 0
    while len(passages) < count and lost < 10 + count // 5:
        await met(ready, 0.1)
        await asyncio.sleep(rng.uniform(*PAUSE))
        down = (len(passages) + lost) % 2 == 0
        passage = scene.watcher.shock("BTC", -scene.move if down else 1 / (1 - scene.move) - 1)
        await met(partial(bool, passage), 0.05)
        if 0 < passage.first_tick_ns <= passage.order_ns:
            passages.append(passage)
        else:
            lost += 1
    return passages


async def ours(scene: Scene, count: int) -> tuple[list[Passage], list[dict[str, float]]]:
    """Passages of the engine, and where the time of each went."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir(mode=0o700)
        config = Path(folder) / "hedging.toml"
        config.write_text(
            CONFIG.format(
                state=json.dumps(str(state)),
                watch=json.dumps(list(scene.names)),
                rest=json.dumps(scene.rest),
                ws=json.dumps(scene.ws),
                band=BAND,
            )
        )
        async with child(
            scene, ["-m", "hedging", "engine", "--config", str(config), "--until-stdin-closes"]
        ) as engine:
            if engine.stdout is None or not await engine.stdout.readline():
                raise SystemExit("the engine did not start; its message is above")
            ledger = Ledger.open(state)
            await asyncio.sleep(3)
            arm = Command(
                key=uuid4().hex, at=utc_now(), user="bench", role=Role.TRADER, kind=CommandKind.AUTO_ARM,
                minutes=60, max_orders=100_000, max_turnover_usd=1e11,
            )  # fmt: skip
            ledger.append_command(arm)
            await asyncio.sleep(8)
            offset = now_ns() - monotonic_ns()
            passages = await shocks(scene, count, lambda: not ledger.tickets(OPEN))
            parts = split(passages, ledger.tickets(limit=10_000), ledger.orders(limit=10_000), offset)
            ledger.close()
    return passages, parts


def split(
    passages: list[Passage], tickets: tuple[Ticket, ...], orders: tuple[Order, ...], offset_ns: int
) -> list[dict[str, float]]:
    """Milliseconds of each stage, from the times the engine wrote down itself."""
    started = {ticket.id: _monotonic(ticket.created_at, offset_ns) for ticket in tickets}
    parts = []
    for passage in passages:
        before = [order for order in orders if _monotonic(order.created_at, offset_ns) < passage.order_ns]
        if not before:
            continue
        order = max(before, key=lambda order: order.created_at)
        decided, judged = started[order.ticket_id], _monotonic(order.created_at, offset_ns)
        if judged < passage.first_tick_ns:
            continue
        parts.append(
            {
                "tick_to_cycle": (decided - passage.first_tick_ns) / 1e6,
                "cycle_to_gates": (judged - decided) / 1e6,
                "gates_to_wire": (passage.order_ns - judged) / 1e6,
                "exchange_publishing": (passage.last_tick_ns - passage.first_tick_ns) / 1e6,
            }
        )
    return parts


def _monotonic(at: datetime, offset_ns: int) -> int:
    return int(at.timestamp() * 1e9) - offset_ns


async def peer(scene: Scene, count: int, extra: list[str]) -> list[Passage]:
    """Passages of the polling hedger, a listener standing in for the engine's subscriptions."""
    listener = ["-m", "bench.listener", "--url", scene.ws]
    hedger = ["-m", "bench.polling_hedger", "--rest", scene.rest, "--band", str(BAND), *extra]
    async with child(scene, listener) as listening, child(scene, hedger):
        if listening.stdin is None:
            raise SystemExit("the listener has no input")
        listening.stdin.write(json.dumps(scene.names).encode() + b"\n")
        await asyncio.sleep(8)
        return await shocks(scene, count, lambda: True)


def row(name: str, passages: list[Passage], ours_median: float | None) -> dict[str, object]:
    """One row: milliseconds from tick to order."""
    times = np.array([(one.order_ns - one.first_tick_ns) / 1e6 for one in passages])
    if not times.size:
        return {"bench": "tick_to_order", "row": name, "n": 0}
    median, p95, p99 = (round(float(np.percentile(times, q)), 1) for q in (50, 95, 99))
    shown: dict[str, object] = {
        "bench": "tick_to_order", "row": name, "n": len(passages),
        "ms_median": median, "ms_p95": p95, "ms_p99": p99, "ms_max": round(float(times.max()), 1),
    }  # fmt: skip
    if ours_median is not None:
        shown["times_slower_than_ours"] = round(median / ours_median, 1)
    return shown


def stages(parts: list[dict[str, float]]) -> dict[str, object]:
    """Median and p99 of each stage."""
    names = parts[0] if parts else {}
    return {
        name: [round(float(np.percentile([part[name] for part in parts], q)), 1) for q in (50, 99)]
        for name in names
    }


async def run(ticks: int, peer_ticks: int, instruments: int, move: float = MOVE) -> None:
    """Measure and print every row."""
    server = PaperServer(PaperOptions(seed=7))
    await server.start()
    account = server.exchange.accounts[DEMO_ACCOUNT]
    held = [position.listing.name for position in account.held()]
    others = [name for name in server.exchange.market.listings if name not in held]
    names = tuple((held + others)[:instruments])
    needed = frozenset(name for name in held if name.startswith("BTC"))
    with watched(server, needed) as watcher:
        scene = Scene(server, watcher, names, move)
        passages, parts = await ours(scene, ticks)
        shown = row("engine", passages, None)
        more = {"instruments": len(names), "move": move, "stages_ms_median_p99": stages(parts)}
        print(json.dumps({**shown, **more, **machine()}), flush=True)
        median = float(str(shown.get("ms_median", 1.0)))
        peers = {"polling loop, library's pace": [], "polling loop, no pause": ["--unpaced"]}
        for name, extra in peers.items() if peer_ticks else ():
            compared = row(name, await peer(scene, peer_ticks, extra), median)
            print(json.dumps({**compared, **machine()}), flush=True)
    await server.stop()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--peer-ticks", type=int, default=30)
    parser.add_argument("--instruments", type=int, default=500)
    parser.add_argument("--move", type=float, default=MOVE, help="of the price, down and up in turn")
    given = parser.parse_args()
    asyncio.run(run(given.ticks, given.peer_ticks, given.instruments, given.move))


if __name__ == "__main__":
    main()
