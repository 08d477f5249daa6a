"""One account at OKX, read over REST."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from hedging.model.instrument import Instrument, Kind
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.venues import okx, okx_account
from hedging.venues.deribit import IndexPrice
from hedging.venues.payload import Raw
from hedging.venues.polled import Held, Listing, PolledSession, Round
from hedging.venues.reading import merged
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes
from hedging.venues.wire import as_object


class OkxSession(PolledSession):
    """Swaps, futures and options; quotes are asked for by type and family."""

    def _listings(self) -> Iterable[Listing]:
        families = okx_account.option_families(
            as_object(self._client.publicGetPublicUnderlying({"instType": "OPTION"}))
        )
        questions = [{"instType": "SWAP"}, {"instType": "FUTURES"}]
        questions += [{"instType": "OPTION", "instFamily": family} for family in families]
        for question in questions:
            for raw in _answer(self._client.publicGetPublicInstruments(question)):
                yield Listing(str(raw.get("instId")), raw, okx.instrument)

    def _library_market(self, raw: Raw) -> object:
        return self._client.parse_market(dict(raw))

    def _held(self) -> Iterable[Held]:
        for raw in _answer(self._client.privateGetAccountPositions({})):
            yield Held(raw, okx.position)

    def _read_funds(self) -> Funds:
        greeks = as_object(self._client.privateGetAccountGreeks({}))
        balance = as_object(self._client.privateGetAccountBalance({}))
        return okx_account.funds(balance, greeks, self.address.name, self._clock())

    def _rounds(self, wanted: Sequence[Instrument], gaps: list[Gap]) -> Sequence[Round]:
        groups: dict[tuple[str, str], list[Instrument]] = defaultdict(list)
        for each in wanted:
            groups[okx_account.group(self._listed[each.name])].append(each)
        indices: dict[str, IndexPrice] = {}
        return [
            Round(f"the tickers of {kind} {family}", partial(self._ask, kind, family, group, indices, gaps))
            for (kind, family), group in sorted(groups.items(), key=lambda item: item[0])
        ]

    def _group(self, of: Instrument) -> object:
        return of.index

    def _ask(
        self,
        kind: str,
        family: str,
        group: Sequence[Instrument],
        indices: dict[str, IndexPrice],
        gaps: list[Gap],
    ) -> Iterable[Quote]:
        question = {"instType": kind, "instFamily": family}
        index = self._index(family, indices)
        touches = _by_name(self._client.publicGetMarketTickers(question))
        touched_at = self._clock()
        summaries: Mapping[str, Raw] = {}
        if kind == "OPTION":
            summaries = _by_name(self._client.publicGetPublicOptSummary({"instFamily": family}))
        marks = _by_name(self._client.publicGetPublicMarkPrice(question))
        received_at = min(touched_at, self._clock())

        def quote(of: Instrument) -> Quote:
            mark = okx.mark_price(marks.get(of.name, {"instId": of.name}), received_at)
            parts = [mark, _of_index(mark, index)]
            touch = okx.ticker(touches[of.name], touched_at) if of.name in touches else None
            if of.kind is Kind.OPTION:
                parts.append(self._summary(of, summaries, received_at, gaps))
            if touch is not None:
                gaps.extend(self._compared(touch, touches[of.name], "parse_ticker", of))
            return merged(touch, parts)

        for each in group:
            yield from self._usable(each, partial(quote, each), gaps)

    def _summary(
        self, of: Instrument, summaries: Mapping[str, Raw], received_at: datetime, gaps: list[Gap]
    ) -> Quote:
        raw = summaries.get(of.name, {"instId": of.name})
        _, coin = okx.greeks(raw, of, received_at)
        gaps.extend(self._compared(coin, raw, "parse_greeks", of))
        return okx.summary(raw, received_at)

    def _index(self, name: str, known: dict[str, IndexPrice]) -> IndexPrice:
        if name not in known:
            found = _by_name(self._client.publicGetMarketIndexTickers({"instId": name}))
            known[name] = okx.index_price(found.get(name, {"instId": name}), self._clock())
        return known[name]

    def _server_time(self) -> datetime:
        return okx.server_time(as_object(self._client.publicGetPublicTime()))

    def _rights(self) -> KeyScopes:
        return okx_account.key_rights(as_object(self._client.privateGetAccountConfig()))


def _of_index(mark: Quote, index: IndexPrice) -> Quote:
    """The index as a part of a quote, as old as it is: it was asked for before the rest."""
    return replace(mark, mark=None, index=index.price, venue_at=index.venue_at, received_at=index.received_at)


def _answer(response: object) -> tuple[Raw, ...]:
    return okx.answer(as_object(response))


def _by_name(response: object) -> dict[str, Raw]:
    return {str(raw.get("instId")): raw for raw in _answer(response)}
