"""How numbers, times and outside words are written: the only place that scales to a desk's units."""

import html
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

MINUS = "\u2212"
UNKNOWN = "–"  # an en dash: unknown, never zero
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$:<&^=@/])")


def vega_per_point(vega_usd: float) -> float:
    """USD for one volatility point, from USD per 1.00 of volatility.

    >>> vega_per_point(125_000.0)
    1250.0
    """
    return vega_usd / 100


def theta_per_day(theta_usd: float) -> float:
    """USD a day, from USD a year of 365 days.

    >>> theta_per_day(-36_500.0)
    -100.0
    """
    return theta_usd / 365


def vega_from_point(vega_point: float) -> float:
    """USD per 1.00 of volatility, from USD for one volatility point.

    >>> vega_from_point(1250.0)
    125000.0
    """
    return vega_point * 100


def theta_from_day(theta_day: float) -> float:
    """USD a year of 365 days, from USD a day.

    >>> theta_from_day(-100.0)
    -36500.0
    """
    return theta_day * 365


def gamma_per_percent(gamma_coin: float) -> float:
    """Coin of delta for a move of 1 %, from coin per relative move of 1.

    >>> gamma_per_percent(-250.0)
    -2.5
    """
    return gamma_coin / 100


def signed(value: float | None, digits: int) -> str:
    """Signed number with thousands separators and a true minus; unknown stays unknown.

    >>> signed(1234.567, 2), signed(-0.5, 1), signed(None, 1), signed(-0.001, 2)
    ('+1,234.57', '−0.5', '–', '0.00')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def plain(value: float | None, digits: int) -> str:
    """Unsigned look: thousands separators, a minus only where negative.

    >>> plain(103410.5, 1), plain(-2.0, 0)
    ('103,410.5', '−2')
    """
    text = signed(value, digits)
    return text.removeprefix("+")


def decimal(value: Decimal) -> str:
    """Exact amount or price with thousands separators and no idle zeros.

    >>> decimal(Decimal("963610.0")), decimal(Decimal("103355.25")), decimal(Decimal("1E+3"))
    ('963,610', '103,355.25', '1,000')
    """
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def coin(value: float | None) -> str:
    """Signed coin amount with the digits that matter at its size.

    >>> coin(14.2134), coin(0.04567), coin(1520.0)
    ('+14.21', '+0.0457', '+1,520.0')
    """
    if value is None:
        return UNKNOWN
    size = abs(value)
    digits = 1 if size >= 1000 else 2 if size >= 1 else 4
    return signed(value, digits)


def usd(value: float | None) -> str:
    """Signed whole dollars.

    >>> usd(-1_463_210.4)
    '−1,463,210'
    """
    return signed(value, 0)


def compact_usd(value: float | None) -> str:
    """Signed dollars shortened to thousands or millions with three digits.

    >>> compact_usd(-1_463_210.0), compact_usd(84.0), compact_usd(25_400.0)
    ('−1.46 M', '+84', '+25.4 k')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    for bound, scale, unit in ((1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= bound:
            scaled = value / scale
            digits = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
            return f"{signed(scaled, digits)} {unit}"
    return signed(value, 0)


def price(value: float | None) -> str:
    """Price with the digits of its size; option prices in coin keep four.

    >>> price(103410.5), price(0.0345)
    ('103,410.5', '0.0345')
    """
    if value is None:
        return UNKNOWN
    size = abs(value)
    return plain(value, 1 if size >= 1000 else 2 if size >= 10 else 4)


def percent(value: float | None, digits: int = 1) -> str:
    """Fraction as per cent.

    >>> percent(0.634)
    '63.4 %'
    """
    return UNKNOWN if value is None else f"{plain(value * 100, digits)} %"


def chance(probability: float) -> str:
    """Probability in whole per cent, and never certain by rounding.

    >>> chance(0.604), chance(0.002), chance(0.9996), chance(1.0)
    ('60 %', 'below 1 %', 'above 99 %', '100 %')
    """
    if 0.995 <= probability < 1:
        return "above 99 %"
    return "below 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"


def ratio(value: float | None) -> str:
    """Hedge ratio with two digits; unknown where the book is too small to divide by.

    >>> ratio(0.8712), ratio(None)
    ('0.87', '–')
    """
    return plain(value, 2)


def clock_time(at: datetime | None) -> str:
    """Time of day in UTC, to the second.

    >>> clock_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '03:04:05'
    """
    return UNKNOWN if at is None else at.astimezone(UTC).strftime("%H:%M:%S")


def date_time(at: datetime | None) -> str:
    """Date and time in UTC.

    >>> date_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02 03:04:05'
    """
    return UNKNOWN if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def chart_time(at: datetime) -> str:
    """Time in UTC as a chart's axis takes it, to the millisecond.

    >>> chart_time(datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC))
    '2026-01-02 03:04:05.250'
    """
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def expiry(at: datetime | None) -> str:
    """Expiry as desks write it.

    >>> expiry(datetime(2026, 12, 25, 8, tzinfo=UTC))
    '25 Dec 26'
    """
    return "no expiry" if at is None else at.astimezone(UTC).strftime("%d %b %y").lstrip("0")


def milliseconds(at: datetime | None) -> int | None:
    """Milliseconds since 1970, as browsers count time."""
    return None if at is None else round(at.timestamp() * 1000)


def duration(span: timedelta) -> str:
    """Length of time in its two largest useful parts.

    >>> duration(timedelta(seconds=75)), duration(timedelta(seconds=4))
    ('1 min 15 s', '4 s')
    """
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_left(span: timedelta) -> str:
    """Time until something, in its two largest parts down to minutes.

    >>> time_left(timedelta(days=2, hours=13, minutes=4)), time_left(timedelta(seconds=75))
    ('2 d 13 h', '1 min')
    """
    minutes = max(0, int(span.total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {rest:02d} min" if hours else f"{minutes} min" if minutes else "below 1 min"


def number(value: float) -> str:
    """A bound as a person would write it: no idle zeros, thousands separated, a true minus.

    >>> number(-5.0), number(8_000_000.0), number(0.125), number(33333.333333)
    ('−5', '8,000,000', '0.125', '33,333.3333')
    """
    text = f"{abs(value):,.4f}".rstrip("0").rstrip(".")
    return text if value >= 0 or text == "0" else MINUS + text


def escape_html(text: str) -> str:
    """Outside words inside HTML: nothing in them is markup."""
    return html.escape(text, quote=True)


def escape_markdown(text: str) -> str:
    r"""Outside words inside a label: nothing in them is markdown, an image or a directive.

    >>> escape_markdown("![x](http://a)")
    '\\!\\[x\\]\\(http\\:\\/\\/a\\)'
    """
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))
