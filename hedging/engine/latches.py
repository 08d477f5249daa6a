"""The kill latches outside the ledger: a file in the state folder, and a flag in this process.

Two milder wishes reach the engine the same way, as files that it takes away once it has done them.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from hedging.model.trading import CommandKind


class KillMode(StrEnum):
    """How much is stopped."""

    AUTO = "auto"  # automatic mode ends
    REDUCE = "reduce"  # only what shrinks is sent
    HALT = "halt"  # nothing is sent

    @property
    def file(self) -> str:
        """Name of its file in the state folder."""
        return {KillMode.AUTO: "AUTO-OFF", KillMode.REDUCE: "REDUCE", KillMode.HALT: "KILL"}[self]


MILDER = {KillMode.AUTO: CommandKind.AUTO_OFF, KillMode.REDUCE: CommandKind.REDUCE}


@dataclass(frozen=True, slots=True)
class MilderWish:
    """A wish that came as a file: the mode, what it asks for, by whom and why."""

    mode: KillMode
    kind: CommandKind
    user: str
    why: str


def set_kill_file(folder: Path, user: str, why: str, at: datetime, mode: KillMode = KillMode.HALT) -> Path:
    """Write the file of a mode; works without the app, the database and the network.

    Raises OSError when the folder cannot be written.
    """
    path = folder / mode.file
    path.write_text(json.dumps({"user": user, "why": why, "at": at.isoformat()}) + "\n", encoding="utf-8")
    return path


class Latches:
    """Reads both latches; any of them stops every order at the last moment before the wire."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / KillMode.HALT.file
        self._flag = ""
        self.trips = 0

    def trip(self, why: str) -> None:
        """Set the flag of this process; it lasts until ``clear``, and is counted for ever."""
        self._flag = self._flag or why
        self.trips += 1

    def clear(self) -> None:
        """Take both latches off: only after two people have resumed."""
        self._flag = ""
        self._file.unlink(missing_ok=True)

    def file_reason(self) -> str:
        """Why the kill file is there, or nothing; a file that cannot be read counts as set."""
        try:
            if not self._file.exists():
                return ""
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return f"{found['user']}: {found['why']}"
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, KeyError, TypeError):
            return "a kill file without a readable reason"

    def wishes(self) -> tuple[MilderWish, ...]:
        """The milder wishes that wait; one that cannot be read counts all the same."""
        found = []
        for mode, kind in MILDER.items():
            path = self._folder / mode.file
            if not path.exists():
                continue
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                user, why = str(told["user"]), str(told["why"])
            except (OSError, ValueError, KeyError, TypeError):
                user, why = "somebody", "a file without a readable reason"
            found.append(MilderWish(mode, kind, user, why))
        return tuple(found)

    def done(self, wish: MilderWish) -> None:
        """Take the file of a wish away."""
        (self._folder / wish.mode.file).unlink(missing_ok=True)

    def reasons(self) -> tuple[str, ...]:
        """Every latch that is set, in words."""
        return tuple(reason for reason in (self._flag, self.file_reason()) if reason)
