"""The current listings as arrays, so that a thousand marks cost one pass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedging.paper.listing import Listing, ListingKind, OptionType, expiry_tag
from hedging.paper.market_shocks import coin_number
from hedging.paper.process import EXPIRY_SLOTS, PERPETUALS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expiries:
    """The distinct expiries of futures and options, one row each."""

    coin: IntArray
    expiration_ns: IntArray
    slot: IntArray


@dataclass(frozen=True, slots=True)
class Board:
    """All listed instruments, one row each; ``option_rows`` and ``future_rows`` pick theirs.

    ``index_column`` is that of INDICES; ``expiry`` the row in ``expiries`` (-1 without); the option arrays
    have one entry per option row.
    """

    names: tuple[str, ...]
    row: Mapping[str, int]
    underlying_index: tuple[str, ...]
    is_option: tuple[bool, ...]
    index_column: IntArray
    expiry: IntArray
    expiries: Expiries
    perpetual_rows: IntArray
    perpetual_columns: IntArray
    future_rows: IntArray
    option_rows: IntArray
    option_sign: FloatArray
    option_strike: FloatArray
    option_inverse: NDArray[np.bool_]


class SlotBook:
    """Gives each expiry of an underlying its own deviation process, round robin."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, int], int] = {}
        self._given: dict[str, int] = {}

    def slot(self, underlying: str, expiration_ns: int) -> int:
        """Slot of an expiry; a new one takes the next."""
        key = (underlying, expiration_ns)
        if key not in self._slots:
            self._slots[key] = self._given.get(underlying, 0) % EXPIRY_SLOTS
            self._given[underlying] = self._given.get(underlying, 0) + 1
        return self._slots[key]


def board(listings: Mapping[str, Listing], slots: SlotBook) -> Board:
    """Arrays of the given listings, in their order."""
    rows = list(listings.values())
    dated = sorted(
        {(row.underlying, row.expiration_ns) for row in rows if _is_dated(row)}, key=lambda key: key[::-1]
    )
    number = {key: at for at, key in enumerate(dated)}
    options = [row for row in rows if row.kind is ListingKind.OPTION]
    perpetuals = [row for row in rows if row.kind is ListingKind.PERPETUAL]
    position = {row.name: at for at, row in enumerate(rows)}
    return Board(
        names=tuple(position),
        row=position,
        underlying_index=tuple(_underlying_index(row, listings) for row in rows),
        is_option=tuple(row.kind is ListingKind.OPTION for row in rows),
        index_column=_ints(
            coin_number(row.underlying) + (0 if row.index_name.endswith("usd") else 2) for row in rows
        ),
        expiry=_ints(number[row.underlying, row.expiration_ns] if _is_dated(row) else -1 for row in rows),
        expiries=Expiries(
            coin=_ints(coin_number(underlying) for underlying, _ in dated),
            expiration_ns=_ints(expiration for _, expiration in dated),
            slot=_ints(slots.slot(*key) for key in dated),
        ),
        perpetual_rows=_ints(position[row.name] for row in perpetuals),
        perpetual_columns=_ints(PERPETUALS.index(row.name) for row in perpetuals),
        future_rows=_ints(position[row.name] for row in rows if row.kind is ListingKind.FUTURE),
        option_rows=_ints(position[row.name] for row in options),
        option_sign=np.array([1.0 if row.option_type is OptionType.CALL else -1.0 for row in options]),
        option_strike=np.array([row.strike for row in options], dtype=np.float64),
        option_inverse=np.array([row.inverse for row in options]),
    )


def _ints(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int64)


def _is_dated(row: Listing) -> bool:
    return row.kind in {ListingKind.FUTURE, ListingKind.OPTION}


def _underlying_index(row: Listing, listings: Mapping[str, Listing]) -> str:
    """Name of the future an option is priced on, Deribit's SYN. name where none is listed, else the index."""
    if row.kind is not ListingKind.OPTION:
        return row.index_name
    prefix = row.underlying if row.inverse else f"{row.underlying}_USDC"
    future = f"{prefix}-{expiry_tag(row.expiration_ns)}"
    return future if future in listings else f"SYN.{future}"
