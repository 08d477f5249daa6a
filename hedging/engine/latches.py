"""The kill latches outside the ledger: a file in the state folder, and a flag in this process."""

import json
from datetime import datetime
from pathlib import Path

KILL_FILE = "KILL"


def set_kill_file(folder: Path, user: str, why: str, at: datetime) -> Path:
    """Write the kill file; works without the app, the database and the network.

    Raises OSError when the folder cannot be written.
    """
    path = folder / KILL_FILE
    path.write_text(json.dumps({"user": user, "why": why, "at": at.isoformat()}) + "\n", encoding="utf-8")
    return path


class Latches:
    """Reads both latches; any of them stops every order at the last moment before the wire."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / KILL_FILE
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

    def reasons(self) -> tuple[str, ...]:
        """Every latch that is set, in words."""
        return tuple(reason for reason in (self._flag, self.file_reason()) if reason)
