"""One unified account at Bybit that orders are sent to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from hedging.model import venue_profile
from hedging.model.instrument import Instrument, Kind
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import DeadMan
from hedging.venues import bybit, bybit_orders
from hedging.venues.bybit_session import POSITIONS, BybitSession
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.limit_order import TimeInForce
from hedging.venues.order_routes import OrderRoutes, Place
from hedging.venues.payload import Raw
from hedging.venues.reading import milliseconds
from hedging.venues.wire import as_object

ORDERS_PER_PAGE = 50
TRADES_PER_PAGE = 100
LONGEST_SPAN = timedelta(days=7)
FORWARD = timedelta(minutes=1)  # beyond our clock, so that a trade a second ahead of it is not left out
CATEGORIES = ("linear", "inverse", "option")
OPEN, RECENT = "0", "1"  # Bybit's openOnly: what works now, and what has just ended


class BybitOrderSession(OrderRoutes, BybitSession):
    """Limit orders in one-way mode; the fence is the timestamp and window a request is signed with."""

    profile = venue_profile.BYBIT
    private_stream_open = False  # to be set by who holds one with the topic "dcp"

    def _sending(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> Callable[[], OrderReport]:
        request = bybit_orders.order_request(order, instrument, self._clock(), time_in_force)

        def send() -> OrderReport:
            with self._signed_at(request.timestamp_ms, request.receive_window_ms):
                answered = self._client.privatePostV5OrderCreate(request.parameters())
            return bybit_orders.acknowledged(as_object(answered), order)

        return send

    @contextmanager
    def _signed_at(self, timestamp_ms: int, window_ms: int) -> Iterator[None]:
        """Timestamp and window of the one request made meanwhile: the library asks for both here."""
        client = self._client
        usual = client.options["recvWindow"]
        client.options["recvWindow"] = window_ms
        client.nonce = lambda: timestamp_ms
        try:
            yield
        finally:
            del client.nonce
            client.options["recvWindow"] = usual

    def _cancelling(self, order: Order, instrument: Instrument) -> Callable[[], None]:
        named = {"orderId": order.venue_id} if order.venue_id else {"orderLinkId": order.client_id}

        def send() -> None:
            body = {**_about(instrument), **named}
            bybit.accepted(as_object(self._client.privatePostV5OrderCancel(body)))

        return send

    def _places(self, order: Order, instrument: Instrument) -> Sequence[Place]:
        question = {**_about(instrument), "orderLinkId": order.client_id}
        realtime, history = self._client.privateGetV5OrderRealtime, self._client.privateGetV5OrderHistory
        return [
            partial(_listed, realtime, {**question, "openOnly": OPEN}),
            partial(_listed, realtime, {**question, "openOnly": RECENT}),
            partial(_listed, history, question),
        ]

    def _report(self, raw: Raw) -> OrderReport:
        return bybit_orders.order_report(raw)

    def _open(self) -> Iterable[Raw]:
        for question in POSITIONS:
            asked = {**question, "openOnly": OPEN}
            yield from self._pages("privateGetV5OrderRealtime", asked, ORDERS_PER_PAGE)

    def _trades(self, since: datetime) -> Iterable[Fill]:
        end = self._clock() + FORWARD
        while since < end:
            until = min(end, since + LONGEST_SPAN)
            span = {"startTime": str(milliseconds(since)), "endTime": str(milliseconds(until))}
            for category in CATEGORIES:
                yield from self._executions({"category": category, **span})
            since = until

    def _trades_of(self, venue_order_id: str, instrument: Instrument) -> Iterable[Fill]:
        return self._executions({**_about(instrument), "orderId": venue_order_id})

    def _executions(self, question: dict[str, str]) -> Iterator[Fill]:
        for raw in self._pages("privateGetV5ExecutionList", question, TRADES_PER_PAGE):
            if bybit_orders.is_trade(raw):
                try:
                    yield bybit_orders.fill(raw, self.address.name, self.instruments)
                except UnknownInstrument as unknown:
                    self.reload_once(unknown.name)
                    yield bybit_orders.fill(raw, self.address.name, self.instruments)

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:
        """Set how long Bybit waits for a lost private stream, 3 to 300 s, before it cancels what rests.

        NONE, and nothing is set, where no such stream is open: Bybit counts from its loss alone. It cancels
        every order of the product, others' too, and only where Bybit switched the protection on for the
        account. One request for each product of ``names``. Raises BadInput, VenueRejected, VenueUnclear.
        """
        window = bybit_orders.silence_window(seconds)
        if not self.private_stream_open:
            return DeadMan.NONE
        kinds = {self._loaded(name).kind is Kind.OPTION for name in names}
        for option in sorted(kinds):
            body: dict[str, str | int] = {
                "product": "OPTIONS" if option else "DERIVATIVES",
                "timeWindow": window,
            }
            self._wire.write("setting the window of silence", partial(self._set_window, body))
        return self.profile.dead_man

    def _set_window(self, body: dict[str, str | int]) -> None:
        bybit.accepted(as_object(self._client.privatePostV5OrderDisconnectedCancelAll(body)))


def _listed(ask: Callable[[dict[str, str]], object], question: dict[str, str]) -> Sequence[Raw]:
    """Orders under one id: the first page holds them all."""
    return bybit.answer(as_object(ask(question)))[0]


def _about(instrument: Instrument) -> dict[str, str]:
    return {"category": bybit_orders.category(instrument), "symbol": instrument.name}
