"""One account at one exchange over REST: every read and every write, one request at a time.

The synchronous client on one worker thread: the asynchronous one re-sends a GET by itself when a connection
drops, and Deribit's orders are GETs. Reads raise VenueUnreachable and never return an empty list for a
failure; writes raise VenueRejected only when the exchange's answer proves that nothing was accepted.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from hedging.errors import BadInput, VenueRejected, VenueUnreachable
from hedging.model import venue_profile
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import DeadMan
from hedging.units import Side
from hedging.venues import deribit, deribit_orders
from hedging.venues.account_worker import AccountWorker, unlisted
from hedging.venues.limit_order import TimeInForce
from hedging.venues.order_routes import state_after_cancel, the_one
from hedging.venues.payload import Raw
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes, safe_scopes
from hedging.venues.translation import answer_in
from hedging.venues.wire import Parameters, as_list, as_object, result

PAGE = 1000  # trades per request, the exchange's largest
FORWARD = timedelta(days=1)  # beyond our clock, so that a trade a second ahead of it is not left out


class AccountSession(AccountWorker):
    """REST session of one account: reads and orders.

    A second session of the account may be handed the first one's ``instruments`` instead of loading them.
    """

    profile = venue_profile.DERIBIT

    def load(self, bases: tuple[str, ...] = ("BTC", "ETH")) -> Mapping[str, Instrument]:
        """Instruments by name; combinations are left out without being refused.

        Raises VenueUnreachable, also where one of ``bases`` has no instrument at all: the library drops what
        it does not understand without a word.
        """
        markets = self._wire.read(
            "loading the instruments",
            lambda: [as_object(m) for m in self._client.load_markets(reload=True).values()],
        )
        loaded, refused = _instruments(markets)
        for base in bases:
            if not any(known.underlying == base for known in loaded.values()):
                raise VenueUnreachable(
                    f"no usable instrument of {base} among {len(markets)} listed, {len(refused)} refused: "
                    f"{list(refused.values())[:3]}"
                )
        self.instruments, self.refused, self._bases = loaded, refused, bases
        return loaded

    def _server_time(self) -> datetime:
        return deribit.server_time(result(self._client.public_get_get_time()))

    def check_key(self) -> KeyScopes:
        """What the key may do.

        Raises UnsafeKeyError for a key that may withdraw, administer or says nothing; VenueRejected for one
        that the exchange does not accept; VenueUnreachable.
        """
        timestamp = str(int(self._clock().timestamp() * 1000))
        signed = f"{timestamp}\n{timestamp}\n".encode()
        credentials: Parameters = {
            "grant_type": "client_signature",
            "client_id": self.address.key,
            "timestamp": timestamp,
            "nonce": timestamp,
            "data": "",
            "signature": hmac.new(self.address.secret.encode(), signed, hashlib.sha256).hexdigest(),
        }

        def ask() -> str:
            scope = as_object(result(self._client.public_get_auth(credentials))).get("scope")
            return scope if isinstance(scope, str) else ""

        try:
            scope = self._wire.read(f"checking the key of {self.address.name}", ask)
        except VenueUnreachable as error:
            if error.__cause__ is not None and answer_in(error.__cause__):
                raise VenueRejected(str(error)) from error
            raise
        return safe_scopes(scope)

    def submit(
        self,
        order: Order,
        instrument: Instrument,
        time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL,
    ) -> tuple[OrderReport, tuple[Fill, ...]]:
        """Send an order, once, with its client id as label; returns what became of it at once.

        One that may rest is post-only. Raises BadInput before anything is sent; VenueRejected where the
        exchange proves that it accepted nothing; VenueUnclear for everything else.
        """
        request = deribit_orders.order_request(order, instrument, time_in_force)
        method = self._client.private_get_buy if order.side is Side.BUY else self._client.private_get_sell

        def send() -> tuple[OrderReport, tuple[Fill, ...]]:
            answered = as_object(result(method(request.parameters())))
            report = deribit_orders.order_report(as_object(answered.get("order")))
            if (report.client_id, report.instrument) != (order.client_id, order.instrument):
                raise BadInput(f"the answer is about {report.client_id!r} in {report.instrument}")
            return report, self._fills(answered.get("trades"))

        return self._wire.write(f"order {order.client_id}", send)

    def cancel(self, order: Order) -> OrderReport | None:
        """Cancel one of our orders, by the exchange's id where known, else by its label.

        Returns its state afterwards, None where the exchange knows no such order. Raises VenueRejected
        where the exchange refused to cancel, VenueUnclear where it may have cancelled.
        """

        def send() -> OrderReport | None:
            if order.venue_id:
                answered = result(self._client.private_get_cancel({"order_id": order.venue_id}))
                return deribit_orders.order_report(as_object(answered))
            result(self._client.private_get_cancel_by_label(self._by_label(order)))
            return None

        report = self._wire.write(f"cancelling {order.client_id}", lambda: self._wire.unless_not_open(send))
        return state_after_cancel(self.find, order) if report is None else report

    def find(self, order: Order) -> OrderReport | None:
        """The order that carries our label; None where the exchange was asked twice and knows none.

        Raises VenueUnreachable; VenueError where several orders carry the label: a person has to look;
        UnknownInstrument where its instrument has not been loaded.
        """
        what, by_label = f"finding {order.client_id}", self._by_label(order)
        for method in (
            self._client.private_get_get_order_state_by_label,
            self._client.private_get_get_open_orders_by_label,
        ):
            listed = self._labelled(what, method, by_label)
            found = the_one([one for one in listed if one.client_id == order.client_id], what)
            if found is not None:
                return found
        return None

    def _labelled(
        self, what: str, method: Callable[[Parameters], object], by_label: Parameters
    ) -> tuple[OrderReport, ...]:
        def ask() -> tuple[OrderReport, ...]:
            listed = self._wire.unless_not_found(lambda: as_list(result(method(by_label))))
            return tuple(deribit_orders.order_report(raw) for raw in listed or ())

        return self._wire.read(what, ask)

    def _by_label(self, order: Order) -> Parameters:
        known = self.instruments.get(order.instrument)
        if known is None:
            raise deribit.UnknownInstrument(order.instrument)
        return {"currency": known.settlement_currency, "label": order.client_id}

    def open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order of the account, ours and others'."""

        def ask() -> tuple[OrderReport, ...]:
            listed = as_list(result(self._client.private_get_get_open_orders()))
            return tuple(deribit_orders.order_report(raw) for raw in listed)

        return self._wire.read("reading the open orders", ask)

    def fills(self, currency: str, since: datetime) -> tuple[Fill, ...]:
        """Our trades in instruments that settle in ``currency``, from ``since`` on, oldest first."""
        found: dict[str, Fill] = {}
        what = f"reading the trades in {currency}"
        start, end = since, self._clock() + FORWARD
        while True:
            page, more = self._wire.read(what, partial(self._trades, currency, start, end))
            fresh = [one for one in page if one.trade_id not in found]
            found |= {one.trade_id: one for one in fresh}
            if not more:
                return tuple(sorted(found.values(), key=lambda one: one.at))
            if not fresh:
                raise VenueUnreachable(f"{what}: the pages do not end")
            start = max(one.at for one in fresh)

    def _trades(self, currency: str, start: datetime, end: datetime) -> tuple[tuple[Fill, ...], bool]:
        parameters: Parameters = {
            "currency": currency,
            "start_timestamp": int(start.timestamp() * 1000),
            "end_timestamp": int(end.timestamp() * 1000),
            "count": PAGE,
            "sorting": "asc",
        }
        answered = as_object(
            result(self._client.private_get_get_user_trades_by_currency_and_time(parameters))
        )
        return self._fills(answered.get("trades")), answered.get("has_more") is True

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:  # noqa: ARG002  # nothing to set
        """NONE: cancel-on-disconnect covers the orders of a websocket, and ours go by REST."""
        return DeadMan.NONE

    def fills_of(self, venue_order_id: str, instrument: str = "") -> tuple[Fill, ...]:  # noqa: ARG002
        """Our trades of one order, by the exchange's id of it, which says the instrument too."""

        def ask() -> tuple[Fill, ...]:
            parameters: Parameters = {"order_id": venue_order_id, "sorting": "asc"}
            listed = result(self._client.private_get_get_user_trades_by_order(parameters))
            return self._fills(listed.get("trades") if isinstance(listed, Mapping) else listed)

        return self._wire.read(f"reading the trades of {venue_order_id}", ask)

    def _fills(self, listed: object) -> tuple[Fill, ...]:
        return tuple(deribit_orders.fill(raw, self.address.name) for raw in as_list(listed))

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat, in all currencies.

        One in an instrument that stays unknown after a reload is a gap of the whole book: nobody can say
        which delta it has. Raises VenueUnreachable, also where a single position cannot be read: an order
        may depend on it.
        """
        gaps: list[Gap] = []

        def ask() -> tuple[Position, ...]:
            listed = as_list(result(self._client.private_get_get_positions({"currency": "any"})))
            received_at = self._clock()
            read = [(raw, self._position(raw, received_at, gaps)) for raw in listed]
            for raw, position in read:
                if position is not None:
                    unified = partial(self._client.parse_position, raw)
                    gaps.extend(self._differences(position, unified, position.instrument.underlying))
            return tuple(position for _, position in read if position is not None)

        found = self._wire.read("reading the positions", ask)
        self._keep("positions", gaps)
        return found

    def _position(self, raw: Raw, received_at: datetime, gaps: list[Gap]) -> Position | None:
        try:
            return deribit.position(raw, self.address.name, self.instruments, received_at)
        except deribit.UnknownInstrument as unknown:
            try:
                self.reload_once(unknown.name)
            except deribit.UnknownInstrument:
                gaps.append(unlisted(self.address, unknown.name))
                return None
        return deribit.position(raw, self.address.name, self.instruments, received_at)

    def funds(self) -> Funds:
        """Every currency of the account: each has its own margin. Raises VenueUnreachable."""
        return Funds(self.balances())

    def balances(self) -> tuple[Balance, ...]:
        """Every currency of the account, also those with nothing in them."""

        def ask() -> tuple[Balance, ...]:
            answered = as_object(result(self._client.private_get_get_account_summaries({"extended": True})))
            received_at = self._clock()
            listed = as_list(answered.get("summaries"))
            return tuple(deribit.balance(raw, self.address.name, received_at) for raw in listed)

        return self._wire.read("reading the balances", ask)

    def ticker_groups(self, names: Sequence[str]) -> Sequence[Sequence[str]]:
        """One by one."""
        return [[name] for name in names]

    def tickers(self, names: Sequence[str]) -> tuple[Quote, ...]:
        """Present quotes of instruments, one request each. Raises VenueUnreachable."""
        return tuple(self.ticker(name) for name in names)

    def ticker(self, name: str) -> Quote:
        """Present quote of one instrument."""

        def ask() -> Quote:
            raw = as_object(result(self._client.public_get_ticker({"instrument_name": name})))
            return deribit.quote(raw, None, self._clock())

        return self._wire.read(f"reading the ticker of {name}", ask)


def _instruments(markets: list[Raw]) -> tuple[dict[str, Instrument], dict[str, str]]:
    """Usable instruments by name, and why the others are not."""
    loaded: dict[str, Instrument] = {}
    refused: dict[str, str] = {}
    for market in markets:
        symbol = str(market.get("symbol"))
        try:
            raw = as_object(market.get("info"))
            if not deribit.is_combination(raw):
                known = deribit.instrument(raw, symbol)
                loaded[known.name] = known
        except BadInput as error:
            refused[symbol] = str(error)
    return loaded, refused
