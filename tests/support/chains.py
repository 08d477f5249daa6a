"""Option chains of a known smile, and those of the simulated market as its exchange would send them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log, sqrt
from typing import Any

from hedging.model.instrument import Instrument, OptionKind, Settlement
from hedging.model.smile import ChainQuote, SmileSlice
from hedging.paper.exchange import Exchange
from hedging.paper.market import Market
from hedging.paper.render import book_summary, instrument
from hedging.pricing import black76
from hedging.venues import deribit

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FORWARD = 100_000.0


def smile_slice(years: float = 0.1, **changes: Any) -> SmileSlice:
    """A sound slice with a downward skew, fitted this instant to a good chain."""
    whole = SmileSlice(
        underlying="BTC",
        venue="deribit",
        settlement_currency="BTC",
        expiry=NOW + timedelta(days=365 * years),
        a=0.01,
        b=0.09,
        rho=-0.4,
        m=0.02,
        sigma=0.25,
        forward=FORWARD,
        years=years,
        quotes=21,
        left_out=0,
        lowest_k=-0.5,
        highest_k=0.5,
        error_vol=1e-4,
        violations=(),
        fitted_at=NOW,
    )
    return replace(whole, **changes)


def vol_of(slice_: SmileSlice, k: float) -> float:
    """Volatility of raw SVI, written out once more."""
    away = k - slice_.m
    w = slice_.a + slice_.b * (slice_.rho * away + sqrt(away * away + slice_.sigma**2))
    return sqrt(w / slice_.years)


def chain_quote(
    kind: OptionKind, k: float, vol: float | None, years: float = 0.1, **changes: Any
) -> ChainQuote:
    """A coin-settled option at log-moneyness ``k`` whose mark is Black's price of ``vol``."""
    strike = FORWARD * exp(k)
    price = None if vol is None else float(black76.price(float(kind), FORWARD, strike, years, vol)) / FORWARD
    whole = ChainQuote(
        venue="deribit",
        instrument=f"BTC-{years:.4f}-{strike:.2f}-{kind.name[0]}",
        underlying="BTC",
        settlement=Settlement.INVERSE,
        settlement_currency="BTC",
        expiry=NOW + timedelta(days=365 * years),
        strike=strike,
        kind=kind,
        bid=None,
        ask=None,
        mark=price,
        forward=FORWARD,
        index=FORWARD,
        iv=vol,
        open_interest=100.0,
        venue_at=NOW,
        received_at=NOW,
    )
    return replace(whole, **changes)


def chain_of(slice_: SmileSlice, strikes: int = 21) -> list[ChainQuote]:
    """Calls and puts of a slice, evenly from −0.4 to 0.4."""
    spread = [-0.4 + 0.8 * place / (strikes - 1) for place in range(strikes)]
    return [chain_quote(kind, k, vol_of(slice_, k), slice_.years) for k in spread for kind in OptionKind]


class PaperChain:
    """The simulated market without sockets: its options, as instruments and as the rows of its answer."""

    def __init__(self, seed: int = 7, start: datetime = NOW, step_ns: int | None = None) -> None:
        start_ns = int(start.timestamp()) * 10**9
        self.market = Market(seed, start_ns) if step_ns is None else Market(seed, start_ns, 1.0, step_ns)
        self.exchange = Exchange(self.market, [])

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.market.now_ns / 1e9, UTC)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Listed options by key."""
        found = [deribit.instrument(instrument(row), row.name) for row in self._listed()]
        return {each.key: each for each in found}

    def rows(self, currency: str) -> list[dict[str, Any]]:
        """What ``public/get_book_summary_by_currency`` answers."""
        return [
            book_summary(self.exchange, row.name)
            for row in self._listed()
            if row.settlement_currency == currency
        ]

    def _listed(self) -> list[Any]:
        return [row for row in self.market.listings.values() if row.strike is not None]


def moneyness(quote: ChainQuote) -> float:
    return log(quote.strike / (quote.forward or 0.0))
