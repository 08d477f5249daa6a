"""The same book under each numeraire, side by side: delta, what ±1 % does, and the hedge each asks for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.theme import Tone, tone_of
from hedging.errors import BadInput
from hedging.model.instrument import Instrument
from hedging.model.limits import Band, Numeraire
from hedging.model.smile import SmileRule
from hedging.model.view import UnderlyingView, View
from hedging.policy.sizing import amount_for, coins_of
from hedging.risk.numeraires import Hedging, Moved, NumeraireRow, side_by_side

EVERY = timedelta(seconds=1)
COMPARED_SHARE = 0.5  # the third row where the numeraire in force is one of the first two
NO_ACCOUNT = "what if"


@dataclass(frozen=True, slots=True)
class NoHedging:
    """Why no hedge can be sized."""

    reason: str


def smile_rule(view: View, underlying: str) -> SmileRule | None:
    """The smile rule in force; None while the terms are not known."""
    own = view.terms.terms.of(underlying) if view.terms else None
    return own.smile if own else None


def convention(view: View, underlying: str) -> str:
    """What a delta of the underlying is: its numeraire and smile rule; empty while neither is known."""
    found = next((each.exposure for each in view.underlyings if each.underlying == underlying), None)
    own = view.terms.terms.of(underlying) if view.terms else None
    numeraire = found.numeraire if found else own.numeraire if own else None
    words = (numeraire.sentence if numeraire else "", own.smile.value if own else "")
    return ", ".join(word for word in words if word)


def hedging_of(view: View, each: UnderlyingView, band: Band | None = None) -> Hedging | NoHedging:
    """What the underlying is hedged with now, under ``band`` or the one in force."""
    chosen = band or (each.drift.band if each.drift else None)
    if chosen is None:
        return NoHedging("the band is not known")
    market = next((one for one in view.hedges if one.instrument.name == each.hedge_instrument), None)
    mark = market.quote.mark if market and market.quote else None
    if market is None or mark is None or mark <= 0:
        return NoHedging(f"{each.hedge_instrument} has no price now")
    instrument = market.instrument
    account = next((p.account for p in view.positions if p.instrument.key == instrument.key), NO_ACCOUNT)
    return _hedging(account, instrument, mark, chosen)


def _hedging(account: str, instrument: Instrument, mark: float, band: Band) -> Hedging:
    exact = Decimal(str(mark))
    return Hedging(
        account=account,
        instrument=instrument,
        mark=mark,
        band=band,
        amount_for=lambda coins: amount_for(instrument, coins, mark),
        coins_of=lambda amount: float(coins_of(instrument, amount, exact)),
    )


def rows(view: View, each: UnderlyingView) -> tuple[NumeraireRow, ...] | NoHedging:
    """The three numeraires of this very view, or why there are none."""
    if each.exposure is None:
        return NoHedging("unknown until every position is valued")
    hedging = hedging_of(view, each)
    if isinstance(hedging, NoHedging):
        return hedging
    own = tuple(p for p in view.positions if p.instrument.underlying == each.underlying)
    share = each.exposure.numeraire.hedged_share
    try:
        return side_by_side(each.exposure, own, hedging, share if 0 < share < 1 else COMPARED_SHARE)
    except BadInput as error:
        return NoHedging(str(error))


class Paced:
    """Builds a table at most once a second of the view's own time, whoever asks; else hands out the last."""

    def __init__(self, build: Callable[[View, UnderlyingView], Table]) -> None:
        self._build = build
        self._kept: dict[str, tuple[datetime, object, Table]] = {}

    def table(self, view: View, each: UnderlyingView) -> Table:
        """The table of this view, or of one that is younger than a second under the same terms."""
        kept = self._kept.get(each.underlying)
        terms = (view.terms.number if view.terms else 0, each.exposure is None)
        if kept is not None and kept[1] == terms and timedelta(0) <= view.at - kept[0] < EVERY:
            return kept[2]
        made = self._build(view, each)
        self._kept[each.underlying] = (view.at, terms, made)
        return made


def table(view: View, each: UnderlyingView) -> Table:
    """The panel: one row for the book as it is, then one for each numeraire."""
    name = each.underlying
    found = rows(view, each)
    columns = _columns(name)
    if isinstance(found, NoHedging):
        return Table(columns=columns, rows=(), empty=found.reason)
    chosen = each.exposure.numeraire if each.exposure else None
    rule = smile_rule(view, name)
    basis = f"{name}, {rule}; " if rule else f"{name}; "
    return Table(
        columns=columns,
        rows=(_now(found[0]), *(_row(one, chosen, _amount_unit(view, each)) for one in found)),
        empty="",
        caption=f"{basis}each row after its own hedge with {each.hedge_instrument}; "
        f"at {fmt.clock_time(view.at)} UTC",
    )


def _columns(name: str) -> tuple[Column, ...]:
    return (
        Column(id="numeraire", label="Numeraire"),
        Column(id="delta", label="Delta", unit=name, number=True),
        Column(id="hedge", label="Hedge it asks for", unit=name, number=True),
        Column(id="amount", label="Order"),
        Column(id="down_coin", label="Spot −1 %", unit=name, number=True),
        Column(id="down_usd", label="", unit="USD", number=True),
        Column(id="up_coin", label="Spot +1 %", unit=name, number=True),
        Column(id="up_usd", label="", unit="USD", number=True),
    )


def _now(first: NumeraireRow) -> Row:
    note = "what the move does to the book before any hedge; the same whatever is counted"
    blank = Cell("")
    return Row(
        id="now",
        cells=(Cell("the book as it is", note=note), blank, blank, blank, *_moves(first.down, first.up)),
    )


def _amount_unit(view: View, each: UnderlyingView) -> str:
    named = (one.instrument for one in view.hedges if one.instrument.name == each.hedge_instrument)
    return next((instrument.amount_label for instrument in named), "")


def _row(row: NumeraireRow, chosen: Numeraire | None, unit: str) -> Row:
    mine = row.numeraire == chosen
    words = row.numeraire.sentence
    named = (
        Cell(f"● {words}", words, Tone.GOOD, "in force") if mine else Cell(words, words, note="not in force")
    )
    hedge = Cell(fmt.coin(row.hedge_coin), row.hedge_coin, tone_of(row.hedge_coin))
    if not row.hedge_amount:
        hedge = replace(hedge, text="none")
    return Row(
        id=f"share-{row.numeraire.hedged_share:g}{'-chosen' if mine else ''}",
        cells=(
            named,
            Cell(fmt.coin(row.delta), row.delta, tone_of(row.delta)),
            hedge,
            _order(row, unit),
            *_moves(row.down_hedged, row.up_hedged),
        ),
    )


def _order(row: NumeraireRow, unit: str) -> Cell:
    if not row.hedge_amount:
        return Cell("inside the band", 0.0)
    side = "buy" if row.hedge_amount > 0 else "sell"
    return Cell(f"{side} {fmt.decimal(abs(row.hedge_amount))} {unit}", float(row.hedge_amount))


def _moves(down: Moved, up: Moved) -> tuple[Cell, ...]:
    return tuple(
        Cell(written, value, tone_of(value))
        for moved in (down, up)
        for value, written in ((moved.coin, fmt.coin(moved.coin)), (moved.usd, fmt.usd(moved.usd)))
    )
