"""Parameters of a call: text from a query or values from JSON, read with the same strictness."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

import msgspec

from hedging.paper.refusal import Code, Refused

Choice = TypeVar("Choice", bound=StrEnum)


class Params:
    """The named parameters of one call. Every reader raises Refused (Invalid params) on a bad value."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    @property
    def fingerprint(self) -> str:
        """All parameters as one text: equal for equal parameters."""
        return repr(sorted(self._values.items()))

    def without(self, name: str) -> "Params":
        """The same parameters but one."""
        return Params({key: value for key, value in self._values.items() if key != name})

    def has(self, name: str) -> bool:
        """Whether the parameter was given and is not null."""
        return self._values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required when no default is given."""
        value = self._values.get(name)
        if value is None:
            if default is None:
                raise Refused(Code.INVALID_PARAMS, "value required", name)
            return default
        if isinstance(value, bool | list | dict):
            raise Refused(Code.INVALID_PARAMS, "must be a string", name)
        return str(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts; a single text counts as a list of one."""
        value = self._values.get(name)
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refused(Code.INVALID_PARAMS, "must be a list of strings", name)
        return list(value)

    def values(self, name: str) -> Mapping[str, object]:
        """An object; empty when it is not given."""
        value = self._values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise Refused(Code.INVALID_PARAMS, "must be an object", name)
        return value

    def numbers(self, name: str) -> dict[str, Decimal]:
        """An object of numbers by name; text is read as JSON. Empty when it is not given."""
        value = self._values.get(name)
        if value is None:
            return {}
        if isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except msgspec.DecodeError:
                value = None
        if not isinstance(value, dict):
            raise Refused(Code.INVALID_PARAMS, "must be an object of numbers", name)
        entries = Params(value)
        return {key: entries.decimal(key) for key in value}

    def decimal(self, name: str) -> Decimal:
        """A required finite number, exact."""
        value = self._values.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                number = Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite():
                return number
        raise Refused(Code.INVALID_PARAMS, "must be a number", name)

    def number(self, name: str) -> float:
        """A required finite number."""
        return float(self.decimal(name))

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number; required when no default is given."""
        if not self.has(name) and default is not None:
            return default
        number = self.decimal(name)
        if number != number.to_integral_value():
            raise Refused(Code.INVALID_PARAMS, "must be an integer", name)
        return int(number)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no; text ``true`` and ``false`` count."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise Refused(Code.INVALID_PARAMS, "must be true or false", name)

    def choice(self, name: str, kind: type[Choice], default: Choice) -> Choice:
        """One of the values of an enum."""
        text = self.text(name, default.value)
        try:
            return kind(text)
        except ValueError:
            allowed = ", ".join(item.value for item in kind)
            raise Refused(Code.INVALID_PARAMS, f"must be one of {allowed}", name) from None
