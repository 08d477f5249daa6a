"""The terms in force, side by side for each underlying: a live table beside the bars."""

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.terms_words import band_words, order_words, who
from hedging.model.terms import DeskTerms, TermsVersion
from hedging.model.view import View

NO_TERMS = "the engine has not said yet which terms are in force"


def table(view: View) -> Table:
    """Numeraire, smile rule, band and largest order of each underlying; the limits are the bars beside it."""
    version = view.terms
    if version is None:
        return Table(columns=(), rows=(), empty=NO_TERMS)
    terms = version.terms
    columns = (
        Column(id="what", label="In force"),
        *(Column(id=each.underlying, label=each.underlying, wide=True) for each in terms.underlyings),
    )
    return Table(
        columns=columns,
        rows=_rows(terms),
        empty="no underlying is configured",
        caption=headline(version),
        foot=f"why: {version.reason}" if version.reason else "",
    )


def headline(version: TermsVersion) -> str:
    """Number, people and since when."""
    since = fmt.date_time(version.approved_at or version.at)
    return f"version {version.number}, {who(version)}, since {since} UTC"


def _rows(terms: DeskTerms) -> tuple[Row, ...]:
    def row(what: str, cells: list[str]) -> Row:
        return Row(id=what, cells=(Cell(what), *(Cell(text, text) for text in cells)))

    every = terms.underlyings
    return (
        row("numeraire", [each.numeraire.sentence for each in every]),
        row("smile rule", [f"{each.smile}: {each.smile.sentence}" for each in every]),
        row("band", [band_words(each.band, each.underlying) for each in every]),
        row("largest order", [order_words(each) for each in every]),
    )
