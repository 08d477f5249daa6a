"""How a noun becomes canonical text and comes back: sorted JSON, exact decimals, nanoseconds UTC."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from hedging.errors import LedgerError

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def nanoseconds(at: datetime) -> int:
    """Whole nanoseconds from 1970 in UTC; raises LedgerError where ``at`` has no time zone.

    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000000
    """
    if at.tzinfo is None:
        raise LedgerError(f"the time {at.isoformat()} has no time zone: give it in UTC")
    return (at - EPOCH) // MICROSECOND * 1000


def utc(stored_nanoseconds: int) -> datetime:
    """Aware UTC time of stored nanoseconds."""
    return EPOCH + stored_nanoseconds // 1000 * MICROSECOND


def encode(noun: object) -> str:
    """Canonical JSON of a noun: keys sorted, decimals as text.

    Raises LedgerError naming the field where a number is not finite, a time has no zone, or a value
    has no JSON form: such a value would come back as another one.
    """
    name = type(noun).__name__
    flaw = _flaw(noun)
    if flaw:
        raise LedgerError(
            f"{name}{flaw}: it cannot be stored; pass a finite value (a time: with zone) or None"
        )
    try:
        return _ENCODER.encode(noun).decode()
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise LedgerError(f"{name} cannot be stored: {error}") from error


def decode(kind: type[T], text: str | bytes) -> T:
    """The noun that ``encode`` made ``text`` of; raises LedgerError where the text is not one."""
    decoder: msgspec.json.Decoder[T] | None = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise LedgerError(f"a stored {kind.__name__} cannot be read: {error}") from error


def _plain(value: object) -> object:
    """A float's subclass (numpy's among them) as the float it is."""
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"a {type(value).__name__} has no canonical form")


_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=_plain)


_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}
_FIELD_NAMES: dict[object, tuple[str, ...]] = {}
_HARMLESS = frozenset((str, int, bool, type(None), bytes))


def _flaw(value: object) -> str | None:
    """Where below ``value`` something is that JSON would silently change, and what; None if nowhere.

    The path is put together on the way back alone: a view holds thousands of numbers.
    """
    kind = type(value)
    if kind in _HARMLESS:
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f" is {value}"
    if isinstance(value, Decimal):
        return None if value.is_finite() else f" is {value}"
    if isinstance(value, datetime):
        return f" is a time without zone ({value.isoformat()})" if value.tzinfo is None else None
    for step, child in _children(value):
        flaw = _flaw(child)
        if flaw:
            return f"{step}{flaw}" if isinstance(step, str) else f"[{step}]{flaw}"
    return None


def _children(value: object) -> Iterable[tuple[str | int, object]]:
    """What ``value`` is made of, each with its step in a path (a position, a quoted key, a field)."""
    if isinstance(value, list | tuple | set | frozenset):
        return enumerate(value)
    if isinstance(value, Mapping):
        return ((f"[{key!r}]", child) for key, child in value.items())
    return ((f".{name}", getattr(value, name)) for name in _field_names(type(value)))


def _field_names(kind: Any) -> tuple[str, ...]:
    """Names of a dataclass' fields; none for any other class."""
    if kind not in _FIELD_NAMES:
        fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
        _FIELD_NAMES[kind] = tuple(field.name for field in fields)
    return _FIELD_NAMES[kind]
