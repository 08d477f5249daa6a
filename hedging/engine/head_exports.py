"""Exports the ledger's signed head to its second place while the engine runs; a contradiction halts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hedging.engine.desk_state import DeskState
from hedging.engine.latches import set_kill_file
from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger.head_key import HeadKey, require_outside
from hedging.ledger.heads import export_head


@dataclass(frozen=True, slots=True)
class Heads:
    """Where heads go, what signs them, seconds from one to the next, and the engine's state folder."""

    place: Path
    key: HeadKey
    seconds: float
    state: Path


def heads_of(place: Path | None, key: Path | None, seconds: float, state: Path) -> Heads | None:
    """What to export and where; None where nothing is configured.

    Raises LedgerError where the key cannot be read, or either file lies in the state folder.
    """
    if place is None or key is None:
        return None
    for path in (place, key):
        require_outside(path, state)
    return Heads(place, HeadKey.load(key), seconds, state)


@asynccontextmanager
async def head_exports(desk: DeskState, heads: Heads | None) -> AsyncIterator[None]:
    """Export beside the loop, until the block ends."""
    task = asyncio.create_task(_export(desk, heads)) if heads is not None else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _export(desk: DeskState, heads: Heads) -> None:
    while True:
        try:
            await asyncio.to_thread(export_head, desk.recorder.ledger, heads.key, heads.place, desk.now())
        except LedgerTampered as error:
            set_kill_file(
                heads.state, "engine", f"the ledger contradicts its exported head: {error}", desk.now()
            )
            return
        except LedgerError as error:
            desk.latest_trouble = f"the head of the ledger was not exported: {error}"
        await asyncio.sleep(heads.seconds)
