"""How a noun becomes canonical text and comes back: sorted JSON, exact decimals, nanoseconds UTC."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
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
    for path, problem in _unstorable(noun, name):
        raise LedgerError(f"{path} is {problem}: it cannot be stored; pass a finite value or None")
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


def _field_names(noun: Any) -> tuple[str, ...]:
    kind = type(noun)
    if kind not in _FIELD_NAMES:
        _FIELD_NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _FIELD_NAMES[kind]


def _unstorable(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Path and description of each value below ``value`` that JSON would silently change."""
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path, str(value)
    elif isinstance(value, Decimal):
        if not value.is_finite():
            yield path, str(value)
    elif isinstance(value, datetime):
        if value.tzinfo is None:
            yield path, f"a time without zone ({value.isoformat()})"
    else:
        for name, child in _children(value):
            yield from _unstorable(child, f"{path}{name}")


def _children(value: object) -> Iterable[tuple[str, object]]:
    if dataclasses.is_dataclass(value):
        return ((f".{name}", getattr(value, name)) for name in _field_names(value))
    if isinstance(value, Mapping):
        return ((f"[{key!r}]", child) for key, child in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ((f"[{index}]", child) for index, child in enumerate(value))
    return ()
