"""The checks before an order as bars: how near each figure is to its bound, from the gates' own fields."""

import math
from dataclasses import dataclass

from components import format as fmt
from components.theme import Tone
from hedging.model.gates import OF_THE_ORDER, BoundKind, Reading
from hedging.model.view import ControlView, View

NEAR = 0.75  # share of a bound from which a figure is called near it
SHORTENED = 1_000_000.0  # dollars from which a figure is written in millions
NOT_TOLD = "the engine has not said yet what its checks compare"
_RANK = {Tone.BREACH: 0, Tone.UNKNOWN: 1, Tone.NEAR: 2, Tone.GOOD: 3, Tone.PLAIN: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one check: ``share`` of the way to its bound, None where there is no such way.

    ``value`` is raw in ``unit``; ``text`` and ``bound`` are written out with the unit.
    """

    underlying: str
    name: str
    text: str
    bound: str
    value: float | None
    unit: str
    share: float | None
    word: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check with its figures, the nearest first; word, share and tone are the nearest one's."""

    id: str
    control: str
    sentence: str
    share: float | None
    word: str
    tone: Tone
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """All checks, worst first, with what they come to in a sentence."""

    checks: tuple[Check, ...]
    finding: str
    tone: Tone
    empty: str = NOT_TOLD


def checks(view: View) -> Checks:
    """Every check of the view; one of several underlyings is one check with the figures of each."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for each in view.controls:
        figures = found.setdefault((each.control, each.sentence), [])
        figures += [figure(each, reading) for reading in each.readings]
    rows = sorted((_check(*name, figures) for name, figures in found.items()), key=_worst_first)
    finding, tone = _finding(rows)
    return Checks(checks=tuple(rows), finding=finding, tone=tone)


def _check(control: str, sentence: str, figures: list[Figure]) -> Check:
    nearest = sorted(figures, key=_worst_first)
    first = nearest[0] if nearest else None
    return Check(
        id=f"{control}-{sentence}".replace(" ", "-"),
        control=control,
        sentence=sentence,
        share=first.share if first else None,
        word=first.word if first else "asked of each order",
        tone=first.tone if first else Tone.PLAIN,
        figures=tuple(nearest),
    )


def _worst_first(each: Check | Figure) -> tuple[int, float]:
    return _RANK[each.tone], -(each.share or 0.0)


def figure(of: ControlView, reading: Reading) -> Figure:
    """One reading written out."""
    share, word, tone = _standing(reading)
    value = _finite(reading.value)
    return Figure(
        underlying=of.underlying,
        name=reading.name,
        text=_text(reading.value, reading.unit),
        bound=_bound(reading),
        value=value,
        unit=reading.unit,
        share=share,
        word=word,
        tone=tone,
    )


def _standing(reading: Reading) -> tuple[float | None, str, Tone]:
    """How near a figure is to its bound, in a share, a word and a tone."""
    value, bound = reading.value, reading.bound
    if value == OF_THE_ORDER:
        return None, OF_THE_ORDER, Tone.PLAIN
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None, "not known", Tone.UNKNOWN
    if bound is None:
        return None, "for information" if isinstance(value, str) else "no bound", Tone.PLAIN
    if isinstance(value, str) or isinstance(bound, str):
        same = value == bound
        return (0.0, "as it must be", Tone.GOOD) if same else (1.0, "not as it must be", Tone.BREACH)
    return _compared(value, bound, reading.kind)


def _compared(value: float, bound: float, kind: BoundKind) -> tuple[float | None, str, Tone]:
    """A number against its bound: beyond it, near it, or inside."""
    if not math.isfinite(bound):
        return None, "no bound", Tone.PLAIN
    size = abs(value) if kind is BoundKind.MOST else value
    beyond = size > bound if kind is BoundKind.MOST else size < bound
    share = _share(size, bound, kind)
    if beyond:
        return share, "BEYOND", Tone.BREACH
    if share >= NEAR:
        return share, "near", Tone.NEAR
    return share, "inside", Tone.GOOD


def _share(size: float, bound: float, kind: BoundKind) -> float:
    """Share of the way to the bound; a least of zero is reached at zero, a most of zero by anything."""
    if kind is BoundKind.LEAST:
        return bound / size if size > 0 else 1.0
    return size / bound if bound > 0 else float(size > 0)


def _finite(value: float | str | None) -> float | None:
    return value if isinstance(value, float | int) and math.isfinite(value) else None


def _bound(reading: Reading) -> str:
    if reading.bound is None:
        return ""
    if isinstance(reading.bound, str):
        return f"must be {reading.bound}"
    return f"{reading.kind} {_text(reading.bound, reading.unit)}"


def _text(value: float | str | None, unit: str) -> str:
    """A figure with its unit as a desk writes it; words stay words."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "not known"
    if unit.startswith("share of"):
        return f"{fmt.percent(value)} {unit.removeprefix('share ')}"
    if unit.startswith("USD") and abs(value) >= SHORTENED:
        number = fmt.compact_usd(value).removeprefix("+")
    else:
        number = _short(value)
    return f"{number} {unit}".rstrip()


def _short(value: float) -> str:
    """At most four digits that matter, and none that idle."""
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 0.1 else 4
    return fmt.number(round(value, digits))


def _finding(rows: list[Check]) -> tuple[str, Tone]:
    """What the checks come to in one sentence, and how serious it is."""
    beyond = sum(each.tone is Tone.BREACH for each in rows)
    unknown = sum(any(f.tone is Tone.UNKNOWN for f in each.figures) for each in rows)
    near = sum(each.tone is Tone.NEAR for each in rows)
    parts = [
        *([f"{beyond} {_are(beyond)} not met now"] if beyond else []),
        *([f"{unknown} {_are(unknown)} missing a figure"] if unknown else []),
        *([f"{near} {_are(near)} within a quarter of the bound"] if near else []),
    ]
    tone = Tone.BREACH if beyond else Tone.UNKNOWN if unknown else Tone.NEAR if near else Tone.GOOD
    said = ", ".join(parts) or "each is well inside its bound"
    return f"{len(rows)} checks before every order: {said}", tone


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
