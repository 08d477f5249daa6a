"""The life of a version of the terms, as pure transitions.

::

    PROPOSED ──approve──▶ IN_FORCE ──supersede──▶ SUPERSEDED
       │ │ └────supersede (another took effect)──────▲
       │ └──withdraw──▶ WITHDRAWN     by its author
       └────reject────▶ REJECTED      by risk

A version of the configuration file is in force from the start of the engine. Of a person's, the author
and the approver are two people. Anything else raises WorkflowError.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime

import msgspec

from hedging.errors import BadInput, WorkflowError
from hedging.model.limits import Limit, Measure, Scope
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.terms import (
    CONFIGURATION_FILE,
    START_OF_ENGINE,
    DeskTerms,
    Terms,
    TermsChange,
    TermsSource,
    TermsState,
    TermsVersion,
)

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(TermsChange)


def terms_of(rules: Rules) -> DeskTerms:
    """The part of the rules that people may change while the engine runs."""
    return DeskTerms(
        underlyings=tuple(
            Terms(
                underlying=item.underlying,
                numeraire=item.numeraire,
                band=item.band,
                smile=item.smile,
                limits=item.limits,
                max_order_coin=item.max_order_coin,
            )
            for item in rules.underlyings
        ),
        wider=rules.wider,
    )


def with_terms(rules: Rules, terms: DeskTerms) -> Rules:
    """The rules under these terms; raises WorkflowError where they speak of other underlyings."""
    items = []
    for item in rules.underlyings:
        own = terms.of(item.underlying)
        if own is None:
            raise WorkflowError(f"the terms say nothing of {item.underlying}")
        items.append(_under(item, own))
    return replace(rules, underlyings=tuple(items), wider=terms.wider)


def _under(item: UnderlyingRules, terms: Terms) -> UnderlyingRules:
    return replace(
        item,
        numeraire=terms.numeraire,
        band=terms.band,
        smile=terms.smile,
        limits=terms.limits,
        max_order_coin=terms.max_order_coin,
    )


def changed(terms: DeskTerms, change: TermsChange) -> DeskTerms:
    """The terms with a change made; raises WorkflowError where it names another underlying, or one twice."""
    names = [each.underlying for each in change.underlyings]
    unknown = [name for name in names if terms.of(name) is None]
    if unknown or len(set(names)) != len(names):
        raise WorkflowError(f"the change is of {', '.join(names)}: each underlying of the desk once")
    new = {each.underlying: each for each in change.underlyings}
    return DeskTerms(
        underlyings=tuple(new.get(each.underlying, each) for each in terms.underlyings),
        wider=terms.wider if change.wider is None else change.wider,
    )


def change_text(change: TermsChange) -> str:
    """A change as canonical JSON, the body of a command."""
    return _ENCODER.encode(change).decode()


def change_of(text: str) -> TermsChange:
    """The change that ``change_text`` made ``text`` of; raises BadInput where it is not exactly one."""
    try:
        found = _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadInput(f"the change of terms cannot be read: {error}") from error
    if change_text(found) != text:
        raise BadInput("the change of terms is not in its canonical form: it may say more than is understood")
    return found


def content_hash(number: int, based_on: int, terms: DeskTerms) -> str:
    """SHA-256 (hex) over exactly what a person approves: number, base and the whole terms."""
    return hashlib.sha256(_ENCODER.encode([number, based_on, terms])).hexdigest()


def from_file(terms: DeskTerms, last: TermsVersion | None, number: int, now: datetime) -> TermsVersion:
    """The configuration file's terms as a version in force; ``last`` is the one in force before."""
    based_on = last.number if last else 0
    return TermsVersion(
        number=number,
        based_on=based_on,
        at=now,
        source=TermsSource.FILE,
        author=CONFIGURATION_FILE,
        reason="the file has changed since it was read last" if last else "the first start of this book",
        state=TermsState.IN_FORCE,
        terms=terms,
        content_hash=content_hash(number, based_on, terms),
        approver=START_OF_ENGINE,
        approved_at=now,
    )


def propose(
    current: TermsVersion, change: TermsChange, author: str, reason: str, now: datetime, number: int
) -> TermsVersion:
    """A person's proposal to change the version in force, as version ``number``.

    Raises WorkflowError without a name or a reason, or where nothing would change.
    """
    if not plain_name(author):
        raise WorkflowError("a proposal needs the name of a person")
    if not reason.strip():
        raise WorkflowError("a proposal needs its reason in words")
    terms = changed(current.terms, change)
    if terms == current.terms:
        raise WorkflowError(f"nothing would change against version {current.number}")
    return TermsVersion(
        number=number,
        based_on=current.number,
        at=now,
        source=TermsSource.PERSON,
        author=author.strip(),
        reason=reason.strip(),
        state=TermsState.PROPOSED,
        terms=terms,
        content_hash=content_hash(number, current.number, terms),
    )


def approve(
    version: TermsVersion, current: TermsVersion, approver: str, seen: str, now: datetime
) -> TermsVersion:
    """Bring a proposal into force: exactly the one whose content hash ``seen`` was on the screen.

    Raises WorkflowError where it is not proposed, another version took effect since it was written, the
    content differs, or the approver is its author.
    """
    _require_open(version, "approve")
    _require_seen(version, seen)
    if version.based_on != current.number:
        raise WorkflowError(
            f"version {version.number} was written on version {version.based_on}, and version "
            f"{current.number} is in force since; propose it again"
        )
    if not plain_name(approver):
        raise WorkflowError("an approval needs the name of a person")
    if same_person(approver, version.author):
        raise WorkflowError(
            f"{version.author} proposed version {version.number}: a second person must approve it"
        )
    return replace(version, state=TermsState.IN_FORCE, approver=approver.strip(), approved_at=now)


def reject(version: TermsVersion, person: str, seen: str, reason: str, now: datetime) -> TermsVersion:
    """Turn a proposal down, with the reason."""
    _require_open(version, "reject")
    _require_seen(version, seen)
    if not (plain_name(person) and reason.strip()):
        raise WorkflowError("a rejection needs the name of a person and its reason in words")
    return _ended(version, TermsState.REJECTED, person.strip(), reason.strip(), now)


def withdraw(version: TermsVersion, person: str, seen: str, reason: str, now: datetime) -> TermsVersion:
    """Take one's own proposal back."""
    _require_open(version, "withdraw")
    _require_seen(version, seen)
    if not same_person(person, version.author):
        raise WorkflowError(f"{version.author} proposed version {version.number} and alone may withdraw it")
    return _ended(version, TermsState.WITHDRAWN, person.strip(), reason.strip() or "withdrawn", now)


def supersede(version: TermsVersion, by: TermsVersion, now: datetime) -> TermsVersion:
    """End a version that was in force, or waited, because another one took effect."""
    if version.state not in {TermsState.PROPOSED, TermsState.IN_FORCE}:
        raise WorkflowError(f"cannot supersede version {version.number}: it is {version.state}")
    why = f"version {by.number} by {by.author} took effect"
    return _ended(version, TermsState.SUPERSEDED, by.approver, why, now)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, whatever their case, their spaces, and characters nobody sees.

    >>> same_person("Ann Lee", "ann \u00a0LEE\u200b"), same_person("Ann Lee", "Ann Lie")
    (True, False)
    """
    return plain_name(one) == plain_name(other)


def plain_name(name: str) -> str:
    """A name as it is compared; empty where it names nobody."""
    shown = "".join(
        each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf"
    )
    return " ".join(unicodedata.normalize("NFKC", shown.casefold()).split())


def differences(before: DeskTerms, after: DeskTerms) -> tuple[str, ...]:
    """What changed, one sentence each; empty where nothing did."""
    found: list[str] = []
    for new in after.underlyings:
        old = before.of(new.underlying)
        if old is None:
            found.append(f"{new.underlying} is new")
        elif old != new:
            found += _differences(old, new)
    kept = {each.underlying for each in after.underlyings}
    found += [f"{old.underlying} is gone" for old in before.underlyings if old.underlying not in kept]
    return (*found, *_limit_differences(before.wider, after.wider))


def _differences(old: Terms, new: Terms) -> Iterator[str]:
    name = new.underlying
    if old.numeraire != new.numeraire:
        yield f"{name} numeraire: {old.numeraire.sentence} → {new.numeraire.sentence}"
    for field in fields(new.band):
        was, now = getattr(old.band, field.name), getattr(new.band, field.name)
        if was != now:
            yield f"{name} band {field.name}: {_plain(was)} → {_plain(now)}"
    if old.smile is not new.smile:
        yield f"{name} smile: {old.smile} → {new.smile}"
    if old.max_order_coin != new.max_order_coin:
        yield f"{name} largest order: {old.max_order_coin:,g} → {new.max_order_coin:,g} {name}"
    yield from _limit_differences(old.limits, new.limits)


def changed_limits(
    old: Sequence[Limit], new: Sequence[Limit]
) -> Iterator[tuple[Scope, Measure, Limit | None, Limit | None]]:
    """Scope, measure, and the limit before and after, of each that differs; None where there is none."""
    was = {(limit.scope, limit.measure): limit for limit in old}
    now = {(limit.scope, limit.measure): limit for limit in new}
    for place in dict.fromkeys((*was, *now)):
        one, other = was.get(place), now.get(place)
        if one != other:
            yield *place, one, other


def _limit_differences(old: tuple[Limit, ...], new: tuple[Limit, ...]) -> Iterator[str]:
    for scope, measure, one, other in changed_limits(old, new):
        unit = next(limit.unit for limit in (one, other) if limit)
        yield f"{scope.words} {measure} (soft / hard): {_bounds(one)} → {_bounds(other)} {unit}"


def _bounds(limit: Limit | None) -> str:
    return f"{limit.soft:,g} / {limit.hard:,g}" if limit else "none"


def _plain(value: object) -> str:
    return f"{value:,g}" if isinstance(value, float) else str(value)


def _require_open(version: TermsVersion, step: str) -> None:
    if version.state is not TermsState.PROPOSED:
        raise WorkflowError(f"cannot {step} version {version.number}: it is {version.state}")


def _require_seen(version: TermsVersion, seen: str) -> None:
    whole = content_hash(version.number, version.based_on, version.terms)
    if version.content_hash != whole:
        raise WorkflowError(f"version {version.number} does not match its own hash; it must not be used")
    if seen != whole:
        raise WorkflowError(f"version {version.number} is not what was on the screen; look at it again")


def _ended(version: TermsVersion, state: TermsState, person: str, note: str, now: datetime) -> TermsVersion:
    return replace(version, state=state, ended_by=person, ended_at=now, note=note)
