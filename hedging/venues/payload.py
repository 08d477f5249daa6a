"""Reading one field of a raw payload: a usable value, None where absent, or BadInput that names it."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

from hedging.errors import BadInput
from hedging.units import utc_from_milliseconds

Raw = Mapping[str, object]

LARGEST = 1e15  # nothing an exchange counts is larger: not an amount in USD, not a time in milliseconds
SMALLEST = 1e-15  # what is smaller and not 0 is noise, not a price or an amount
EARLIEST_MS = 1_262_304_000_000  # 2010-01-01
LATEST_MS = 7_258_118_400_000  # 2200-01-01
LONGEST_TEXT = 256

_NAMES = ("instrument_name", "currency", "index_name", "instId", "symbol", "s", "ccy", "coin", "asset")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class Payload:
    """One JSON object of an exchange; numbers may be numbers or text, ``None`` and ``""`` mean absent.

    ``kind`` says in error texts what was read ("ticker"). Every reader raises BadInput.
    """

    __slots__ = ("_kind", "_raw")

    def __init__(self, raw: object, kind: str) -> None:
        if not isinstance(raw, Mapping):
            raise BadInput(f"{kind}: expected a JSON object, got {_short(raw)}")
        self._raw: Raw = raw
        self._kind = kind

    def refuse(self, field: str, expected: str) -> NoReturn:
        """Raise BadInput that names the field, its value and the instrument."""
        name = next((self._raw[key] for key in _NAMES if self._raw.get(key)), None)
        subject = f" of {_short(name)}" if isinstance(name, str) else ""
        raise BadInput(
            f"{self._kind}{subject}: {field} is {_short(self._raw.get(field))}, expected {expected}"
        )

    def has(self, field: str) -> bool:
        """Whether the field was sent at all, be it empty."""
        return field in self._raw

    def value(self, field: str) -> object:
        """The value as sent, None where absent."""
        value = self._raw.get(field)
        return None if value == "" else value

    def optional_number(self, field: str) -> float | None:
        """A finite number, or None where absent."""
        value = self._raw.get(field)
        if value is None or value == "":
            return None
        number: float | int
        if type(value) is float or type(value) is int:
            number = value
        elif isinstance(value, str) and _NUMBER.fullmatch(value):
            number = float(value)
        else:
            self.refuse(field, "a number")
        if not -LARGEST <= number <= LARGEST:  # False for NaN too
            self.refuse(field, "a finite, plausible number")
        return float(number)

    def number(self, field: str) -> float:
        """A finite number."""
        number = self.optional_number(field)
        if number is None:
            self.refuse(field, "a number")
        return number

    def optional_positive(self, field: str) -> float | None:
        """A number above 0, or None where absent."""
        number = self.optional_number(field)
        if number is not None and number < SMALLEST:
            self.refuse(field, "a number above 0")
        return number

    def decimal(self, field: str) -> Decimal:
        """A finite number, exact as sent."""
        number = self.number(field)
        if number != 0 and abs(number) < SMALLEST:
            self.refuse(field, "a plausible number")
        value = self._raw[field]
        return Decimal(value if isinstance(value, str | int) else repr(value))

    def positive_decimal(self, field: str) -> Decimal:
        """A number above 0, exact as sent."""
        number = self.decimal(field)
        if number <= 0:
            self.refuse(field, "a number above 0")
        return number

    def text(self, field: str) -> str:
        """A text that is not empty."""
        text = self.optional_text(field)
        if not text:
            self.refuse(field, "a text")
        return text

    def optional_text(self, field: str) -> str:
        """A text, empty where absent."""
        value = self._raw.get(field)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
            self.refuse(field, "a printable text")
        return value

    def identifier(self, field: str) -> str:
        """A text or a whole number that names something."""
        value = self._raw.get(field)
        return str(value) if type(value) is int else self.text(field)

    def time(self, field: str) -> datetime:
        """Milliseconds since 1970 as an aware UTC time between 2010 and 2200."""
        milliseconds = self.number(field)
        if not EARLIEST_MS <= milliseconds <= LATEST_MS:
            self.refuse(field, "a time in milliseconds between 2010 and 2200")
        return utc_from_milliseconds(milliseconds)

    def optional_object(self, field: str) -> "Payload | None":
        """A JSON object, or None where absent."""
        value = self._raw.get(field)
        return None if value is None else Payload(value, f"{self._kind} {field}")


def _short(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**30:
        return "a huge integer"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
