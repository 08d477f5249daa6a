"""Colours, dark and light: long is blue, short is orange and hatched, grey is unknown."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a figure's colour says; it never says it alone."""

    PLAIN = "plain"
    LONG = "long"
    SHORT = "short"
    NEAR = "near"
    BREACH = "breach"
    UNKNOWN = "unknown"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """One theme's colours by what they mean."""

    ground: str
    panel: str
    raised: str
    line: str
    grid: str
    text: str
    soft: str
    faint: str
    long: str
    short: str
    near: str
    breach: str
    breach_text: str
    good: str
    unknown: str
    accent: str
    third: str
    band: str
    live: str
    paper: str
    heat_short: str
    heat_mid: str
    heat_long: str
    heat_ink: str


DARK = Palette(
    ground="#0E1318",
    panel="#151C24",
    raised="#1D2630",
    line="#2A3440",
    grid="#222C37",
    text="#E3E9EF",
    soft="#9FADBB",
    faint="#6F7E8D",
    long="#56B4E9",
    short="#E69F00",
    near="#F0C84B",
    breach="#FFE9E4",
    breach_text="#7A0C00",
    good="#9FD6C0",
    unknown="#8A929B",
    accent="#56B4E9",
    third="#CC9BD9",
    band="rgba(86,180,233,0.13)",
    live="#FFFFFF",
    paper="#2D3B48",
    heat_short="#E69F00",
    heat_mid="#151C24",
    heat_long="#56B4E9",
    heat_ink="#0B1015",
)
LIGHT = Palette(
    ground="#F6F7F9",
    panel="#FFFFFF",
    raised="#EEF1F4",
    line="#D3DAE2",
    grid="#E6EAEF",
    text="#16202B",
    soft="#51606F",
    faint="#7D8A97",
    long="#0B6FA8",
    short="#A86400",
    near="#8A6A00",
    breach="#7A0C00",
    breach_text="#FFFFFF",
    good="#1F6B52",
    unknown="#79838D",
    accent="#0B6FA8",
    third="#8A4FA0",
    band="rgba(11,111,168,0.10)",
    live="#16202B",
    paper="#DDE5EC",
    heat_short="#E69F00",
    heat_mid="#FFFFFF",
    heat_long="#2E9BD6",
    heat_ink="#0B1015",
)


def token(name: str) -> str:
    """Stand-in for a colour in a figure; the browser replaces it by the theme's own.

    >>> token("long")
    '@long'

    Raises KeyError when the theme has no such colour.
    """
    if name not in Palette.__slots__:
        raise KeyError(f"the theme has no colour {name!r}")
    return f"@{name}"


def stylesheet() -> str:
    """Both palettes as CSS custom properties, chosen by the page's data-desk-theme."""
    blocks = []
    for selector, palette in ((":root", DARK), (':root[data-desk-theme="light"]', LIGHT)):
        lines = "".join(
            f"--desk-{name.replace('_', '-')}:{value};" for name, value in asdict(palette).items()
        )
        blocks.append(f"{selector}{{{lines}}}")
    return "\n".join(blocks)


def tone_of(value: float | None) -> Tone:
    """Tone of a signed figure.

    >>> tone_of(-1.0), tone_of(None)
    (<Tone.SHORT: 'short'>, <Tone.UNKNOWN: 'unknown'>)
    """
    if value is None:
        return Tone.UNKNOWN
    if value == 0:
        return Tone.PLAIN
    return Tone.LONG if value > 0 else Tone.SHORT
