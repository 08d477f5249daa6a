"""What a fault can do, and where it is asked: each is a module of ``hedging.drill.faults``.

A fault is a file with ``NAME``, ``SENTENCE`` and any of these functions; it is on for a while.

``submit(rng, order)``: the fate of an order's request. ``read(rng, what)``: the fate of a read or a cancel.
``stream(rng, what)``: delays of a pushed message, one for each time it comes. ``quotes(rng, quotes)``: what
the engine is shown. ``share(rng, order)``: part of an order that trades. ``begin(world)``, ``end(world)``:
something done to the world. ``possible(profile)``: whether a profile can show it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING

from hedging.drill import faults
from hedging.drill.times import MILLISECOND
from hedging.errors import BadInput
from hedging.model.market import Quote
from hedging.model.trading import Order
from hedging.model.venue_profile import VenueProfile

if TYPE_CHECKING:
    from hedging.drill.world import World


class Heard(StrEnum):
    """What the engine gets to hear of its request."""

    ANSWER = "answer"
    NOTHING = "nothing"  # no parsed answer: unclear for a write, failed for a read
    REFUSAL = "refusal"  # a parsed no; nothing was accepted


class Asked(StrEnum):
    """What a request is for, beside submitting an order."""

    POSITIONS = "positions"
    BALANCES = "balances"
    FILLS = "fills"
    OPEN_ORDERS = "open orders"
    CLOCK = "clock"
    ORDER = "order"
    CANCEL = "cancel"
    KEEP_ALIVE = "keep alive"


class Pushed(StrEnum):
    """What the private stream carries."""

    FILL = "fill"
    REPORT = "report"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a request.

    ``arrives``: microseconds until the venue has it, None for never. ``heard`` comes ``after``
    microseconds, counted from sending where it never arrives or nothing is heard, else from the arrival.
    ``old``: how many microseconds before now the answer speaks of. ``empty``: it says that there is nothing.
    """

    arrives: int | None = 5 * MILLISECOND
    heard: Heard = Heard.ANSWER
    after: int = 5 * MILLISECOND
    why: str = ""
    old: int = 0
    empty: bool = False


Quotes = dict[str, Quote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One switch, with the functions its file has."""

    name: str
    sentence: str
    submit: Callable[[Random, Order], Fate | None] | None
    read: Callable[[Random, Asked], Fate | None] | None
    stream: Callable[[Random, Pushed], tuple[int, ...] | None] | None
    quotes: Callable[[Random, Quotes], Quotes | None] | None
    share: Callable[[Random, Order], Decimal | None] | None
    begin: "Callable[[World], None] | None"
    end: "Callable[[World], None] | None"
    possible: Callable[[VenueProfile], bool]


@cache
def known_faults() -> Mapping[str, Fault]:
    """Every fault by name, in the order of their names."""
    found = {}
    for info in sorted(pkgutil.iter_modules(faults.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{faults.__name__}.{info.name}")
        if hasattr(module, "NAME"):
            found[module.NAME] = _fault(module)
    return found


def fault(name: str) -> Fault:
    """The fault of this name. Raises BadInput where there is none."""
    known = known_faults()
    if name not in known:
        raise BadInput(f"there is no fault {name!r}; known are {', '.join(known)}")
    return known[name]


def _fault(module: ModuleType) -> Fault:
    hooks = {
        name: getattr(module, name, None)
        for name in ("submit", "read", "stream", "quotes", "share", "begin", "end")
    }
    return Fault(
        name=module.NAME,
        sentence=module.SENTENCE,
        possible=getattr(module, "possible", _everywhere),
        **hooks,
    )


def _everywhere(_: VenueProfile) -> bool:
    return True
