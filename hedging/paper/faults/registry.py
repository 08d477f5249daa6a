"""Every fault there is, found by looking into this folder, and those that are switched on."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields
from decimal import Decimal
from enum import StrEnum
from functools import cache

from hedging.errors import BadInput
from hedging.paper import faults
from hedging.paper.faults.base import Call, CallFault, Fault, Wire


@dataclass(frozen=True, slots=True)
class FaultParameter:
    """A field of a fault: its name, the kind of value (bool, int, float, or the choices), its default."""

    name: str
    kind: str
    default: str | float | bool


def _default(item: Field[object]) -> str | float | bool:
    if isinstance(item.default, str | float | bool | int):
        return item.default
    raise BadInput(f"the parameter {item.name} of a fault needs a plain default")


@cache
def known_faults() -> Mapping[str, type[Fault]]:
    """Every fault by name."""
    found: dict[str, type[Fault]] = {}
    for module_info in pkgutil.iter_modules(faults.__path__):
        module = importlib.import_module(f"{faults.__name__}.{module_info.name}")
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, Fault) and item.name:
                found[item.name] = item
    return found


def fault_parameters(kind: type[Fault]) -> list[FaultParameter]:
    """What can be chosen about a fault."""
    return [FaultParameter(item.name, _kind(_default(item)), _default(item)) for item in fields(kind)]


def make_fault(name: str, values: Mapping[str, object]) -> Fault:
    """Build a fault from outside values. Raises BadInput for an unknown name, parameter or value."""
    kinds = known_faults()
    if name not in kinds:
        raise BadInput(f"there is no fault {name!r}; known are {', '.join(sorted(kinds))}")
    defaults = {item.name: _default(item) for item in fields(kinds[name])}
    unknown = sorted(set(values) - set(defaults))
    if unknown:
        raise BadInput(f"the fault {name} has no parameter {unknown[0]!r}; it has {sorted(defaults)}")
    converted = {key: _converted(key, value, defaults[key]) for key, value in values.items()}
    return kinds[name](**converted)


def _kind(default: object) -> str:
    if isinstance(default, StrEnum):
        return "|".join(item.value for item in type(default))
    return type(default).__name__


def _converted(name: str, value: object, default: object) -> object:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
    elif isinstance(default, StrEnum):
        if value in [item.value for item in type(default)]:
            return type(default)(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = int(value) if isinstance(default, int) else float(value)
        if number == value:
            return number
    raise BadInput(f"{name}={value!r} does not fit: it must be {_kind(default)}")


class Switchboard:
    """The faults that are on."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}
        self._hits: dict[str, int] = {}

    @property
    def on(self) -> list[Fault]:
        """Faults that are on, in the order they were switched."""
        return list(self._on.values())

    def hits(self, name: str) -> int:
        """How many calls a fault has touched since it was switched on."""
        return self._hits.get(name, 0)

    def set(self, fault: Fault) -> None:
        """Switch a fault on, replacing an earlier setting of the same name."""
        self._on[fault.name] = fault
        self._hits[fault.name] = 0

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        for key in [key for key in self._on if name in (None, key)]:
            del self._on[key]

    def before(self, call: Call) -> Wire:
        """Fate of a call that has arrived: the first fault that objects decides."""
        return self._first((fault, fault.before(call)) for fault in self.on)

    def after(self, call: Call) -> Wire:
        """Fate of an answer: the first fault that objects decides."""
        return self._first((fault, fault.after(call)) for fault in self.on)

    def freezes(self, channel: str) -> bool:
        """Whether messages of ``channel`` are withheld."""
        return any(fault.freezes(channel) for fault in self._on.values())

    @property
    def freezes_rest(self) -> bool:
        """Whether REST market data is old."""
        return any(fault.freezes_rest for fault in self._on.values())

    @property
    def refuses_connections(self) -> bool:
        """Whether websockets are refused."""
        return any(fault.refuses_connections for fault in self._on.values())

    @property
    def fill_share(self) -> Decimal:
        """Share of an order that may trade."""
        return min((fault.fill_share for fault in self._on.values()), default=Decimal(1))

    def _first(self, fates: Iterable[tuple[Fault, Wire]]) -> Wire:
        """First fate that is not PROCEED, counted; a fault with ``times`` ends itself after the last."""
        for fault, wire in fates:
            if wire is Wire.PROCEED:
                continue
            self._hits[fault.name] += 1
            if isinstance(fault, CallFault) and 0 < fault.times <= self._hits[fault.name]:
                self.clear(fault.name)
            return wire
        return Wire.PROCEED
