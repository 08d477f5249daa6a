"""The way of an order at OKX, Bybit and Binance: one request for each attempt, then look-ups.

What differs between them is in their own modules: what is asked, and how an answer is read.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from hedging.errors import BadInput, VenueError, VenueUnclear, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import VenueProfile
from hedging.venues.account_worker import AccountWorker
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.limit_order import TimeInForce
from hedging.venues.payload import Raw

Place = Callable[[], Iterable[Raw]]
Find = Callable[[Order], OrderReport | None]
ALL = ""  # instead of a currency, where one question brings the trades in all of them


class OrderRoutes(AccountWorker):
    """Writes of an account, and reads of its orders and trades."""

    profile: ClassVar[VenueProfile]

    @property
    def settlement_currencies(self) -> tuple[str, ...]:
        """One word for all of them: these exchanges do not list trades by currency."""
        return (ALL,)

    def submit(
        self,
        order: Order,
        instrument: Instrument,
        time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL,
    ) -> tuple[OrderReport, tuple[Fill, ...]]:
        """Send an order, once; one that may rest is post-only. No trades come with the answer.

        Raises BadInput before anything is sent; VenueRejected where the exchange proves that it accepted
        nothing; VenueUnclear for everything else, also where it knows the client id already.
        """
        with self._wire.alone():
            send = self._sending(order, instrument, time_in_force)
            report = self._wire.write(f"order {order.client_id}", lambda: _about(order, send()))
        return report, ()

    def cancel(self, order: Order) -> OrderReport | None:
        """Ask once to cancel one of our orders, by the exchange's id where known, else by ours.

        Returns its state afterwards, which may still be working; None where the exchange knows no such
        order. Raises VenueRejected, VenueUnclear, and VenueError as ``find`` does.
        """
        send = self._cancelling(order, self._instrument_of(order))

        def ask() -> OrderReport | None:
            report = self._wire.unless_not_open(send)
            return None if report is None else _about(order, report)

        report = self._wire.write(f"cancelling {order.client_id}", ask)
        return state_after_cancel(self.find, order) if report is None else report

    def find(self, order: Order) -> OrderReport | None:
        """The order under our client id; None where no place it could be in knows it.

        Raises VenueUnreachable, also for an answer about something else; VenueError where several orders
        carry the id; UnknownInstrument where its instrument has not been loaded.
        """
        what = f"finding {order.client_id}"
        for place in self._places(order, self._instrument_of(order)):
            found = the_one(self._wire.read(what, partial(self._reports, order, place)), what)
            if found is not None:
                return found
        return None

    def _reports(self, order: Order, place: Place) -> tuple[OrderReport, ...]:
        listed = self._wire.unless_not_found(lambda: tuple(place()))
        return tuple(_about(order, self._report(raw)) for raw in listed or ())

    def open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order of the account, ours and others'. Raises VenueUnreachable."""

        def ask() -> tuple[OrderReport, ...]:
            return tuple(self._report(raw) for raw in self._open())

        return self._wire.read("reading the open orders", ask)

    def fills(self, currency: str, since: datetime) -> tuple[Fill, ...]:
        """Our trades in derivatives that settle in ``currency``, or in any, from ``since`` on, oldest first.

        One in an instrument that is not listed is in each answer: it must not be overlooked. Raises
        VenueUnreachable.
        """
        found = self._wire.read("reading the trades", lambda: _once(self._trades(since)))
        return tuple(one for one in found if one.at >= since and self._settles(one.instrument, currency))

    def fills_of(self, venue_order_id: str, instrument: str) -> tuple[Fill, ...]:
        """Our trades of one order, by the exchange's id of it. Raises VenueUnreachable, UnknownInstrument."""
        known = self._loaded(instrument)
        what = f"reading the trades of {venue_order_id}"
        found = self._wire.read(what, lambda: _once(self._trades_of(venue_order_id, known)))
        return tuple(one for one in found if one.venue_order_id == venue_order_id)

    def _settles(self, name: str, currency: str) -> bool:
        if currency == ALL:
            return True
        try:
            return self.reload_once(name).settlement_currency == currency
        except UnknownInstrument:
            return True

    def _instrument_of(self, order: Order) -> Instrument:
        return self._loaded(order.instrument)

    def _loaded(self, name: str) -> Instrument:
        known = self.instruments.get(name)
        if known is None:
            raise UnknownInstrument(name)
        return known

    @abstractmethod
    def _sending(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> Callable[[], OrderReport]:
        """The one request of an attempt, ready to be made now. Raises BadInput."""

    @abstractmethod
    def _cancelling(self, order: Order, instrument: Instrument) -> Callable[[], OrderReport | None]:
        """The one request that cancels; its answer may not say what became of the order."""

    @abstractmethod
    def _places(self, order: Order, instrument: Instrument) -> Sequence[Place]:
        """Where an order is looked up by our id, one after the other until it is found."""

    @abstractmethod
    def _report(self, raw: Raw) -> OrderReport:
        """One order as it was listed."""

    @abstractmethod
    def _open(self) -> Iterable[Raw]:
        """Every open order."""

    @abstractmethod
    def _trades(self, since: datetime) -> Iterable[Fill]:
        """Every trade from ``since`` on."""

    @abstractmethod
    def _trades_of(self, venue_order_id: str, instrument: Instrument) -> Iterable[Fill]:
        """Trades, at least those of one order."""


def the_one(reports: Sequence[OrderReport], what: str) -> OrderReport | None:
    """The newest report of one order, None of none. Raises VenueError for several orders under one id."""
    if len({report.venue_id for report in reports}) > 1:
        raise VenueError(f"{what}: {len(reports)} orders carry this id: a person has to look")
    return max(reports, key=lambda report: report.at, default=None)


def state_after_cancel(find: Find, order: Order) -> OrderReport | None:
    """What a look-up says once a cancel was answered. Raises VenueUnclear where it gets no answer."""
    try:
        return find(order)
    except VenueUnreachable as error:
        raise VenueUnclear(
            f"cancelling {order.client_id}: its state afterwards is not known: {error}"
        ) from error


def _about(order: Order, report: OrderReport) -> OrderReport:
    if (report.client_id, report.instrument) != (order.client_id, order.instrument):
        raise BadInput(f"the answer is about {report.client_id!r} in {report.instrument}")
    return report


def _once(fills: Iterable[Fill]) -> list[Fill]:
    """Each trade once, oldest first: pages overlap."""
    found = {one.trade_id: one for one in fills}
    return sorted(found.values(), key=lambda one: one.at)
