"""One account at Binance that orders are sent to: three interfaces, each with its own paths."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hedging.errors import BadInput
from hedging.model import venue_profile
from hedging.model.instrument import Instrument, Kind
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import DeadMan
from hedging.venues import binance_orders
from hedging.venues.binance_orders import Interface
from hedging.venues.binance_session import BinanceSession
from hedging.venues.limit_order import TimeInForce
from hedging.venues.order_routes import OrderRoutes, Place
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import milliseconds
from hedging.venues.wire import Parameters, as_list, as_object

PAGE = 1000
LONGEST_SPAN = timedelta(days=7)

Ask = Callable[[Parameters], object]


@dataclass(frozen=True, slots=True)
class Paths:
    """The library's methods of one interface."""

    create: Ask
    cancel: Ask
    order: Ask
    open: Ask
    trades: Ask
    countdown: Ask | None


class BinanceOrderSession(OrderRoutes, BinanceSession):
    """Limit orders in one-way mode; the fence is the timestamp and window a request is signed with."""

    profile = venue_profile.BINANCE

    def _paths(self, interface: Interface) -> Paths:
        client: Any = self._client
        if interface is Interface.LINEAR:
            return Paths(
                client.fapiPrivatePostOrder,
                client.fapiPrivateDeleteOrder,
                client.fapiPrivateGetOrder,
                client.fapiPrivateGetOpenOrders,
                client.fapiPrivateGetUserTrades,
                client.fapiPrivatePostCountdownCancelAll,
            )
        if interface is Interface.INVERSE:
            return Paths(
                client.dapiPrivatePostOrder,
                client.dapiPrivateDeleteOrder,
                client.dapiPrivateGetOrder,
                client.dapiPrivateGetOpenOrders,
                client.dapiPrivateGetUserTrades,
                client.dapiPrivatePostCountdownCancelAll,
            )
        if interface is not Interface.OPTION or not self._has_options:
            raise BadInput(f"no orders go to {interface.value} of Binance from {self.address.name}")
        return Paths(
            client.eapiPrivatePostOrder,
            client.eapiPrivateDeleteOrder,
            client.eapiPrivateGetOrder,
            client.eapiPrivateGetOpenOrders,
            client.eapiPrivateGetUserTrades,
            None,  # its countdown is for market makers, and then refuses new orders too
        )

    def _paths_of(self, instrument: Instrument) -> Paths:
        return self._paths(binance_orders.interface(instrument))

    def _sending(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> Callable[[], OrderReport]:
        request = binance_orders.order_request(order, instrument, self._clock(), time_in_force)
        create = self._paths_of(instrument).create
        return lambda: binance_orders.order_report(as_object(create(request.parameters())))

    def _cancelling(self, order: Order, instrument: Instrument) -> Callable[[], OrderReport]:
        parameters = {
            "symbol": instrument.name,
            **({"orderId": order.venue_id} if order.venue_id else binance_orders.named(order, instrument)),
        }
        cancel = self._paths_of(instrument).cancel
        return lambda: binance_orders.order_report(as_object(cancel(parameters)))

    def _places(self, order: Order, instrument: Instrument) -> Sequence[Place]:
        question = {"symbol": instrument.name, **binance_orders.named(order, instrument)}
        ask = self._paths_of(instrument).order
        return [lambda: [as_object(ask(question))]]

    def _report(self, raw: Raw) -> OrderReport:
        return binance_orders.order_report(raw)

    def _open(self) -> Iterable[Raw]:
        for interface in self._interfaces():
            yield from as_list(self._paths(interface).open({}))

    def _interfaces(self) -> tuple[Interface, ...]:
        futures = (Interface.LINEAR, Interface.INVERSE)
        return (*futures, Interface.OPTION) if self._has_options else futures

    def _trades(self, since: datetime) -> Iterable[Fill]:
        """Of futures symbol by symbol, of options all at once: that is how Binance lists them."""
        clients: dict[tuple[str, str], str] = {}
        for interface, income in (
            (Interface.LINEAR, self._client.fapiPrivateGetIncome),
            (Interface.INVERSE, self._client.dapiPrivateGetIncome),
        ):
            paths = self._paths(interface)
            for symbol in sorted(self._traded(income, since)):
                listed = self._since(paths.trades, {"symbol": symbol}, since)
                yield from self._fills(listed, paths, clients)
        if self._has_options:
            option = self._paths(Interface.OPTION)
            yield from self._fills(self._since(option.trades, {}, since), option, clients)

    def _traded(self, income: Ask, since: datetime) -> set[str]:
        """Symbols that something was paid or received for: Binance has no list of all trades."""
        paid = self._since(income, {}, since)
        return {symbol for raw in paid if (symbol := Payload(raw, "income").optional_text("symbol"))}

    def _since(self, ask: Ask, question: Mapping[str, str], since: datetime) -> Iterator[Raw]:
        """Entries from ``since`` on, of windows that the exchange allows; those at a seam come twice."""
        start, now = milliseconds(since), milliseconds(self._clock())
        span = int(LONGEST_SPAN.total_seconds() * 1000)
        while True:
            page = as_list(ask({**question, "startTime": start, "limit": PAGE}))
            yield from page
            if len(page) >= PAGE:
                newest = max(milliseconds(Payload(raw, "entry").time("time")) for raw in page)
                if newest <= start:
                    raise BadInput(f"the entries of {dict(question)} do not end")
                start = newest
            elif start + span > now:
                return
            else:
                start += span

    def _trades_of(self, venue_order_id: str, instrument: Instrument) -> Iterable[Fill]:
        paths = self._paths_of(instrument)
        by_order: Parameters = {} if instrument.kind is Kind.OPTION else {"orderId": venue_order_id}
        listed = as_list(paths.trades({"symbol": instrument.name, "limit": PAGE, **by_order}))
        ours = [raw for raw in listed if str(raw.get("orderId")) == venue_order_id]
        return self._fills(ours, paths, {})

    def _fills(
        self, listed: Iterable[Raw], paths: Paths, clients: dict[tuple[str, str], str]
    ) -> Iterator[Fill]:
        """Trades with the client ids of their orders, which Binance's trades do not carry."""
        for raw in listed:
            fill = binance_orders.fill(raw, self.address.name)
            order = (fill.instrument, fill.venue_order_id)
            if order not in clients:
                clients[order] = self._client_id(paths, *order)
            yield replace(fill, client_id=clients[order])

    def _client_id(self, paths: Paths, symbol: str, venue_order_id: str) -> str:
        """Whose order a trade belongs to, empty where Binance does not know the order any more."""
        ask = partial(paths.order, {"symbol": symbol, "orderId": venue_order_id})
        found = self._wire.unless_not_found(ask)
        return "" if found is None else binance_orders.order_report(as_object(found)).client_id

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:
        """Have Binance cancel every order in the futures ``names`` after ``seconds`` of silence, 5 to 120.

        One request each; others' orders there end too. NONE where one of the names is an option: nothing
        guards those. Raises BadInput, VenueRejected, VenueUnclear.
        """
        bodies = [binance_orders.countdown(name, seconds) for name in names]
        paths = [self._paths_of(self._loaded(name)).countdown for name in names]
        for name, start, body in zip(names, paths, bodies, strict=True):
            if start is not None:
                what = f"starting the countdown of {name}"
                self._wire.write(what, partial(_count, start, body, name))
        return DeadMan.NONE if None in paths else self.profile.dead_man


def _count(start: Ask, body: Parameters, name: str) -> None:
    read = Payload(as_object(start(body)), "countdown")
    if read.text("symbol") != name or read.number("countdownTime") != body["countdownTime"]:
        raise BadInput(f"the answer is not the countdown of {name}")
