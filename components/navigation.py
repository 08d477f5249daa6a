"""Which pages there are: the launcher hands the callables in, because pages lie above components."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One page: its function, title and path; ``paper_only`` where it makes sense on paper alone."""

    render: Callable[[], None]
    title: str
    path: str
    paper_only: bool = False


class Menu:
    """The pages of this process, set once by the launcher."""

    def __init__(self) -> None:
        self._entries: tuple[Entry, ...] = ()

    def set(self, entries: tuple[Entry, ...]) -> None:
        """Replace the pages."""
        self._entries = entries

    def entries(self, *, paper: bool) -> tuple[Entry, ...]:
        """The pages to show; the paper-only ones where there is a paper exchange to control."""
        return tuple(entry for entry in self._entries if paper or not entry.paper_only)


MENU = Menu()
