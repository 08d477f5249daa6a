"""The book of one underlying with a person's changes in it, valued by the code that values the live one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from math import isfinite, log

from hedging.errors import BadInput
from hedging.model.book import Position
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Snapshot
from hedging.model.what_if import Change, OptionTerms
from hedging.pricing import black76
from hedging.risk.exposure import Basis, summed
from hedging.risk.greeks import value_positions
from hedging.risk.what_if import scaled
from hedging.units import years_between

HIGHEST_VOL = 5.0  # 500 %: above it a percentage was written for a fraction
LARGEST_AMOUNT = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an instrument is valued with: mark in its own price unit, forward in USD, iv a fraction."""

    instrument: Instrument
    mark: float | None
    forward: float | None = None
    iv: float | None = None
    is_hedge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One holding that differs from the live book: amounts in the venue's unit."""

    account: str
    instrument: Instrument
    before: float
    after: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfBook:
    """The changed book, its exposure, what differs from the live one, and what could not be put in."""

    exposure: Exposure
    positions: tuple[PositionExposure, ...]
    differences: tuple[Difference, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearestVol:
    """A held option's mark volatility (a fraction), and which option's it is."""

    vol: float
    instrument: str


def what_if_book(
    exposure: Exposure,
    positions: Sequence[PositionExposure],
    changes: Sequence[Change],
    listed: Mapping[str, Terms],
) -> WhatIfBook:
    """The live book of one underlying with ``changes`` in it; what was given stays as it is.

    Args:
        exposure: the live exposure: gives time, index, equity and numeraire.
        positions: live positions; those of other underlyings are left out.
        changes: later ones of one account and instrument replace earlier ones.
        listed: by key, instruments that need not be held and the prices to value them with.

    A change that cannot be valued is left out, and ``refused`` says why in a sentence.
    """
    own = tuple(each for each in positions if each.instrument.underlying == exposure.underlying)
    differences: list[Difference] = []
    refused: list[str] = []
    latest = {(change.account, change.instrument): change for change in changes}
    for change in latest.values():
        try:
            own, difference = _changed(exposure, own, change, listed)
        except BadInput as error:
            refused.append(str(error))
            continue
        if difference is not None:
            differences.append(difference)
    basis = Basis(
        exposure.underlying, exposure.numeraire, exposure.index, exposure.equity, exposure.at
    )  # spot is never changed, so the equity stays
    return WhatIfBook(
        exposure=summed(basis, own) if differences else exposure,
        positions=own,
        differences=tuple(differences),
        refused=tuple(refused),
    )


def nearest_vol(
    positions: Sequence[PositionExposure], like: PositionExposure, strike: float
) -> NearestVol | None:
    """Mark volatility of the held option of ``like``'s expiry and settlement whose strike is nearest."""
    if not (isfinite(strike) and strike > 0):
        return None
    near = [
        (abs(log(each.instrument.strike / strike)), each.instrument.name, each.iv)
        for each in positions
        if _same_expiry(each, like) and each.iv is not None and each.instrument.strike
    ]
    if not near:
        return None
    _, name, vol = min(near)
    return NearestVol(vol, name) if vol is not None else None


def option_key(like: Instrument, strike: float, kind: OptionKind) -> str:
    """Key of the option with this strike and kind beside ``like``, which is an option of its expiry."""
    return replace(like, name=_option_name(like, strike, kind)).key


def _same_expiry(each: PositionExposure, like: PositionExposure) -> bool:
    one, other = each.instrument, like.instrument
    return one.kind is Kind.OPTION and (one.underlying, one.expiry, one.settlement, one.venue) == (
        other.underlying, other.expiry, other.settlement, other.venue,
    )  # fmt: skip


def _option_name(like: Instrument, strike: float, kind: OptionKind) -> str:
    """As the venue would call it: its own name of ``like`` with another strike and letter."""
    start = like.name.rsplit("-", 2)[0]
    return (
        f"{start}-{strike:g}-{kind.name[0]}" if abs(strike) < 1e6 else f"{start}-{strike:.0f}-{kind.name[0]}"
    )


def _changed(
    exposure: Exposure,
    own: tuple[PositionExposure, ...],
    change: Change,
    listed: Mapping[str, Terms],
) -> tuple[tuple[PositionExposure, ...], Difference | None]:
    if not (isfinite(change.amount) and abs(change.amount) <= LARGEST_AMOUNT):
        raise BadInput(f"an amount of {change.amount} of {_name(change.instrument)} is none")
    held = [each for each in own if _is(each, change)]
    rest = tuple(each for each in own if not _is(each, change))
    before = sum(each.amount for each in held)
    if held and held[0].instrument.kind is Kind.SPOT:
        raise BadInput(
            f"{held[0].instrument.name} is spot, which counts as equity: it cannot be changed here"
        )
    if held and change.amount == before:
        return own, None
    if change.amount == 0:
        if not held:
            raise BadInput(_absent(change, exposure.at))
        return rest, _difference(change, held[0].instrument, before)
    if held and held[0].amount != 0:
        return (*rest, scaled(held[0], change.amount)), _difference(change, held[0].instrument, before)
    terms = listed.get(change.instrument) or _made_up(exposure, own, change)
    note = change.option.vol_from if change.option and change.instrument not in listed else ""
    return (*rest, _valued(exposure, change, terms)), _difference(change, terms.instrument, before, note)


def _is(each: PositionExposure, change: Change) -> bool:
    return (each.account, each.instrument.key) == (change.account, change.instrument)


def _difference(change: Change, instrument: Instrument, before: float, note: str = "") -> Difference:
    return Difference(
        account=change.account, instrument=instrument, before=before, after=change.amount, note=note
    )


def _name(instrument_key: str) -> str:
    return instrument_key.rpartition(":")[2]


def _absent(change: Change, at: datetime) -> str:
    if change.expiry is not None and change.expiry <= at:
        return f"{_name(change.instrument)} has expired ({change.expiry:%d %b %Y %H:%M} UTC): left out"
    return (
        f"{_name(change.instrument)} is neither held nor a hedge now, so there is no price for it: left out"
    )


def _made_up(exposure: Exposure, own: Sequence[PositionExposure], change: Change) -> Terms:
    """An option on the forward of a held one of its expiry, with the volatility that the change names."""
    option = change.option
    if option is None or option.expiry <= exposure.at:
        raise BadInput(_absent(change, exposure.at))
    like = next(
        (
            each
            for each in own
            if each.instrument.kind is Kind.OPTION
            and each.forward is not None
            and (each.instrument.expiry, each.instrument.settlement) == (option.expiry, option.settlement)
        ),
        None,
    )
    if like is None or like.forward is None:
        raise BadInput(
            f"{_name(change.instrument)} cannot be valued: no option of {option.expiry:%d %b %Y} is held any "
            "more, so that expiry's forward is not known: left out"
        )
    if not 0 < option.vol <= HIGHEST_VOL:
        raise BadInput(f"a volatility of {100 * option.vol:g} % is none for {_name(change.instrument)}")
    instrument = replace(
        like.instrument,
        name=_name(change.instrument),
        symbol="",
        strike=option.strike,
        option_kind=option.kind,
    )
    return Terms(
        instrument=instrument, mark=_model_mark(instrument, like.forward, option, exposure.at),
        forward=like.forward, iv=option.vol,
    )  # fmt: skip


def _model_mark(instrument: Instrument, forward: float, option: OptionTerms, at: datetime) -> float:
    years = years_between(at, option.expiry)
    price = float(black76.price(float(option.kind), forward, option.strike, years, option.vol))
    return price / forward if instrument.settlement is Settlement.INVERSE else price


def _valued(exposure: Exposure, change: Change, terms: Terms) -> PositionExposure:
    """Valued as the live book is: the same function, from a snapshot with this one holding in it."""
    instrument = terms.instrument
    position = Position(
        account=change.account,
        instrument=instrument,
        amount=Decimal(repr(change.amount)),
        average_price=None,
        floating_pnl=0.0,
        venue_delta=None,
        received_at=exposure.at,
    )
    quote = Quote(
        venue=instrument.venue,
        instrument=instrument.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=terms.mark,
        index=exposure.index,
        forward=terms.forward,
        iv=terms.iv,
        venue_delta=None,
        venue_at=exposure.at,
        received_at=exposure.at,
        touch_received_at=exposure.at,
    )
    found = value_positions(
        Snapshot(at=exposure.at, positions=(position,), balances=(), quotes={instrument.key: quote}),
        frozenset({instrument.key} if terms.is_hedge else ()),
        1.0,
    )
    if not found.positions:
        raise BadInput("; ".join(gap.detail for gap in found.gaps) + ": left out")
    return found.positions[0]
