"""What the engine asks of an account that it trades, at whatever exchange it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderReport
from hedging.model.venue_profile import DeadMan, VenueProfile
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading_session import ReadingSession


class OrderSession(ReadingSession, Protocol):
    """An account over REST that orders are sent to, each request once.

    Writes raise VenueRejected only where the exchange's parsed answer proves that nothing was accepted, and
    VenueUnclear for everything else once the request may have left. A refusal because the client id is
    known there already is VenueUnclear too: looking it up finds the order.
    """

    @property
    def profile(self) -> VenueProfile:
        """How the exchange behaves where orders are concerned."""
        ...

    @property
    def settlement_currencies(self) -> tuple[str, ...]:
        """The words to ask ``fills`` for, which together bring every trade: currencies, or one for all."""
        ...

    def submit(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> tuple[OrderReport, tuple[Fill, ...]]:
        """Send an order, once; one that may rest is post-only.

        What comes back may be no more than that the exchange took it on (ACKED, nothing filled): ``find``
        tells the rest. Raises BadInput before anything is sent; VenueRejected; VenueUnclear.
        """
        ...

    def cancel(self, order: Order) -> OrderReport | None:
        """Ask once to cancel an order of ours, and say its state afterwards, which may still be working.

        None where the exchange knows no such order. Raises VenueRejected, VenueUnclear, and VenueError as
        ``find`` does.
        """
        ...

    def find(self, order: Order) -> OrderReport | None:
        """Our order by its client id; None where every place it could be in does not know it.

        Raises VenueUnreachable; VenueError where there are several: a person has to look; UnknownInstrument
        where its instrument has not been loaded.
        """
        ...

    def open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order of the account, ours and others'. Raises VenueUnreachable."""
        ...

    def fills(self, currency: str, since: datetime) -> tuple[Fill, ...]:
        """Trades in instruments that settle in ``currency``, from ``since`` on, oldest first.

        One in an instrument that is not listed is in each answer: it must not be overlooked. Raises
        VenueUnreachable.
        """
        ...

    def fills_of(self, venue_order_id: str, instrument: str) -> tuple[Fill, ...]:
        """Trades of one order, by the exchange's id of it. Raises VenueUnreachable."""
        ...

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:
        """Have the exchange cancel what rests in the instruments ``names`` once we are silent for so long.

        To be called again well before ``seconds`` have passed. Returns what now stands guard over all of
        them: NONE where nothing does, and then nothing may be left resting. Raises BadInput for a time the
        exchange does not take, VenueRejected, VenueUnclear.
        """
        ...
