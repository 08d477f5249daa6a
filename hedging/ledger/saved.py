"""What-if books saved by name, and hourly closes: beside the series, in its file; nothing acts on them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update

from hedging.errors import BadInput, LedgerError
from hedging.ledger.codec import decode, encode, nanoseconds, utc
from hedging.ledger.database import Database
from hedging.ledger.migration import SERIES_MIGRATIONS, migrate
from hedging.ledger.saved_schema import CLOSES, SAVED
from hedging.ledger.series import FILE
from hedging.model.what_if import Close, SavedScenario

LONGEST_NAME = 60
MOST_SAVED = 500


class Overwrite(Enum):
    """Whether a saved what-if book of the same name may be replaced."""

    NO = "no"
    YES = "yes"


class NameTaken(LedgerError):
    """Another what-if book has this name, and replacing it was not asked for."""


class SavedScenarios:
    """Saved what-if books; every method raises LedgerError, in words, where the file cannot do it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        migrate(database, SERIES_MIGRATIONS)

    @classmethod
    def open(cls, folder: Path) -> "SavedScenarios":
        """Open the time series' file in ``folder``."""
        return cls(Database.at_path(folder / FILE, "NORMAL"))

    def close(self) -> None:
        """Close the file; this must not be used afterwards."""
        self._database.close()

    def save(self, scenario: SavedScenario, overwrite: Overwrite = Overwrite.NO) -> None:
        """Keep a what-if book under its name.

        Raises NameTaken where the name is in use and overwriting was not asked for, BadInput where it is no
        name (see ``checked_name``), LedgerError where there are too many or a number is not finite.
        """
        if checked_name(scenario.name) != scenario.name:
            raise BadInput(f"the name {scenario.name!r} begins or ends with blanks; trim it")
        values = {"author": scenario.author, "at_ns": nanoseconds(scenario.at), "body": encode(scenario)}
        same = SAVED.c.name == scenario.name
        with self._database.writing() as connection:
            taken = connection.execute(select(SAVED.c.author).where(same)).scalar_one_or_none()
            if taken is not None and overwrite is Overwrite.NO:
                raise NameTaken(f"{scenario.name!r} was saved by {taken} already: overwrite it, or rename")
            if taken is not None:
                connection.execute(update(SAVED).where(same).values(values))
                return
            count = connection.execute(select(func.count()).select_from(SAVED)).scalar_one()
            if count >= MOST_SAVED:
                raise LedgerError(f"{count} what-if books are saved, the most there may be: delete some")
            connection.execute(insert(SAVED).values(name=scenario.name, **values))

    def names(self) -> tuple[str, ...]:
        """Names in use, in order."""
        with self._database.reading() as connection:
            return tuple(connection.execute(select(SAVED.c.name).order_by(SAVED.c.name)).scalars())

    def load(self, name: str) -> SavedScenario | None:
        """The what-if book of this name, None where there is none."""
        with self._database.reading() as connection:
            query = select(SAVED.c.body).where(SAVED.c.name == name)
            body = connection.execute(query).scalar_one_or_none()
        return None if body is None else decode(SavedScenario, body)

    def delete(self, name: str) -> bool:
        """Forget the what-if book of this name; whether there was one."""
        with self._database.writing() as connection:
            return connection.execute(delete(SAVED).where(SAVED.c.name == name)).rowcount > 0


class Closes:
    """Hourly closes by instrument key, in the same file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        migrate(database, SERIES_MIGRATIONS)

    @classmethod
    def open(cls, folder: Path) -> "Closes":
        """Open the time series' file in ``folder``."""
        return cls(Database.at_path(folder / FILE, "NORMAL"))

    def close(self) -> None:
        """Close the file; this must not be used afterwards."""
        self._database.close()

    def put(self, closes: Sequence[Close], keep_since: datetime) -> None:
        """Store closes of one instrument in place of those of their span; forget ends before ``keep_since``.

        Raises BadInput where they are of several instruments.
        """
        rows = [_row(each) for each in closes]
        if len({each.instrument for each in closes}) > 1:
            raise BadInput("closes of several instruments at once: store one instrument after the other")
        with self._database.writing() as connection:
            if rows:
                span = CLOSES.c.at_ns.between(
                    min(nanoseconds(each.at) for each in closes), max(nanoseconds(each.at) for each in closes)
                )
                connection.execute(delete(CLOSES).where(CLOSES.c.instrument == closes[0].instrument, span))
                connection.execute(insert(CLOSES), rows)
            connection.execute(delete(CLOSES).where(CLOSES.c.at_ns < nanoseconds(keep_since)))

    def since(self, instrument: str, start: datetime) -> tuple[Close, ...]:
        """Closes of one instrument at or after ``start``, oldest first."""
        query = (
            select(CLOSES)
            .where(CLOSES.c.instrument == instrument, CLOSES.c.at_ns >= nanoseconds(start))
            .order_by(CLOSES.c.at_ns)
        )
        with self._database.reading() as connection:
            return tuple(
                Close(instrument=row.instrument, at=utc(row.at_ns), price=row.price_usd)
                for row in connection.execute(query)
            )

    def latest(self, instrument: str) -> datetime | None:
        """End of the newest hour that is stored, None before the first."""
        query = select(func.max(CLOSES.c.at_ns)).where(CLOSES.c.instrument == instrument)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else utc(found)


def _row(close: Close) -> dict[str, object]:
    encode(close)  # refuses what is not finite
    return {"instrument": close.instrument, "at_ns": nanoseconds(close.at), "price_usd": close.price}


def checked_name(name: str) -> str:
    """A name without blanks around it.

    >>> checked_name("  crash of March ")
    'crash of March'

    Raises BadInput where it is empty, longer than 60 characters, or has a character that cannot be shown.
    """
    trimmed = name.strip()
    if not trimmed:
        raise BadInput("a what-if book needs a name to be saved under; write one")
    if len(trimmed) > LONGEST_NAME:
        raise BadInput(f"a name has at most {LONGEST_NAME} characters, this one {len(trimmed)}; shorten it")
    if not trimmed.isprintable():
        raise BadInput("the name has a character that cannot be shown; write it in plain letters")
    return trimmed
