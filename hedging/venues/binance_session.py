"""One account at Binance, read over REST: four interfaces, each with its own addresses and wallet."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.model.view import VenueMode
from hedging.venues import binance, binance_account
from hedging.venues.binance_account import Wallets
from hedging.venues.deribit import IndexPrice
from hedging.venues.payload import Raw
from hedging.venues.polled import Held, InstrumentParser, Listing, PolledSession, Round
from hedging.venues.reading import merged
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes
from hedging.venues.wire import as_list, as_object

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
        indices: dict[str, IndexPrice] = {}
        return [
            Round(
                f"the ticker of {each.name}",
                partial(self._option, each, indices, gaps)
                if each.kind is Kind.OPTION
                else partial(self._future, each, gaps),
            )
            for each in wanted
        ]

    def _future(self, of: Instrument, gaps: list[Gap]) -> Iterable[Quote]:
        client, question = self._client, {"symbol": of.name}
        if of.settlement is Settlement.INVERSE:
            touch = _one(client.dapiPublicGetTickerBookTicker(question))
            touched_at = self._clock()
            mark = _one(client.dapiPublicGetPremiumIndex(question))
        else:
            touch = as_object(client.fapiPublicGetTickerBookTicker(question))
            touched_at = self._clock()
            mark = as_object(client.fapiPublicGetPremiumIndex(question))
        received_at = self._clock()

        def quote() -> Quote:
            best = binance.book_ticker(touch, touched_at)
            gaps.extend(self._compared(best, touch, "parse_ticker", of))
            return merged(best, [binance.mark_price(mark, received_at)])

        return self._usable(of, quote, gaps)

    def _option(self, of: Instrument, indices: dict[str, IndexPrice], gaps: list[Gap]) -> Iterable[Quote]:
        if of.index not in indices:
            raw = as_object(self._client.eapiPublicGetIndex({"underlying": of.index}))
            indices[of.index] = binance_account.index_price(raw, of.index, self._clock())
        mark = _one(self._client.eapiPublicGetMark({"symbol": of.name}))
        received_at = self._clock()

        def quote() -> Quote:
            greeks = binance.greeks(mark, of, received_at)
            gaps.extend(self._compared(greeks, mark, "parse_greeks", of))
            return binance_account.option_quote(mark, of, indices[of.index], received_at)

        return self._usable(of, quote, gaps)

    def _server_time(self) -> datetime:
        return binance_account.server_time(as_object(self._client.publicGetTime()))

    def _rights(self) -> KeyScopes:
        if self.address.mode is VenueMode.TESTNET:
            return KeyScopes(frozenset(), NOT_ASKED)
        return binance_account.key_rights(as_object(self._client.sapiGetAccountApiRestrictions()))


def _one(response: object) -> Raw:
    listed = as_list(response)
    if len(listed) != 1:
        raise BadInput(f"expected a list of 1, got {len(listed)}")
    return listed[0]
