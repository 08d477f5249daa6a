"""One account at OKX that orders are sent to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from hedging.errors import BadInput
from hedging.model import venue_profile
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import DeadMan
from hedging.venues import okx, okx_orders
from hedging.venues.limit_order import TimeInForce
from hedging.venues.okx_session import OkxSession
from hedging.venues.order_routes import OrderRoutes, Place
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import milliseconds
from hedging.venues.wire import as_object

PAGE = 100
MOST_PAGES = 100
RECENT = timedelta(days=2)  # OKX's short list of trades goes back three days
KINDS = ("SWAP", "FUTURES", "OPTION")


class OkxOrderSession(OrderRoutes, OkxSession):
    """Limit orders in net mode on cross margin; the fence goes along as a header."""

    profile = venue_profile.OKX

    def _sending(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> Callable[[], OrderReport]:
        request = okx_orders.order_request(order, instrument, time_in_force)

        def send() -> OrderReport:
            with self._headers(request.headers()):
                answered = self._client.privatePostTradeOrder(request.parameters())
            return okx_orders.acknowledged(as_object(answered), order)

        return send

    @contextmanager
    def _headers(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Headers of the one request made meanwhile: the library adds its own to what stands here."""
        self._client.headers = dict(headers)
        try:
            yield
        finally:
            self._client.headers = {}

    def _cancelling(self, order: Order, instrument: Instrument) -> Callable[[], None]:
        named = {"ordId": order.venue_id} if order.venue_id else okx_orders.named(order)

        def send() -> None:
            answered = self._client.privatePostTradeCancelOrder({"instId": instrument.name, **named})
            okx_orders.accepted(as_object(answered))

        return send

    def _places(self, order: Order, instrument: Instrument) -> Sequence[Place]:
        question = {"instId": instrument.name, **okx_orders.named(order)}
        return [lambda: okx.answer(as_object(self._client.privateGetTradeOrder(question)))]

    def _report(self, raw: Raw) -> OrderReport:
        return okx_orders.order_report(raw)

    def _open(self) -> Iterable[Raw]:
        return _pages(self._client.privateGetTradeOrdersPending, {}, "ordId")

    def _trades(self, since: datetime) -> Iterable[Fill]:
        begin = {"begin": str(milliseconds(since))}
        if self._clock() - since <= RECENT:
            return self._fills(_pages(self._client.privateGetTradeFills, begin, "billId"))
        older = self._client.privateGetTradeFillsHistory
        return (
            fill
            for kind in KINDS
            for fill in self._fills(_pages(older, {**begin, "instType": kind}, "billId"))
        )

    def _trades_of(self, venue_order_id: str, instrument: Instrument) -> Iterable[Fill]:
        question = {"ordId": venue_order_id, "instId": instrument.name}
        return self._fills(_pages(self._client.privateGetTradeFills, question, "billId"))

    def _fills(self, listed: Iterable[Raw]) -> Iterable[Fill]:
        return (okx_orders.fill(raw, self.address.name) for raw in listed)

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:  # noqa: ARG002  # by tag, not by name
        """Have OKX cancel every order that carries our tag after ``seconds`` of silence, 10 to 120.

        Raises BadInput, VenueRejected, VenueUnclear.
        """
        body = okx_orders.countdown(seconds)

        def send() -> None:
            okx_orders.counting(as_object(self._client.privatePostTradeCancelAllAfter(body)))

        self._wire.write("starting the countdown", send)
        return self.profile.dead_man


def _pages(ask: Callable[[Mapping[str, str]], object], question: Mapping[str, str], by: str) -> Iterator[Raw]:
    """Entries of every page, newest first. Raises BadInput where they do not end."""
    after: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = okx.answer(as_object(ask({**question, **after, "limit": str(PAGE)})))
        yield from page
        if len(page) < PAGE:
            return
        after = {"after": Payload(page[-1], "page").identifier(by)}
    raise BadInput(f"the pages of {question} do not end")
