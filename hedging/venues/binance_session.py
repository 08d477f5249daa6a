"""One account at Binance, read over REST: four interfaces, each with its own addresses and wallet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.model.view import VenueMode
from hedging.venues import binance, binance_account
from hedging.venues.binance_account import Wallets
from hedging.venues.deribit import IndexPrice
from hedging.venues.payload import Raw
from hedging.venues.polled import Held, InstrumentParser, Listing, PolledSession, Round, together, words
from hedging.venues.reading import merged
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes
from hedging.venues.wire import as_list, as_object

Received = tuple[Mapping[str, Raw], datetime]  # entries by symbol, and when they came
NOT_ASKED = "Binance's demo trading has no question for the rights of a key: see that it may not withdraw"


class BinanceSession(PolledSession):
    """USD-margined and coin-margined futures, options and the spot wallet; demo trading has no options."""

    @property
    def _has_options(self) -> bool:
        return self.address.mode is not VenueMode.TESTNET

    def _listings(self) -> Iterable[Listing]:
        lists: list[tuple[Callable[[], object], str, InstrumentParser]] = [
            (self._client.fapiPublicGetExchangeInfo, "symbols", binance.futures_instrument),
            (self._client.dapiPublicGetExchangeInfo, "symbols", binance.futures_instrument),
        ]
        if self._has_options:
            lists.append((self._client.eapiPublicGetExchangeInfo, "optionSymbols", binance.option_instrument))
        for ask, field, parse in lists:
            for raw in as_list(as_object(ask()).get(field)):
                yield Listing(str(raw.get("symbol")), raw, parse)

    def _library_market(self, raw: Raw) -> object:
        return self._client.parse_market(dict(raw))

    def _held(self) -> Iterable[Held]:
        for ask in (self._client.fapiPrivateV3GetPositionRisk, self._client.dapiPrivateGetPositionRisk):
            for raw in as_list(ask()):
                yield Held(raw, binance.futures_position, "parse_position_risk")
        if self._has_options:
            for raw in as_list(self._client.eapiPrivateGetPosition()):
                yield Held(raw, binance.option_position, "parse_option_position")

    def _read_funds(self) -> Funds:
        wallets = Wallets(
            linear=as_object(self._client.fapiPrivateV3GetAccount()),
            inverse=as_object(self._client.dapiPrivateGetAccount()),
            options=as_object(self._client.eapiPrivateGetMarginAccount()) if self._has_options else None,
            spot=as_object(self._client.privateGetAccount({"omitZeroBalances": "true"})),
        )
        return binance_account.funds(wallets, self.address.name, self._clock())

    def _rounds(self, wanted: Sequence[Instrument], gaps: list[Gap]) -> Sequence[Round]:
        options = [each for each in wanted if each.kind is Kind.OPTION]
        futures = [each for each in wanted if each.kind is not Kind.OPTION]
        linear = [each for each in futures if each.settlement is Settlement.LINEAR]
        inverse = [each for each in futures if each.settlement is Settlement.INVERSE]
        indices: dict[str, IndexPrice] = {}
        asked: list[tuple[Sequence[Instrument], Callable[[Sequence[Instrument]], Iterable[Quote]]]] = [
            *((group, partial(self._linear, gaps=gaps)) for group in together(linear)),
            *((group, partial(self._inverse, gaps=gaps)) for group in together(inverse)),
            *((group, partial(self._options, indices=indices, gaps=gaps)) for group in together(options)),
        ]
        return [Round(f"the ticker of {words(group)}", partial(ask, group)) for group, ask in asked]

    def _linear(self, group: Sequence[Instrument], gaps: list[Gap]) -> Iterable[Quote]:
        question = _about(group)
        touches = _by_symbol(self._client.fapiPublicGetTickerBookTicker(question))
        touched_at = self._clock()
        marks = _by_symbol(self._client.fapiPublicGetPremiumIndex(question))
        return self._futures(group, (touches, touched_at), (marks, self._clock()), gaps)

    def _inverse(self, group: Sequence[Instrument], gaps: list[Gap]) -> Iterable[Quote]:
        question = _about(group)
        touches = _by_symbol(self._client.dapiPublicGetTickerBookTicker(question))
        touched_at = self._clock()
        marks = _by_symbol(self._client.dapiPublicGetPremiumIndex(question))
        return self._futures(group, (touches, touched_at), (marks, self._clock()), gaps)

    def _futures(
        self, group: Sequence[Instrument], touches: Received, marks: Received, gaps: list[Gap]
    ) -> Iterable[Quote]:
        def quote(of: Instrument) -> Quote:
            touch = touches[0].get(of.name, {"symbol": of.name})
            best = binance.book_ticker(touch, touches[1])
            gaps.extend(self._compared(best, touch, "parse_ticker", of))
            mark = binance.mark_price(marks[0].get(of.name, {"symbol": of.name}), marks[1])
            return merged(best, [mark])

        for each in group:
            yield from self._usable(each, partial(quote, each), gaps)

    def _options(
        self, group: Sequence[Instrument], indices: dict[str, IndexPrice], gaps: list[Gap]
    ) -> Iterable[Quote]:
        for name in sorted({each.index for each in group} - indices.keys()):
            raw = as_object(self._client.eapiPublicGetIndex({"underlying": name}))
            indices[name] = binance_account.index_price(raw, name, self._clock())
        marks = _by_symbol(self._client.eapiPublicGetMark(_about(group)))
        received_at = self._clock()

        def quote(of: Instrument) -> Quote:
            mark = marks.get(of.name, {"symbol": of.name})
            greeks = binance.greeks(mark, of, received_at)
            gaps.extend(self._compared(greeks, mark, "parse_greeks", of))
            return binance_account.option_quote(mark, of, indices[of.index], received_at)

        for each in group:
            yield from self._usable(each, partial(quote, each), gaps)

    def _server_time(self) -> datetime:
        return binance_account.server_time(as_object(self._client.publicGetTime()))

    def _rights(self) -> KeyScopes:
        if self.address.mode is VenueMode.TESTNET:
            return KeyScopes(frozenset(), NOT_ASKED)
        return binance_account.key_rights(as_object(self._client.sapiGetAccountApiRestrictions()))


def _about(group: Sequence[Instrument]) -> dict[str, str]:
    """A question about one instrument, or about all there are."""
    return {"symbol": group[0].name} if len(group) == 1 else {}


def _by_symbol(response: object) -> dict[str, Raw]:
    """Entries of a list, or the one entry that is answered about one symbol."""
    listed = [as_object(response)] if isinstance(response, Mapping) else as_list(response)
    return {str(raw.get("symbol")): raw for raw in listed}
