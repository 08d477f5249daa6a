"""The terms in a desk's words: one line each, and what a change makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from components import format as fmt
from components.limit_bars import exact, unit
from hedging.model.limits import Band, HedgeTarget, Limit
from hedging.model.terms import DeskTerms, Terms, TermsSource, TermsState, TermsVersion
from hedging.workflow.terms import changed_limits

NONE = "none"
_TARGETS = {
    HedgeTarget.CENTRE: "hedge to its centre",
    HedgeTarget.EDGE: "hedge to its edge",
}
STATE_WORDS = {
    TermsState.PROPOSED: "waits",
    TermsState.IN_FORCE: "in force",
    TermsState.REJECTED: "rejected",
    TermsState.WITHDRAWN: "withdrawn",
    TermsState.SUPERSEDED: "replaced",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One thing that differs: of which underlying or scope, what, and how it was and is to be."""

    of: str
    what: str
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """The change in one line.

        >>> Changed(of="BTC", what="band", before="−5 … +5 BTC", after="−3 … +3 BTC").sentence
        'BTC band: −5 … +5 BTC → −3 … +3 BTC'
        """
        return f"{self.of} {self.what}: {self.before} → {self.after}"


def band_words(band: Band, underlying: str) -> str:
    """A band with its unit, its centre where that is not the middle, and where a hedge ends."""
    return f"{band_edges(band, underlying)}, {target_words(band)}"


def target_words(band: Band) -> str:
    """Where a hedge ends."""
    if band.target is HedgeTarget.PART:
        return f"hedge {fmt.percent(band.share, 0)} of the way to its centre"
    return _TARGETS[band.target]


def band_edges(band: Band, underlying: str) -> str:
    """A band with its unit, and its centre where that is not the middle."""
    middle = (band.lower + band.upper) / 2
    off = abs(band.centre - middle) > 1e-9 * max(1.0, abs(middle))
    centre = f", centre {fmt.number(band.centre)}" if off else ""
    return f"{edges(band)} {underlying}{centre}"


def edges(band: Band) -> str:
    """Both edges, signed."""
    return " … ".join(("+" if edge > 0 else "") + fmt.number(edge) for edge in (band.lower, band.upper))


def limit_words(limit: Limit | None) -> str:
    """Both bounds of a limit in the desk's unit."""
    if limit is None:
        return NONE
    named = unit(limit.measure, limit.underlying or "USD")
    return f"soft {exact(limit, limit.soft)}, hard {exact(limit, limit.hard)} {named}"


def order_words(terms: Terms) -> str:
    """The largest single order."""
    return f"{fmt.number(terms.max_order_coin)} {terms.underlying}"


def changes(before: DeskTerms, after: DeskTerms) -> tuple[Changed, ...]:
    """Everything that differs between two sets of terms; empty where nothing does."""
    found: list[Changed] = []
    for new in after.underlyings:
        old = before.of(new.underlying)
        if old is None:
            found.append(Changed(of=new.underlying, what="terms", before=NONE, after="new"))
        elif old != new:
            found += _own(old, new)
    return (*found, *_limits(before.wider, after.wider))


def _own(old: Terms, new: Terms) -> Iterator[Changed]:
    name = new.underlying
    pairs = (
        ("numeraire", old.numeraire.sentence, new.numeraire.sentence),
        ("smile rule", old.smile.value, new.smile.value),
        ("band", band_edges(old.band, name), band_edges(new.band, name)),
        ("outside its band", target_words(old.band), target_words(new.band)),
        ("largest order", order_words(old), order_words(new)),
    )
    for what, was, now in pairs:
        if was != now:
            yield Changed(of=name, what=what, before=was, after=now)
    yield from _limits(old.limits, new.limits)


def _limits(old: tuple[Limit, ...], new: tuple[Limit, ...]) -> Iterator[Changed]:
    for scope, measure, one, other in changed_limits(old, new):
        yield Changed(of=scope.words, what=measure.value, before=limit_words(one), after=limit_words(other))


def who(version: TermsVersion) -> str:
    """Whose version it is: its author, and who approved it."""
    if version.source is TermsSource.FILE:
        return "from the configuration file"
    if not version.approver:
        return f"proposed by {version.author}"
    return f"proposed by {version.author}, approved by {version.approver}"


def fate(version: TermsVersion) -> str:
    """What became of a version, by whom and when; empty while it is in force or waits."""
    if version.ended_at is None:
        return ""
    by = f" by {version.ended_by}" if version.ended_by else ""
    why = f": {version.note}" if version.note else ""
    return f"{STATE_WORDS[version.state]}{by} at {fmt.date_time(version.ended_at)} UTC{why}"
