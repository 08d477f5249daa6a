"""The demo as a child of the app: started once, read for its one line, ended with us."""

import asyncio
import sys
from collections import deque
from pathlib import Path

import msgspec

from hedging.desk import DOORWAY, Desk, Phase, Standing
from hedging.errors import LedgerError

COMMAND = (sys.executable, "-m", "hedging", "demo")
ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 5.0
LAST_LINES = 3


class Control(msgspec.Struct):
    """Where the paper exchange takes shocks and faults."""

    url: str
    token: str


class Ready(msgspec.Struct):
    """The child's one line once its engine holds the lease."""

    event: str
    state: str
    control: Control
    mode: str = "paper"


async def keep_demo() -> None:
    """Run the demo until cancelled; its standard input is a pipe, so it ends when we do, however we do."""
    DOORWAY.set(Standing(note="the paper exchange and the engine come up"))
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    said: deque[str] = deque(maxlen=LAST_LINES)
    listening = asyncio.create_task(_listen(process.stderr, said))
    try:
        await _follow(process, said)
    finally:
        listening.cancel()
        await _stop(process)


async def _listen(stream: asyncio.StreamReader | None, said: deque[str]) -> None:
    """Pass the child's errors on and keep the last lines for the screen."""
    while stream is not None and (line := await stream.readline()):
        text = line.decode(errors="replace").rstrip()
        said.append(text)
        sys.stderr.write(text + "\n")


async def _follow(process: asyncio.subprocess.Process, said: deque[str]) -> None:
    """Wait for the line, attach, then watch for the end."""
    if process.stdout is None:
        return
    while line := await process.stdout.readline():
        ready = _ready(line)
        if ready is not None:
            await _attach(ready)
    code = await process.wait()
    last = said[-1] if said else "no word of why"
    desk = DOORWAY.standing.desk
    DOORWAY.set(Standing(phase=Phase.FAILED, note=f"the demo ended (code {code}): {last}", desk=desk))


def _ready(line: bytes) -> Ready | None:
    try:
        ready = msgspec.json.decode(line, type=Ready)
    except msgspec.DecodeError:
        return None
    return ready if ready.event == "ready" else None


async def _attach(ready: Ready) -> None:
    try:
        desk = await asyncio.to_thread(Desk.open, ROOT / ready.state, has_demo=True)
    except LedgerError as error:
        DOORWAY.set(Standing(phase=Phase.FAILED, note=f"the ledger cannot be opened: {error}"))
        return
    DOORWAY.set(
        Standing(
            phase=Phase.RUNNING,
            note="running",
            desk=desk,
            control_url=ready.control.url,
            control_token=ready.control.token,
        )
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close the pipe, wait, and only then use force."""
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.terminate()
        await process.wait()
