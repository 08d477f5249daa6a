"""One unified account at Bybit, read over REST."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.venues import bybit, bybit_account
from hedging.venues.payload import Raw
from hedging.venues.polled import Held, Listing, PolledSession, Round, together, words
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes
from hedging.venues.wire import as_object

LISTED_PER_PAGE = 1000
HELD_PER_PAGE = 200
MOST_PAGES = 100
POSITIONS = (  # the exchange lists linear contracts by the currency they settle in
    {"category": "linear", "settleCoin": "USDT"},
    {"category": "linear", "settleCoin": "USDC"},
    {"category": "inverse"},
    {"category": "option"},
)


class BybitSession(PolledSession):
    """Linear and inverse contracts, and options of the bases that were asked for or turned up."""

    def _listings(self) -> Iterable[Listing]:
        questions = [{"category": "linear"}, {"category": "inverse"}]
        others = {name.partition("-")[0] for name in self._tried if "-" in name}
        questions += [{"category": "option", "baseCoin": base} for base in sorted({*self._bases, *others})]
        for question in questions:
            for raw in self._pages("publicGetV5MarketInstrumentsInfo", question, LISTED_PER_PAGE):
                yield Listing(str(raw.get("symbol")), raw, bybit.instrument)

    def _pages(self, method: str, question: dict[str, str], size: int) -> Iterator[Raw]:
        """Entries of every page. Raises BadInput where they do not end, or a full one leaves that open."""
        cursor = ""
        for _ in range(MOST_PAGES):
            more = {"cursor": cursor} if cursor else {}
            envelope = as_object(getattr(self._client, method)({**question, "limit": size, **more}))
            listed = bybit.answer(envelope)[0]
            yield from listed
            following = bybit_account.next_page(envelope, must_say=len(listed) >= size)
            if not following:
                return
            if following == cursor:
                break
            cursor = following
        raise BadInput(f"the pages of {question} do not end")

    def _library_market(self, raw: Raw) -> object:
        name = str(raw.get("symbol"))
        option = raw.get("optionsType") is not None
        inverse = str(raw.get("contractType")).startswith("Inverse")
        return self._client.safe_market_structure(
            {
                "id": name, "symbol": name, "contract": True, "spot": False, "option": option,
                "inverse": inverse, "linear": not inverse, "settle": raw.get("settleCoin"),
            }
        )  # fmt: skip

    def _held(self) -> Iterable[Held]:
        for question in POSITIONS:
            for raw in self._pages("privateGetV5PositionList", question, HELD_PER_PAGE):
                yield Held(raw, bybit.position)

    def _read_funds(self) -> Funds:
        greeks = as_object(self._client.privateGetV5AssetCoinGreeks({}))
        wallet = as_object(self._client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"}))
        return bybit_account.funds(wallet, greeks, self.address.name, self._clock())

    def _rounds(self, wanted: Sequence[Instrument], gaps: list[Gap]) -> Sequence[Round]:
        groups: dict[tuple[str, str], list[Instrument]] = defaultdict(list)
        for each in wanted:
            option = each.kind is Kind.OPTION
            groups[_category(each), each.underlying if option else ""].append(each)
        rounds = []
        for (category, base), group in sorted(groups.items(), key=lambda item: item[0]):
            for part in [group] if base else together(group):
                question = {"category": category}
                if base:
                    question["baseCoin"] = base
                elif len(part) == 1:
                    question["symbol"] = part[0].name
                ask = partial(self._ask, question, part, gaps)
                rounds.append(Round(f"the ticker of {words(part)}", ask))
        return rounds

    def _ask(self, question: dict[str, str], group: Sequence[Instrument], gaps: list[Gap]) -> Iterable[Quote]:
        listed, at = bybit.answer(as_object(self._client.publicGetV5MarketTickers(question)))
        received_at = self._clock()
        by_name = {str(raw.get("symbol")): raw for raw in listed}
        for each in group:
            raw = by_name.get(each.name)
            if raw is not None:
                read = partial(self._quote, each, raw, (at, received_at), gaps)
                yield from self._usable(each, read, gaps)

    def _quote(self, of: Instrument, raw: Raw, times: tuple[datetime, datetime], gaps: list[Gap]) -> Quote:
        quote = bybit.quote(raw, times[0], None, times[1])
        gaps.extend(self._compared(quote, raw, "parse_ticker", of))
        if of.kind is Kind.OPTION:
            gaps.extend(self._compared(bybit.greeks(raw, of, *times), raw, "parse_greeks", of))
        return quote

    def _server_time(self) -> datetime:
        return bybit.server_time(as_object(self._client.publicGetV5MarketTime()))

    def _rights(self) -> KeyScopes:
        return bybit_account.key_rights(as_object(self._client.privateGetV5UserQueryApi()))


def _category(of: Instrument) -> str:
    if of.kind is Kind.OPTION:
        return "option"
    return "inverse" if of.settlement is Settlement.INVERSE else "linear"
