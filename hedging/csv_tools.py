"""Price a CSV file of options, or find the volatilities of a CSV file of prices.

Every row comes back with its own cells untouched and the new columns after them; a row that has no answer
has ``error`` filled and the other new cells blank. Coin-settled (``inverse``) rows carry no rate: premium and
pay-off are coins, so a rate other than 0 is refused instead of ignored. Numbers are written with 17
significant digits, from which the same double is read back.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from hedging.errors import BadInput, UnpriceableError
from hedging.pricing import black76, coin_numeraire
from hedging.pricing.arguments import FloatArray, Unpriceable, unpriceable
from hedging.pricing.implied_vol import NoVol, implied_vols

BLOCK = 16_384
"""Rows read, computed and written at a time."""

SIGNS = {"call": 1.0, "put": -1.0}
SETTLEMENTS = {"linear": False, "inverse": True}

USD_COLUMNS = (
    "price", "delta", "gamma", "vega", "theta", "vanna", "volga", "charm", "speed", "zomma", "color",
)  # fmt: skip
COIN_COLUMNS = ("price_coin", "delta_premium_adjusted", "gamma_coin", "vega_coin", "theta_coin")


@dataclass(frozen=True, slots=True)
class TableReport:
    """``rows`` read and how many of them were ``refused``."""

    rows: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Parsed rows: ``numbers`` forward, strike, years, vol or price, rate; NaN where ``errors`` speaks."""

    sign: FloatArray
    inverse: FloatArray
    numbers: tuple[FloatArray, ...]
    cells: list[list[str]]
    errors: list[str]

    def open_rows(self) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        """Rows without an error so far."""
        return np.flatnonzero(np.array([not error for error in self.errors], dtype=bool))


@dataclass(frozen=True, slots=True)
class _Tool:
    """One command: the name of its fourth number, the columns it adds, how it fills them."""

    fourth: str
    added: tuple[str, ...]
    answers: Callable[[_Block], list[list[str]]]

    @property
    def numbers(self) -> tuple[str, ...]:
        return ("forward", "strike", "years", self.fourth)


def price_table(rows_in: TextIO, out: TextIO) -> TableReport:
    """Copy a table of options from ``rows_in`` to ``out`` with price and Greeks.

    Columns in: kind (call|put), settlement (linear|inverse), forward, strike (USD), years (of 365 days), vol
    (fraction), optional rate (blank = 0). Columns added: ``USD_COLUMNS`` in USD, per 1.00 of volatility, per
    year; for inverse rows ``COIN_COLUMNS`` in coin; ``error``.

    Raises BadInput when the table as a whole cannot be read: no header, columns missing, twice or already
    present, broken quoting, bytes that are not UTF-8.
    """
    return _convert(rows_in, out, _PRICE)


def implied_table(rows_in: TextIO, out: TextIO) -> TableReport:
    """Copy a table of prices from ``rows_in`` to ``out`` with ``vol`` (fraction) and ``error``.

    Columns in: as ``price_table`` with price (USD, or coin for inverse rows) in place of vol.

    Raises BadInput as ``price_table`` does.
    """
    return _convert(rows_in, out, _IMPLIED)


def price_file(source: Path, out: Path | None, screen: TextIO) -> TableReport:
    """``price_table`` from a file to a file, or to ``screen`` where ``out`` is None.

    The file ``out`` appears whole or not at all. Raises BadInput also when a file cannot be read or written.
    """
    return _convert_file(source, out, screen, price_table)


def implied_file(source: Path, out: Path | None, screen: TextIO) -> TableReport:
    """``implied_table`` from a file to a file, as ``price_file``."""
    return _convert_file(source, out, screen, implied_table)


def _convert_file(
    source: Path, out: Path | None, screen: TextIO, convert: Callable[[TextIO, TextIO], TableReport]
) -> TableReport:
    try:
        with source.open(encoding="utf-8-sig", newline="") as rows_in:
            if out is None:
                return convert(rows_in, screen)
            return _convert_whole(rows_in, out, convert)
    except OSError as error:
        raise BadInput(
            f"cannot read {source} or write its answer: {error.strerror}; check path and rights"
        ) from error


def _convert_whole(
    rows_in: TextIO, out: Path, convert: Callable[[TextIO, TextIO], TableReport]
) -> TableReport:
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    path = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as partial:
            report = convert(rows_in, partial)
        path.chmod(0o644)
        path.replace(out)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
    return report


def _convert(rows_in: TextIO, out: TextIO, tool: _Tool) -> TableReport:
    reader = csv.reader(_without_mark(rows_in), strict=True)
    lines = _lines(reader)
    header = next(lines, None)
    if header is None:
        raise BadInput("the file is empty; its first line must name the columns")
    places = _places(header, tool)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*header, *tool.added, "error"])
    total = refused = 0
    while rows := list(islice(lines, BLOCK)):
        block = _parsed(rows, places, tool, len(header))
        answers = tool.answers(block)
        blank = [""] * len(tool.added)
        for cells, answer, error in zip(rows, answers, block.errors, strict=True):
            whole = (cells + [""] * (len(header) - len(cells)))[: len(header)]
            writer.writerow([*whole, *(blank if error else answer), error])
        total += len(rows)
        refused += sum(1 for error in block.errors if error)
    return TableReport(total, refused)


def _without_mark(rows_in: TextIO) -> Iterator[str]:
    """The lines without the byte-order mark that some editors put before the first."""
    for number, line in enumerate(rows_in):
        yield line if number else line.removeprefix("\ufeff")


def _lines(reader: "csv._reader") -> Iterator[list[str]]:  # type: ignore[name-defined]
    """Lines that hold something; a fault of the text becomes BadInput with its line number."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(f"line {reader.line_num} is not CSV: {error}; check its quotes") from error
        except UnicodeDecodeError as error:
            raise BadInput(
                f"the file is not UTF-8 near line {reader.line_num + 1}; save it as UTF-8"
            ) from error
        if cells:
            yield cells


def _places(header: list[str], tool: _Tool) -> list[int | None]:
    """Where kind, settlement, the four numbers and the optional rate stand."""
    names = [name.strip().lower() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise BadInput(f"the header names {', '.join(twice)} more than once; each column needs its own name")
    needed = ("kind", "settlement", *tool.numbers)
    missing = [name for name in needed if name not in names]
    if missing:
        raise BadInput(
            f"columns are missing: {', '.join(missing)}; the header has: {', '.join(header)}; "
            f"needed, separated by commas: {', '.join(needed)}, and optionally rate"
        )
    present = [name for name in (*tool.added, "error") if name in names]
    if present:
        raise BadInput(f"the file already has the columns {', '.join(present)}; rename or remove them")
    return [*(names.index(name) for name in needed), names.index("rate") if "rate" in names else None]


def _parsed(rows: list[list[str]], places: list[int | None], tool: _Tool, width: int) -> _Block:
    errors = [""] * len(rows)
    columns = [_column(rows, place) for place in places]
    names = ("kind", "settlement", *tool.numbers, "rate")
    sign = _words(columns[0], "kind", SIGNS, errors)
    inverse = _words(columns[1], "settlement", SETTLEMENTS, errors)
    numbers = tuple(
        _numbers(column, name, errors) for column, name in zip(columns[2:], names[2:], strict=True)
    )
    for row in np.flatnonzero((inverse == 1.0) & (numbers[-1] != 0)).tolist():
        errors[row] = errors[row] or (
            f"rate {columns[-1][row].strip()} on an inverse option: coin premium and pay-off carry no rate; "
            "set it to 0 or leave it blank"
        )
    for row, cells in enumerate(rows):  # last, since shifted cells make every other message misleading
        if len(cells) > width:
            errors[row] = (
                f"the row has {len(cells)} cells and the header {width} (left over: "
                f"{', '.join(cells[width:])}); quote a cell that holds a comma"
            )
    return _Block(sign, inverse, numbers, columns[2:], errors)


def _column(rows: list[list[str]], place: int | None) -> list[str]:
    if place is None:
        return ["0"] * len(rows)
    return [cells[place] if place < len(cells) else "" for cells in rows]


def _words(
    cells: list[str], name: str, meanings: dict[str, float] | dict[str, bool], errors: list[str]
) -> FloatArray:
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        meaning = meanings.get(cell.strip().lower())
        if meaning is not None:
            values[row] = meaning
        elif not errors[row]:
            errors[row] = f"{name} {cell!r} is unknown; write {' or '.join(meanings)}"
    return values


def _numbers(cells: list[str], name: str, errors: list[str]) -> FloatArray:
    """The cells as doubles; a blank rate is 0, any other blank is an error and never a number."""
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        try:
            values[row] = float(cell)
            wrong = "_" in cell
        except ValueError:
            wrong = True
        if not wrong:
            continue
        values[row] = np.nan
        if name == "rate" and not cell.strip():
            values[row] = 0.0
        elif not errors[row]:
            errors[row] = (
                f"{name} {cell!r} is not a number; write it with a decimal point"
                if cell.strip()
                else f"{name} is blank; fill it in"
            )
    return values


def _priced(block: _Block) -> list[list[str]]:
    width = len(USD_COLUMNS) + len(COIN_COLUMNS)
    values = np.full((len(block.errors), width), np.nan)
    codes = unpriceable(block.sign, *block.numbers)
    _note(block, codes, lambda code: Unpriceable(code).text, _PRICE_CULPRITS)
    rows = block.open_rows()
    try:
        values[rows] = _price_rows(block, rows)
    except UnpriceableError:  # one of them is out of range: find it
        for row in rows.tolist():
            try:
                values[row] = _price_rows(block, np.array([row]))[0]
            except UnpriceableError:
                block.errors[row] = Unpriceable.OUT_OF_RANGE.text
    return _written(values)


def _price_rows(block: _Block, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> FloatArray:
    sign, numbers = block.sign[rows], [column[rows] for column in block.numbers]
    greeks = black76.greeks(sign, *numbers)
    values = np.full((rows.size, len(USD_COLUMNS) + len(COIN_COLUMNS)), np.nan)
    for place, name in enumerate(USD_COLUMNS):
        values[:, place] = getattr(greeks, name)
    inverse = block.inverse[rows] == 1.0
    if inverse.any():
        coin = coin_numeraire.coin_greeks(sign[inverse], *(column[inverse] for column in numbers[:-1]))
        for place, name in enumerate(COIN_COLUMNS, start=len(USD_COLUMNS)):
            values[inverse, place] = getattr(coin, name)
    return values


def _implied(block: _Block) -> list[list[str]]:
    forward, strike, years, price, rate = block.numbers
    with np.errstate(all="ignore"):
        price_usd = np.where(block.inverse == 1.0, price * forward, price)
    found = implied_vols(block.sign, forward, strike, years, price_usd, rate)
    _note(block, found.refusal, lambda code: NoVol(code).text, _VOL_CULPRITS)
    return _written(found.vol[:, np.newaxis])


_PRICE_CULPRITS = {
    Unpriceable.FORWARD: 0,
    Unpriceable.STRIKE: 1,
    Unpriceable.YEARS_NOT_FINITE: 2,
    Unpriceable.EXPIRED: 2,
    Unpriceable.VOL: 3,
    Unpriceable.RATE: 4,
}
_VOL_CULPRITS = {
    NoVol.FORWARD: 0,
    NoVol.STRIKE: 1,
    NoVol.YEARS_NOT_FINITE: 2,
    NoVol.EXPIRED: 2,
    NoVol.RATE: 4,
} | dict.fromkeys(
    (
        NoVol.PRICE_NOT_FINITE, NoVol.NEGATIVE_PRICE, NoVol.ZERO_PRICE,
        NoVol.BELOW_INTRINSIC, NoVol.ABOVE_BOUND, NoVol.NO_INFORMATION,
    ),
    3,
)  # fmt: skip


def _note(
    block: _Block,
    codes: "np.ndarray[tuple[int, ...], np.dtype[np.int8]]",
    text: Callable[[int], str],
    culprits: "dict[Unpriceable, int] | dict[NoVol, int]",
) -> None:
    """Write the reason of every refused row, with the cell that it is about."""
    places = {int(code): place for code, place in culprits.items()}
    for row in np.flatnonzero(codes):
        code = int(codes[row])
        place = places.get(code)
        shown = f" (it is {block.cells[place][row].strip()})" if place is not None else ""
        block.errors[row] = block.errors[row] or text(code) + shown


def _written(values: FloatArray) -> list[list[str]]:
    """Cells with 17 significant digits; a value that does not exist is blank; -0 is 0."""
    return [["" if x != x else f"{x:.17g}" for x in row] for row in (values + 0.0).tolist()]  # noqa: PLR0124


_PRICE = _Tool("vol", (*USD_COLUMNS, *COIN_COLUMNS), _priced)
_IMPLIED = _Tool("price", ("vol",), _implied)
