"""A book in two CSV files: written from a snapshot, and valued from them with the engine's own code.

``positions`` holds what is held and owed (positions, balances, known gaps), ``market`` the instruments with
their marks; columns and units in docs/offline.md. A blank cell is a value that is not known: it becomes a
Gap. A cell that cannot be a value is refused with its line. Numbers are written so that the same double is
read.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import inf, isfinite
from pathlib import Path
from typing import TypeVar

from hedging.decide import Assessment, assess
from hedging.errors import BadInput
from hedging.model.book import Balance, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.limits import Band, HedgeTarget, Numeraire
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Gap, GapReason, Snapshot

POSITION_COLUMNS = (
    "row", "account", "name", "amount", "floating_pnl", "reason", "underlying", "detail",
)  # fmt: skip
MARKET_COLUMNS = (
    "as_of", "received_at", "venue", "instrument", "kind", "settlement", "underlying", "settlement_currency",
    "amount_unit", "multiplier", "lot", "minimum", "tick", "expiry", "strike", "option_kind", "hedge",
    "mark", "index", "forward", "iv",
)  # fmt: skip
LARGEST = 1e15  # no amount or price is larger
HIGHEST_VOL = 20.0  # 2,000 %: above it a percentage was written for a fraction
FARTHEST = 3.0  # times the index, up or down, that a forward or a future's mark may lie
NO_BAND = Band(lower=0.0, centre=0.0, upper=0.0, target=HedgeTarget.CENTRE)

_E = TypeVar("_E", bound=Enum)


class RowKind(Enum):
    """What a row of the positions file is."""

    POSITION = "position"
    BALANCE = "balance"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Book:
    """What the two files say; ``hedges``: the hedging instrument of each underlying that has one."""

    snapshot: Snapshot
    hedges: Mapping[str, Instrument]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a file: where it stands, and its cells by the name of their column."""

    place: str
    cells: Mapping[str, str]

    def text(self, name: str) -> str:
        """The cell, which must not be blank."""
        if not self.cells[name]:
            raise BadInput(f"{self.place}: {name} is blank; fill it in")
        return self.cells[name]

    def number(self, name: str) -> float | None:
        """The cell as a double, None where it is blank; NaN stays NaN and becomes a gap."""
        cell = self.cells[name]
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            value = LARGEST * 10
        if "_" in cell or (isfinite(value) and abs(value) > LARGEST):
            raise BadInput(f"{self.place}: {name} {cell!r} is no plausible number; write it with a point")
        return value

    def decimal(self, name: str) -> Decimal:
        """The cell as an exact number, which must be there; NaN stays NaN and becomes a gap."""
        self.number(name)
        try:
            return Decimal(self.text(name))
        except InvalidOperation as error:
            raise BadInput(f"{self.place}: {name} {self.cells[name]!r} is not a number") from error

    def positive(self, name: str) -> Decimal:
        """The cell as an exact number above 0."""
        value = self.decimal(name)
        if not (value.is_finite() and value > 0):
            raise BadInput(f"{self.place}: {name} is {value}; it must be above 0")
        return value

    def time(self, name: str) -> datetime:
        """The cell as a time with its zone."""
        try:
            value = datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise BadInput(
                f"{self.place}: {name} {self.cells[name]!r} is not a time; write 2026-11-22T12:00:00+00:00"
            ) from error
        if value.tzinfo is None:
            raise BadInput(f"{self.place}: {name} {self.cells[name]!r} has no time zone; add +00:00")
        return value

    def word(self, name: str, kind: type[_E]) -> _E:
        """The cell as one of the words of ``kind``."""
        for member in kind:
            if self.text(name).lower() == str(member.value).lower():
                return member
        known = ", ".join(str(member.value) for member in kind)
        raise BadInput(f"{self.place}: {name} {self.cells[name]!r} is unknown; write one of: {known}")


def export_book(snapshot: Snapshot, hedges: Sequence[Instrument] = ()) -> tuple[str, str]:
    """The texts of the positions and the market file that hold ``snapshot``.

    ``hedges``: the hedging instrument of each underlying, also where none of it is held; it gives the
    index of the underlying. Gaps go along, so that nothing is known offline that was not known on screen.
    """
    held = {position.instrument.key: position.instrument for position in snapshot.positions}
    instruments = {**held, **{instrument.key: instrument for instrument in hedges}}
    marked = frozenset(instrument.key for instrument in hedges)
    shared = Counter(instrument.name for instrument in instruments.values())
    rows = [
        *(
            ("position", p.account, name, str(p.amount), _finite(p.floating_pnl), "", "", "")
            for p in snapshot.positions
            for name in (_called(p.instrument, shared),)
        ),
        *(("balance", b.account, b.currency, _cell(b.equity), "", "", "", "") for b in snapshot.equities),
        *(("gap", "", g.what, "", "", g.reason.value, g.underlying or "", g.detail) for g in snapshot.gaps),
    ]
    market = [
        _market_row(snapshot, instrument, hedge="yes" if key in marked else "no")
        for key, instrument in sorted(instruments.items())
    ]
    return _csv(POSITION_COLUMNS, rows), _csv(MARKET_COLUMNS, market)


def _called(instrument: Instrument, shared: Mapping[str, int]) -> str:
    """Its name, and the venue before it where another venue of the book has the same name."""
    return instrument.key if shared[instrument.name] > 1 else instrument.name


def read_book(positions: Path, market: Path) -> Book:
    """The book in two files.

    Raises BadInput where a file is absent, empty or no CSV, where a column is missing, and where a row is
    there twice or cannot be what it says. What is merely not known becomes a Gap of the snapshot or, where
    a mark is concerned, of its valuation.
    """
    return parsed_book(_text(positions), _text(market), positions.name, market.name)


def parsed_book(
    positions: str, market: str, positions_name: str = "positions", market_name: str = "market"
) -> Book:
    """As ``read_book``, from the texts of the files."""
    market_rows = _rows(market, market_name, MARKET_COLUMNS)
    at = market_rows[0].time("as_of")
    listed = _listed(market_rows)
    called = _by_name(listed.instruments)
    held: dict[tuple[RowKind, str, str], Position | Balance] = {}
    gaps: list[Gap] = []
    for row in _rows(positions, positions_name, POSITION_COLUMNS):
        kind = row.word("row", RowKind)
        if kind is RowKind.GAP:
            gaps.append(_gap(row))
            continue
        account, name = row.text("account"), row.text("name")
        instrument = _only(called[name], row) if kind is RowKind.POSITION and name in called else None
        key = (kind, account, instrument.key if instrument else name)
        if key in held:
            raise BadInput(f"{row.place}: the {kind.value} {name} of {account} is there twice; leave one")
        if kind is RowKind.BALANCE:
            held[key] = _balance(row, at)
        elif instrument is not None:
            held[key] = _position(row, instrument, at)
        else:
            detail = f"{name} is held by {account} and not in {market_name}"
            gaps.append(Gap(what=name, reason=GapReason.UNKNOWN_INSTRUMENT, detail=detail, underlying=None))
    found = Snapshot(
        at=at,
        positions=tuple(item for item in held.values() if isinstance(item, Position)),
        balances=tuple(item for item in held.values() if isinstance(item, Balance)),
        quotes=listed.quotes,
        gaps=tuple(gaps),
    )
    return Book(found, _with_default_hedges(listed.instruments.values(), listed.hedges))


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a market file says, by instrument key; the hedge by underlying."""

    instruments: dict[str, Instrument]
    quotes: dict[str, Quote]
    hedges: dict[str, Instrument]


def _listed(rows: Sequence[_Row]) -> _Listed:
    listed = _Listed({}, {}, {})
    for row in rows:
        if row.time("as_of") != rows[0].time("as_of"):
            raise BadInput(f"{row.place}: as_of differs from the first row's; a market is of one instant")
        instrument = _instrument(row)
        if instrument.key in listed.instruments:
            raise BadInput(f"{row.place}: {instrument.name} is there twice; leave one row")
        listed.instruments[instrument.key] = instrument
        quote = _quote(row, instrument)
        if quote is not None:
            listed.quotes[instrument.key] = quote
        if _yes(row, "hedge"):
            other = listed.hedges.setdefault(instrument.underlying, instrument)
            if other != instrument:
                hedge = f"{other.name} is marked as hedge of {instrument.underlying} already"
                raise BadInput(f"{row.place}: {hedge}")
    return listed


def offline_assessment(book: Book, numeraire: Numeraire) -> Assessment:
    """Value ``book`` with the engine's own chain, under one numeraire for every underlying."""
    underlyings = []
    for underlying, hedge in sorted(book.hedges.items()):
        accounts = sorted(
            position.account
            for position in book.snapshot.positions
            if position.instrument.underlying == underlying
        )
        owners = sorted(b.account for b in book.snapshot.balances if b.currency == underlying)
        underlyings.append(
            UnderlyingRules(
                underlying=underlying,
                account=next(iter([*owners, *accounts]), ""),
                venue=hedge.venue,
                hedge_instrument=hedge.name,
                numeraire=numeraire,
                band=NO_BAND,
                limits=(),
                max_order_coin=0.0,
            )
        )
    return assess(book.snapshot, Rules(underlyings=tuple(underlyings)))


def _market_row(snapshot: Snapshot, instrument: Instrument, hedge: str) -> tuple[str, ...]:
    quote = snapshot.quotes.get(instrument.key)
    marks = (None,) * 4 if quote is None else (quote.mark, quote.index, quote.forward, quote.iv)
    return (
        snapshot.at.isoformat(),
        "" if quote is None else quote.received_at.isoformat(),
        instrument.venue,
        instrument.name,
        instrument.kind.value,
        instrument.settlement.value,
        instrument.underlying,
        instrument.settlement_currency,
        instrument.amount_unit.value,
        str(instrument.multiplier),
        str(instrument.lot),
        str(instrument.minimum),
        str(instrument.tick),
        "" if instrument.expiry is None else instrument.expiry.isoformat(),
        _cell(instrument.strike),
        "" if instrument.option_kind is None else instrument.option_kind.name.lower(),
        hedge,
        *map(_cell, marks),
    )


def _instrument(row: _Row) -> Instrument:
    kind = row.word("kind", Kind)
    option = kind is Kind.OPTION
    for name, wanted in (
        ("expiry", kind in {Kind.OPTION, Kind.FUTURE}),
        ("strike", option),
        ("option_kind", option),
    ):
        if wanted is not bool(row.cells[name]):
            verb = "needs" if wanted else "has no"
            raise BadInput(f"{row.place}: {row.cells['instrument']}, a {kind.value}, {verb} {name}")
    sign = row.cells["option_kind"].upper()
    if option and sign not in OptionKind.__members__:
        raise BadInput(f"{row.place}: option_kind {row.cells['option_kind']!r} is unknown; call or put")
    return Instrument(
        venue=row.text("venue"),
        name=row.text("instrument"),
        symbol="",
        kind=kind,
        settlement=row.word("settlement", Settlement),
        underlying=row.text("underlying"),
        settlement_currency=row.text("settlement_currency"),
        amount_unit=row.word("amount_unit", AmountUnit),
        multiplier=row.positive("multiplier"),
        lot=row.positive("lot"),
        minimum=row.positive("minimum"),
        tick=row.positive("tick"),
        expiry=row.time("expiry") if row.cells["expiry"] else None,
        strike=float(row.positive("strike")) if option else None,
        option_kind=OptionKind[sign] if option else None,
    )


def _quote(row: _Row, instrument: Instrument) -> Quote | None:
    mark, index, forward, iv = (row.number(name) for name in ("mark", "index", "forward", "iv"))
    if iv is not None and iv > HIGHEST_VOL and isfinite(iv):
        raise BadInput(f"{row.place}: iv {iv:g} is above {HIGHEST_VOL:g}; give a fraction (0.6 for 60 %)")
    compared = [("forward", forward)] if instrument.kind is Kind.OPTION else [("mark", mark)]
    for name, value in compared:
        if value is None or index is None or not (0.0 < index < inf and 0.0 < value < inf):
            continue
        if not index / FARTHEST <= value <= index * FARTHEST:
            raise BadInput(f"{row.place}: {name} {value:g} and index {index:g} do not belong together (USD)")
    if not row.cells["received_at"]:
        return None
    received = row.time("received_at")
    return Quote(
        venue=instrument.venue,
        instrument=instrument.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=mark,
        index=index,
        forward=forward,
        iv=iv,
        venue_delta=None,
        venue_at=received,
        received_at=received,
        touch_received_at=received,
    )


def _position(row: _Row, instrument: Instrument, at: datetime) -> Position:
    floating = row.number("floating_pnl")
    if floating is not None and not isfinite(floating):
        raise BadInput(f"{row.place}: floating_pnl is {floating}; leave it blank where it is not known")
    return Position(
        account=row.text("account"),
        instrument=instrument,
        amount=row.decimal("amount"),
        average_price=None,
        floating_pnl=floating,
        venue_delta=None,
        received_at=at,
    )


def _balance(row: _Row, at: datetime) -> Balance:
    """Equity alone: it is all that an exposure takes from a balance. NaN there becomes a gap."""
    equity = float(row.decimal("amount"))
    return Balance(
        account=row.text("account"),
        currency=row.text("name"),
        equity=equity,
        available=equity,
        initial_margin=0.0,
        maintenance_margin=0.0,
        delta_total=(),
        received_at=at,
    )


def _gap(row: _Row) -> Gap:
    return Gap(
        what=row.text("name"),
        reason=row.word("reason", GapReason),
        detail=row.text("detail"),
        underlying=row.cells["underlying"] or None,
    )


def _by_name(instruments: Mapping[str, Instrument]) -> Mapping[str, Sequence[Instrument]]:
    """Every way a position may call its instrument: by its key, and by the venue's name alone."""
    called: dict[str, list[Instrument]] = {}
    for key, instrument in instruments.items():
        called.setdefault(key, []).append(instrument)
        called.setdefault(instrument.name, []).append(instrument)
    return called


def _only(found: Sequence[Instrument], row: _Row) -> Instrument:
    if len(found) > 1:
        keys = " or ".join(instrument.key for instrument in found)
        raise BadInput(f"{row.place}: {found[0].name} is listed by several venues; write {keys}")
    return found[0]


def _with_default_hedges(
    instruments: Iterable[Instrument], hedges: dict[str, Instrument]
) -> dict[str, Instrument]:
    """Where none is marked, an underlying's index comes with its perpetual, else with its first row."""
    for instrument in sorted(instruments, key=lambda each: each.kind is not Kind.PERPETUAL):
        hedges.setdefault(instrument.underlying, instrument)
    return hedges


def _yes(row: _Row, name: str) -> bool:
    word = row.cells[name].lower()
    if word not in {"yes", "no", ""}:
        raise BadInput(f"{row.place}: {name} {row.cells[name]!r} is unknown; write yes or no")
    return word == "yes"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}; check path and rights") from error


def _rows(text: str, name: str, columns: tuple[str, ...]) -> list[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except csv.Error as error:
        raise BadInput(f"{name}, line {reader.line_num}, is not CSV: {error}; check its quotes") from error
    if not lines:
        raise BadInput(f"{name} is empty; its first line must name the columns {', '.join(columns)}")
    header = [cell.lower() for cell in lines[0][1]]
    missing = [column for column in columns if column not in header]
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if missing or twice:
        raise BadInput(
            f"{name}: columns missing: {', '.join(missing) or 'none'}; there more than once: "
            f"{', '.join(twice) or 'none'}; needed: {', '.join(columns)}"
        )
    if len(lines) == 1:
        raise BadInput(f"{name} has no rows under its header: that is no book")
    rows = []
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise BadInput(f"{name}, line {number}: {len(cells)} cells under {len(header)} columns")
        rows.append(_Row(f"{name}, line {number}", dict(zip(header, cells, strict=True))))
    return rows


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _finite(value: float | None) -> str:
    """A profit that is no number is not known."""
    return _cell(value) if value is not None and isfinite(value) else ""
