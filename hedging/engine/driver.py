"""Drives the pure core in the world: a step for each event, its commit first, then what it wants done."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from hedging.core.effects import Commit, Decided, Effect, Latch, Unlatch
from hedging.core.events import Event, Looked, Ticked
from hedging.core.state import State
from hedging.core.step import step
from hedging.engine.latches import Latches
from hedging.engine.recording import Recorder
from hedging.engine.venue_calls import Request
from hedging.model.trading import Decision


class Calls(Protocol):
    """Who carries requests to venues out."""

    async def answer(self, request: Request) -> Event | None:
        """The one event that answers a request."""
        ...


class Listener(Protocol):
    """Who hears of what happened, on the event loop; returns at once."""

    def decided(self, decision: Decision) -> None:
        """One decision of one cycle."""

    def moved(self, before: State, after: State) -> None:
        """A step was taken, and something may have to be decided anew."""


class Driver:
    """Holds the state of the engine; one thread (the event loop's) makes things happen.

    Requests run as tasks of ``group`` once there is one, so that the first failure of the ledger ends all.
    """

    def __init__(
        self,
        state: State,
        recorder: Recorder,
        latches: Latches,
        calls: Calls,
        now: Callable[[], datetime],
    ) -> None:
        self.state = state
        self.stepped = asyncio.Event()
        self.group: asyncio.TaskGroup | None = None
        self.listener: Listener | None = None
        self._recorder = recorder
        self._latches = latches
        self._calls = calls
        self._clock = now
        self._last = now()

    def now(self) -> datetime:
        """Our clock, which never goes back: one that was put back stands until it has caught up."""
        self._last = max(self._last, self._clock())
        return self._last

    def happen(self, event: Event) -> None:
        """Take one step. Raises LedgerError, and nothing has happened, where it cannot be made durable."""
        before = self.state
        after, effects = step(before, event, self.now())
        committed = bool(effects) and isinstance(effects[0], Commit)
        if effects and isinstance(effects[0], Commit):
            self._recorder.carry_out(effects[0])
        self.state = after
        for effect in effects[committed:]:
            self._do(effect)
        self.stepped.set()
        if self.listener is not None and (committed or not isinstance(event, Looked | Ticked)):
            self.listener.moved(before, after)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Latch():
                self._latches.trip(effect.why)
            case Unlatch():
                self._latches.clear()
            case Decided():
                if self.listener is not None:
                    self.listener.decided(effect.decision)
            case Commit():
                raise TypeError("a commit comes first, or not at all")
            case _:
                if self.group is not None:
                    self.group.create_task(self._ask(effect))

    async def _ask(self, request: Request) -> None:
        event = await self._calls.answer(request)
        if event is not None:
            self.happen(event)
