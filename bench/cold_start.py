"""How long from ``streamlit run app.py`` to live exposure on the screen, and how much memory is it all?

Each run starts the app (which starts the paper exchange and the engine), goes to its first page in a headless
Chromium that already runs, as a person's browser does, and waits for the BTC delta with its number. The disk
is warm: the first run is not counted. Memory is the sum of PSS (each shared page counted once) of the app
and all its children, after some seconds of live data; RSS beside it. The browser is not in it.

One JSON line for the runs together. Run: ``PYTHONPATH=. python bench/cold_start.py [--runs 5]``.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Error, async_playwright

from bench.passages import machine
from hedging.clock import monotonic_ns

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
LIVE = '[data-testid="delta-BTC"][data-value]'
GIVE_UP_SECONDS = 60.0
PARTS = {"app.py": "app", " demo": "demo's parent", " paper": "exchange", " engine": "engine"}


@dataclass(frozen=True)
class Run:
    """Seconds from the start: the server answers, the page has loaded, the figure is there; MB by process."""

    answers: float
    loaded: float
    live: float
    pss: dict[str, float]
    rss: float


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def app(port: int) -> AsyncIterator[Process]:
    """The app as a person starts it, ended as with Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(port)),
        cwd=ROOT,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


async def answers(port: int) -> None:
    """Wait until the server takes a connection."""
    for _ in range(int(GIVE_UP_SECONDS / 0.02)):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise SystemExit("the app did not answer")


async def measure(browser: Browser, settle_seconds: float) -> Run:
    """One start."""
    port = free_port()
    page = await (await browser.new_context()).new_page()
    began = monotonic_ns()

    def since() -> float:
        return (monotonic_ns() - began) / 1e9

    async with app(port) as process:
        await answers(port)
        answered = since()
        await page.goto(f"http://127.0.0.1:{port}/", timeout=GIVE_UP_SECONDS * 1000)
        loaded = since()
        try:
            await page.wait_for_selector(LIVE, timeout=GIVE_UP_SECONDS * 1000)
        except Error as error:
            raise SystemExit(f"no live figure: {error}; {await page.inner_text('body')}") from error
        live = since()
        await asyncio.sleep(settle_seconds)
        pss, rss = memory(process.pid)
        await page.context.close()
    return Run(answered, loaded, live, pss, rss)


def memory(root: int) -> tuple[dict[str, float], float]:
    """MB of PSS by process, and of RSS together, of a process and all below it."""
    pss: dict[str, float] = {}
    rss = 0.0
    for pid in tree(root):
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        )
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        name = next((name for mark, name in PARTS.items() if mark in command), "other")
        pss[name] = pss.get(name, 0.0) + int(fields["Pss"].split()[0]) / 1024
        rss += int(fields["Rss"].split()[0]) / 1024
    return pss, rss


def tree(root: int) -> list[int]:
    """A process and everything it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


async def run(runs: int, settle_seconds: float) -> None:
    """Measure and print."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        await measure(browser, 0.0)
        found = [await measure(browser, settle_seconds) for _ in range(runs)]
        await browser.close()
    live = [one.live for one in found]
    total = [sum(one.pss.values()) for one in found]
    print(
        json.dumps(
            {
                "bench": "cold_start",
                "runs": runs,
                "seconds_to_live_median": round(float(np.median(live)), 2),
                "seconds_to_live_max": round(max(live), 2),
                "server_answers_s": round(float(np.median([one.answers for one in found])), 2),
                "page_loaded_s": round(float(np.median([one.loaded for one in found])), 2),
                "pss_mb_median": round(float(np.median(total)), 1),
                "pss_mb": {name: round(mb, 1) for name, mb in found[-1].pss.items()},
                "rss_mb_median": round(float(np.median([one.rss for one in found])), 1),
                **machine(),
            }
        )
    )


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--settle", type=float, default=15.0, help="seconds of live data before memory is read"
    )
    given = parser.parse_args()
    asyncio.run(run(given.runs, given.settle))


if __name__ == "__main__":
    main()
