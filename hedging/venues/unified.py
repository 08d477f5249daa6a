"""Compares our reading of a raw payload with the exchange library's unified one; a difference is a gap.

Pure. The unified fields are never used as values: they are a second reader of the same payload. What the
library is known to read wrongly is left out, each with its reason; an absent field says nothing.
"""

from collections.abc import Mapping
from math import isclose

from hedging.model.book import Position
from hedging.model.instrument import Kind
from hedging.model.market import Quote, VenueGreeks
from hedging.model.snapshot import Gap, GapReason
from hedging.model.trading import OrderReport
from hedging.venues.address import BINANCE, DERIBIT, OKX
from hedging.venues.payload import Raw
from hedging.venues.reading import DAYS_PER_YEAR, VEGA_PER_POINT

AGREEMENT = 1e-9  # relative: both read the same digits
Readable = Position | Quote | VenueGreeks | OrderReport
_Pairs = Mapping[str, float | str | None]


def disagreements(ours: Readable, unified: Raw, underlying: str | None = None) -> tuple[Gap, ...]:
    """Fields in which the library read the same payload differently, each an IMPLAUSIBLE gap.

    ``underlying`` is what the gap blocks; a position knows its own, and None blocks the whole book. A
    unified value that is no finite number where one belongs disagrees as well.
    """
    name, pairs = _pairs(ours)
    blocks = ours.instrument.underlying if isinstance(ours, Position) else underlying
    return tuple(
        Gap(
            what=name,
            reason=GapReason.IMPLAUSIBLE,
            detail=f"{field} of {name} is {value}, the exchange library reads {unified[field]!r}",
            underlying=blocks,
        )
        for field, value in pairs.items()
        if value is not None and unified.get(field) is not None and not _agree(value, unified[field])
    )


def _agree(value: float | str, theirs: object) -> bool:
    if isinstance(value, str):
        return theirs == value
    if isinstance(theirs, bool) or not isinstance(theirs, int | float):
        return False
    return isclose(value, theirs, rel_tol=AGREEMENT, abs_tol=0.0)


def _pairs(ours: Readable) -> tuple[str, _Pairs]:
    if isinstance(ours, Position):
        return ours.instrument.name, _position(ours)
    if isinstance(ours, Quote):
        return ours.instrument, {
            "bid": ours.bid,
            "ask": ours.ask,
            "markPrice": ours.mark,
            "indexPrice": ours.index,
        }
    if isinstance(ours, VenueGreeks):
        return ours.instrument, {
            "delta": ours.delta,
            "gamma": ours.gamma,
            "vega": ours.vega / VEGA_PER_POINT,
            "theta": ours.theta / DAYS_PER_YEAR,
            "markImpliedVolatility": ours.iv,
            "underlyingPrice": ours.forward,
        }
    return ours.instrument, {
        "id": ours.venue_id,
        "clientOrderId": ours.client_id or None,
        "amount": float(ours.amount),
        "filled": float(ours.filled),
        "average": None if ours.average_price is None else float(ours.average_price),
    }


def _position(ours: Position) -> _Pairs:
    instrument = ours.instrument
    # Left out: OKX options, whose unified size ignores ctMult; Deribit and Bybit, whose amounts are no
    # contracts. An inverse contract's size is in USD on either side.
    sized = instrument.venue == BINANCE or (instrument.venue == OKX and instrument.kind is not Kind.OPTION)
    size = float(ours.amount)  # which of Deribit alone the library leaves signed
    return {
        "contracts": size if instrument.venue == DERIBIT else abs(size),
        "contractSize": float(instrument.multiplier) if sized else None,
        "side": "long" if ours.amount > 0 else "short",
        "entryPrice": ours.average_price,
        "unrealizedPnl": ours.floating_pnl,
    }
