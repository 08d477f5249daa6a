"""The part of a book that stays while its positions do: laid out in columns once, valued every cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from hedging.model.book import Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement
from hedging.units import epoch_microseconds

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """A tuple of positions as columns; equal instruments are grouped, so that each instrument is priced once.

    Per position, shape (n,): ``place`` is its row among the instruments, ``size`` the signed amount times
    the multiplier (coins, or dollars where ``in_usd``), ``floating`` the venue's floating profit in the
    settlement currency (NaN where it sent none), ``owners`` its account and settlement currency. Per
    instrument, shape (m,): ``keys``, ``strike`` (NaN where it has none), ``sign`` θ, ``expiry`` in
    microseconds of the epoch (infinite where it has none), flags.
    ``own``: rows of the positions of an underlying, ``spot`` among them; ``coin_accounts``: accounts that
    hold something of it that settles in coin.
    """

    positions: tuple[Position, ...]
    place: IntArray
    size: FloatArray
    floating: FloatArray
    instruments: tuple[Instrument, ...]
    keys: tuple[str, ...]
    strike: FloatArray
    sign: FloatArray
    expiry: FloatArray
    in_usd: BoolArray
    inverse: BoolArray
    option: BoolArray
    spot: BoolArray
    own: Mapping[str, IntArray]
    owners: tuple[tuple[str, str], ...]
    coin_accounts: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, positions: tuple[Position, ...]) -> "Holdings":
        """Lay positions out."""
        instruments, place = _distinct([position.instrument for position in positions])
        multiplier = _floats([float(each.multiplier) for each in instruments])
        amount = _floats([float(position.amount) for position in positions])
        return cls(
            positions=positions,
            place=place,
            size=amount * multiplier[place],
            floating=_floats([p.floating_pnl for p in positions]),
            instruments=instruments,
            keys=tuple(each.key for each in instruments),
            strike=_floats([each.strike for each in instruments]),
            sign=_floats([each.option_kind for each in instruments]),
            expiry=_floats([epoch_microseconds(each.expiry) if each.expiry else inf for each in instruments]),
            in_usd=_flags([each.amount_unit is AmountUnit.USD for each in instruments]),
            inverse=_flags([each.settlement is Settlement.INVERSE for each in instruments]),
            option=_flags([each.kind is Kind.OPTION for each in instruments]),
            spot=_flags([each.kind is Kind.SPOT for each in instruments]),
            own=_grouped([each.underlying for each in instruments], place),
            owners=tuple((p.account, p.instrument.settlement_currency) for p in positions),
            coin_accounts=_coin_accounts([position.account for position in positions], instruments, place),
        )

    def still(self, positions: tuple[Position, ...]) -> "Holdings":
        """These columns where ``positions`` is the very tuple they were made of, else new ones."""
        return self if self.positions is positions else Holdings.of(positions)


def _distinct(held: Sequence[Instrument]) -> tuple[tuple[Instrument, ...], IntArray]:
    """The different instruments, and for each of ``held`` which one it is."""
    known = {id(each): each for each in held}  # one object stands for most equals: few need comparing
    rows: dict[Instrument, int] = {}
    row_of = {identity: rows.setdefault(each, len(rows)) for identity, each in known.items()}
    return tuple(rows), np.array([row_of[id(each)] for each in held], dtype=np.intp)


def _coin_accounts(
    accounts: Sequence[str], instruments: Sequence[Instrument], place: IntArray
) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for account, row in set(zip(accounts, place.tolist(), strict=True)):
        if instruments[row].settlement is Settlement.INVERSE:
            found.setdefault(instruments[row].underlying, set()).add(account)
    return {underlying: frozenset(owners) for underlying, owners in found.items()}


def _floats(values: Sequence[float | None]) -> FloatArray:
    return np.array([nan if value is None else value for value in values], dtype=np.float64)


def _flags(values: Sequence[bool]) -> BoolArray:
    return np.array(values, dtype=np.bool_)


def _grouped(underlyings: Sequence[str], place: IntArray) -> Mapping[str, IntArray]:
    names = sorted(set(underlyings))
    code = np.array([names.index(each) for each in underlyings], dtype=np.intp)[place]
    return {name: np.flatnonzero(code == number) for number, name in enumerate(names)}


NOTHING_HELD = Holdings.of(())
