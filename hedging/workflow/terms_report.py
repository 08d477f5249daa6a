"""The versions of the terms as text: what is in force, what waits, and the whole history."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from hedging.model.limits import Limit
from hedging.model.terms import DeskTerms, Terms, TermsState, TermsVersion
from hedging.workflow.terms import differences


def shown(versions: Sequence[TermsVersion]) -> str:
    """The version in force in full, and the changes that wait; ``versions`` newest first."""
    current = next((each for each in versions if each.state is TermsState.IN_FORCE), None)
    if current is None:
        return "no version of the terms is in force: no engine was started on this ledger yet"
    waiting = [each for each in versions if each.state is TermsState.PROPOSED]
    lines = [_head(current), *_terms(current.terms)]
    for each in waiting:
        lines += ["", *_entry(each, current)]
    return "\n".join(lines)


def history(versions: Sequence[TermsVersion]) -> str:
    """Every version with what it changed; ``versions`` newest first."""
    known = {each.number: each for each in versions}
    blocks = ["\n".join(_entry(each, known.get(each.based_on))) for each in versions]
    return "\n\n".join(blocks) or "there is no version of the terms yet"


def _entry(version: TermsVersion, base: TermsVersion | None) -> Iterator[str]:
    yield _head(version)
    if base is not None:
        yield from (f"  {each}" for each in differences(base.terms, version.terms))


def _head(version: TermsVersion) -> str:
    base = f", on version {version.based_on}" if version.based_on else ""
    parts = [
        f"version {version.number}, {version.state}: by {version.author}, {_time(version.at)}{base}",
        f"“{version.reason}”",
    ]
    if version.approver:
        parts.append(f"approved by {version.approver}, {_time(version.approved_at)}")
    if version.ended_at is not None:
        parts.append(f"ended by {version.ended_by}, {_time(version.ended_at)}: {version.note}")
    return "; ".join(parts)


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _terms(terms: DeskTerms) -> Iterator[str]:
    for each in terms.underlyings:
        yield from _underlying(each)
    if terms.wider:
        yield "accounts, venues and book"
        yield from map(_limit, terms.wider)


def _underlying(terms: Terms) -> Iterator[str]:
    band, name = terms.band, terms.underlying
    yield name
    yield f"  numeraire: {terms.numeraire.sentence}; smile: {terms.smile.sentence}"
    yield (
        f"  band: {band.lower:+g} to {band.upper:+g} {name}, centre {band.centre:+g}, hedged to the "
        f"{band.target}; largest order {terms.max_order_coin:g} {name}"
    )
    yield from map(_limit, terms.limits)


def _limit(limit: Limit) -> str:
    return f"  {limit.scope.words} {limit.measure}: soft {limit.soft:,g}, hard {limit.hard:,g} {limit.unit}"
