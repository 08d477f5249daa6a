"""Every fault there is, found by looking into this folder, and made from outside values."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from functools import cache

from hedging.errors import BadInput
from hedging.paper import faults
from hedging.paper.faults.base import Between, Fault, parameter_bounds
from hedging.paper.faults.switchboard import Bounds


@dataclass(frozen=True, slots=True)
class FaultParameter:
    """A field of a fault: its name, the kind of value (bool, int, float, or the choices), default, bounds."""

    name: str
    kind: str
    default: str | float | bool
    bounds: Between | None = None


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
    """What can be chosen about a fault; every fault takes the fields of ``Bounds`` beside."""
    bounds = parameter_bounds(kind)
    return [
        FaultParameter(item.name, _kind(_default(item)), _default(item), bounds.get(item.name))
        for item in fields(kind)
    ]


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


def make_switch(name: str, values: Mapping[str, object]) -> tuple[Fault, Bounds]:
    """Build a fault and how long it stays on. Raises BadInput as :func:`make_fault` does."""
    limits = {item.name: _default(item) for item in fields(Bounds)}
    chosen = {key: _converted(key, values[key], limits[key]) for key in limits if key in values}
    own = {key: value for key, value in values.items() if key not in limits}
    return make_fault(name, own), Bounds(**chosen)  # type: ignore[arg-type]


def _default(item: Field[object]) -> str | float | bool:
    if isinstance(item.default, str | float | bool | int):
        return item.default
    raise BadInput(f"the parameter {item.name} of a fault needs a plain default")


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
