"""Carries out what the core wants of a venue; every request is answered by exactly one event.

An error is never an answer: what the venue said no to, what may have left, and what nobody answered are
three different events, and a mistake of ours in a session counts as the least certain of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hedging.core import events as happened
from hedging.core.effects import Cancel, KeepAlive, LookUp, Query, Submit
from hedging.core.events import Event
from hedging.core.queries import QueryKind
from hedging.engine.guard import Guard, HeldBack
from hedging.errors import BadInput, VenueError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Lifetime, OrderReport
from hedging.model.venue_profile import DeadMan
from hedging.venues.limit_order import TimeInForce
from hedging.venues.order_session import OrderSession
from hedging.venues.reading_session import ReadingSession

Request = Submit | Cancel | LookUp | Query | KeepAlive
IN_FORCE = {
    Lifetime.IMMEDIATE: TimeInForce.IMMEDIATE_OR_CANCEL,
    Lifetime.RESTING: TimeInForce.GOOD_TIL_CANCELLED,
}


@dataclass(slots=True)
class Sessions:
    """REST sessions of one account: orders have one of their own, so that no read stands in their way."""

    orders: OrderSession
    reads: OrderSession

    def close(self) -> None:
        """End both."""
        self.orders.close()
        self.reads.close()


@dataclass(frozen=True, slots=True)
class Places:
    """Where requests go: accounts that trade, accounts that are only read, and instruments by key.

    ``hedges``: the venue's names of what is hedged with, by account.
    """

    trading: Mapping[str, Sessions]
    readers: Mapping[str, ReadingSession]
    instruments: Mapping[str, Instrument]
    hedges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every account: those that may trade, then those that are only read."""
        return (*self.trading, *self.readers)

    def reads(self, account: str) -> ReadingSession:
        """The session that reads an account."""
        return self.trading[account].reads if account in self.trading else self.readers[account]


class VenueCalls:
    """Asks, and tells what came back; ``latest_trouble`` is what did not, in words."""

    def __init__(self, places: Places, guard: Guard, now: Callable[[], datetime]) -> None:
        self.latest_trouble = ""
        self._places = places
        self._guard = guard
        self._now = now

    async def answer(self, request: Request) -> Event | None:
        """Carry one request out. None only where a venue's switch could not be refreshed."""
        match request:
            case Submit():
                return await self._submitted(request)
            case Cancel():
                return await self._told(self._cancelled(request), self._cancel_failed(request))
            case LookUp():
                return await self._told(self._looked_up(request), self._look_up_failed(request))
            case Query():
                return await self._told(self._queried(request), self._query_failed(request))
            case KeepAlive():
                return await self._told(self._kept_alive(request), lambda _: None)

    async def _told(
        self, asked: Awaitable[Event | None], failed: Callable[[Exception], Event | None]
    ) -> Event | None:
        try:
            return await asked
        except Exception as error:  # noqa: BLE001  whatever it is, the core waits for a word
            self.latest_trouble = str(error) or type(error).__name__
            return failed(error)

    async def _submitted(self, request: Submit) -> Event:
        order = request.order

        async def sent() -> Event:
            instrument = self._places.instruments[order.instrument_key]
            session = self._places.trading[order.account].orders

            def guarded() -> tuple[OrderReport, tuple[Fill, ...]]:
                self._guard.require(request)
                return session.submit(order, instrument, IN_FORCE[order.lifetime])

            return happened.Answered(order.client_id, *await session.run(guarded))

        def failed(error: Exception) -> Event:
            words = str(error) or type(error).__name__
            if isinstance(error, HeldBack | BadInput):
                return happened.NotSent(order.client_id, words)
            if isinstance(error, VenueRejected):
                return happened.Refused(order.client_id, words)
            return happened.Unclear(order.client_id, words)

        found = await self._told(sent(), failed)
        return found if found is not None else happened.Unclear(order.client_id, "no answer")

    async def _cancelled(self, request: Cancel) -> Event:
        session = self._places.trading[request.order.account].orders
        report = await session.run(session.cancel, request.order)
        return happened.Cancelled(request.order.client_id, report)

    def _cancel_failed(self, request: Cancel) -> Callable[[Exception], Event]:
        return lambda error: happened.CancelFailed(request.order.client_id, str(error))

    async def _looked_up(self, request: LookUp) -> Event:
        order = request.order
        session = self._places.trading[order.account].reads
        asked_at = self._now()
        report = await session.run(session.find, order)
        if report is None:
            return happened.Missing(order.client_id, asked_at)
        fills = await session.run(session.fills_of, report.venue_id, order.instrument)
        return happened.Found(order.client_id, report, fills)

    def _look_up_failed(self, request: LookUp) -> Callable[[Exception], Event]:
        def failed(error: Exception) -> Event:
            known = isinstance(error, VenueError | BadInput)
            hopeless = known and not isinstance(error, VenueUnreachable | VenueUnclear)
            return happened.LookUpFailed(request.order.client_id, str(error), hopeless)

        return failed

    async def _queried(self, request: Query) -> Event:
        ask = {
            QueryKind.POSITIONS: self._positions,
            QueryKind.BALANCES: self._balances,
            QueryKind.FILLS: self._fills,
            QueryKind.OPEN_ORDERS: self._open_orders,
            QueryKind.CLOCK: self._clock,
        }[request.kind]
        return await ask(request)

    def _query_failed(self, request: Query) -> Callable[[Exception], Event]:
        return lambda error: happened.QueryFailed(request.account, request.kind, str(error))

    async def _positions(self, request: Query) -> Event:
        session, asked_at = self._places.reads(request.account), self._now()
        positions = await session.run(session.positions)
        return happened.PositionsRead(
            account=request.account, positions=positions, asked_at=asked_at, gaps=session.gaps
        )

    async def _balances(self, request: Query) -> Event:
        session, asked_at = self._places.reads(request.account), self._now()
        funds = await session.run(session.funds)
        return happened.BalancesRead(
            account=request.account, balances=funds.balances, asked_at=asked_at, holdings=funds.holdings
        )

    async def _fills(self, request: Query) -> Event:
        session, asked_at = self._places.trading[request.account].reads, self._now()
        since = request.since or asked_at - timedelta(minutes=5)
        found: list[Fill] = []
        for currency in session.settlement_currencies:
            found += await session.run(session.fills, currency, since)
        return happened.FillsArrived(tuple(found), request.account, asked_at)

    async def _open_orders(self, request: Query) -> Event:
        session, asked_at = self._places.trading[request.account].reads, self._now()
        reports = await session.run(session.open_orders)
        return happened.OpenOrdersRead(account=request.account, reports=reports, asked_at=asked_at)

    async def _clock(self, request: Query) -> Event:
        session = self._places.trading[request.account].reads
        return happened.ClockRead(request.account, await session.run(session.server_time_offset))

    async def _kept_alive(self, request: KeepAlive) -> Event | None:
        session, asked_at = self._places.trading[request.account].reads, self._now()
        names = self._places.hedges.get(request.account, ())
        switch = await session.run(session.keep_alive, int(request.seconds), names)
        if switch is DeadMan.NONE:
            return None
        return happened.KeptAlive(request.account, asked_at + timedelta(seconds=request.seconds))
