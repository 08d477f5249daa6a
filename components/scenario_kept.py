"""Keeps the latest few results of a costly computation; one is computed at a time, and once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Results by key, the least recently asked for forgotten first. Safe to share between threads.

    The computing takes turns: many viewers make each other wait, never the process starve.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, V] = OrderedDict()
        self._turn = threading.Lock()

    def value(self, key: Hashable, make: Callable[[], V]) -> V:
        """What was made for this key, or what ``make`` makes now; its errors are kept by nobody."""
        with self._turn:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            made = make()
            self._held[key] = made
            while len(self._held) > self._most:
                self._held.popitem(last=False)
            return made

    def __len__(self) -> int:
        return len(self._held)
