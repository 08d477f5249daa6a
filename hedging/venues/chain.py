"""Every option of one currency in one request: what to ask Deribit for, its answer to nouns, and a reader.

``public/get_book_summary_by_currency`` with kind=option answers with one row a listed option: best prices,
mark, mark volatility in percent, forward of the expiry, open interest, and the time the row was made. The
index is its ``estimated_delivery_price``, which is the index until the averaging begins.
Source: docs.deribit.com and the paper exchange's own answers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, key
from hedging.model.smile import ChainQuote
from hedging.venues.address import DERIBIT, AccountAddress
from hedging.venues.deribit import HIGHEST_IV_PERCENT
from hedging.venues.payload import Payload, Raw
from hedging.venues.wire import Pacing, Wire, as_list, result


@dataclass(frozen=True, slots=True)
class Chain:
    """Quotes of one currency's options, and in words what of the answer could not be used.

    ``unlisted`` names options that the answer has and the instruments loaded have not.
    """

    quotes: tuple[ChainQuote, ...]
    refused: tuple[str, ...]
    unlisted: tuple[str, ...]


class ChainReader:
    """Reads chains over a connection of its own, so that no order and no position read waits for it.

    ``clock`` tells the present time, aware UTC. Methods block and may be called from any thread.
    """

    def __init__(
        self, address: AccountAddress, clock: Callable[[], datetime], timeout_seconds: float = 10.0
    ) -> None:
        self._address = address
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._wire: Wire | None = None

    def read(self, currency: str, instruments: Mapping[str, Instrument]) -> Chain:
        """Quotes of all options that settle in ``currency``; ``instruments`` by key.

        Raises VenueUnreachable where the exchange does not answer, or not with a list of objects.
        """
        if self._wire is None:  # here, because making a client takes a while
            self._wire = Wire(self._address, Pacing.PACED, self._timeout_seconds)
        wire = self._wire

        def ask() -> Chain:
            asked = {"currency": currency, "kind": "option"}
            rows = as_list(result(wire.client.public_get_get_book_summary_by_currency(asked)))
            return chain(rows, instruments, self._clock())

        return wire.read(f"reading the options of {currency}", ask)

    def close(self) -> None:
        """Close the connection once the request in flight has ended."""
        if self._wire is not None:
            self._wire.close()


def chain(rows: Sequence[Raw], instruments: Mapping[str, Instrument], received_at: datetime) -> Chain:
    """Quotes of the rows that can be used; one bad row never costs the others.

    An instrument that is there twice counts once: the row that was made later, the first of equals.
    """
    found: dict[str, ChainQuote] = {}
    refused: list[str] = []
    unlisted: list[str] = []
    for raw in rows:
        try:
            name = Payload(raw, "book summary").text("instrument_name")
            instrument = instruments.get(key(DERIBIT, name))
            if instrument is None:
                unlisted.append(name)
                continue
            quote = chain_quote(raw, instrument, received_at)
        except BadInput as error:
            refused.append(str(error))
            continue
        known = found.get(name)
        if known is None or quote.venue_at > known.venue_at:
            found[name] = quote
    return Chain(tuple(found.values()), tuple(refused), tuple(unlisted))


def chain_quote(raw: Raw, instrument: Instrument, received_at: datetime) -> ChainQuote:
    """One row of the answer as the quote of ``instrument``.

    A side without orders is None. Raises BadInput where the row is of another instrument, that is no option
    with strike and expiry, or a price, forward, volatility or time is none.
    """
    read = Payload(raw, "book summary")
    if read.text("instrument_name") != instrument.name:
        read.refuse("instrument_name", instrument.name)
    if (
        instrument.kind is not Kind.OPTION
        or instrument.expiry is None
        or instrument.strike is None
        or instrument.option_kind is None
    ):
        raise BadInput(f"{instrument.name} is no option with strike and expiry: it has no place in a smile")
    return ChainQuote(
        venue=instrument.venue,
        instrument=instrument.name,
        underlying=instrument.underlying,
        settlement=instrument.settlement,
        settlement_currency=instrument.settlement_currency,
        expiry=instrument.expiry,
        strike=instrument.strike,
        kind=instrument.option_kind,
        bid=_side(read, "bid_price"),
        ask=_side(read, "ask_price"),
        mark=_mark(read),
        forward=read.optional_positive("underlying_price"),
        index=read.optional_positive("estimated_delivery_price"),
        iv=_iv(read),
        open_interest=_not_negative(read, "open_interest"),
        venue_at=read.time("creation_timestamp"),
        received_at=received_at,
    )


def _side(read: Payload, field: str) -> float | None:
    """A best price; the exchange sends null or 0 where nobody is there."""
    return None if read.optional_number(field) == 0 else read.optional_positive(field)


def _mark(read: Payload) -> float | None:
    """The mark: exactly 0 where the option is worthless."""
    return _not_negative(read, "mark_price")


def _not_negative(read: Payload, field: str) -> float | None:
    number = read.optional_number(field)
    if number is not None and number < 0:
        read.refuse(field, "a number of 0 or more")
    return number


def _iv(read: Payload) -> float | None:
    """The mark's volatility as a fraction; 0 is what the exchange sends where it has none."""
    if read.optional_number("mark_iv") == 0:
        return None
    percent = read.optional_positive("mark_iv")
    if percent is not None and percent > HIGHEST_IV_PERCENT:
        read.refuse("mark_iv", f"at most {HIGHEST_IV_PERCENT:g} percent")
    return None if percent is None else percent / 100.0
