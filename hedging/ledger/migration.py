"""How a database gets the tables this version needs: forward only, in one transaction."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from hedging.errors import LedgerError
from hedging.ledger.database import Database

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of Alembic revisions, and the last of them."""

    folder: Path
    head: str


LEDGER_MIGRATIONS = Migrations(FOLDER / "ledger", "0004")
SERIES_MIGRATIONS = Migrations(FOLDER / "series", "0004")


def migrate(database: Database, migrations: Migrations, to: str | None = None) -> None:
    """Apply what is missing up to revision ``to`` (None: the last).

    Raises LedgerError where the database is of a revision this version does not know.
    """
    target = to or migrations.head
    with database.reading() as connection:
        if revision(connection) == target:
            return
    with database.writing() as connection:
        if revision(connection) != target:
            _upgrade(connection, database.name, migrations, target)


def revision(connection: Connection) -> str | None:
    """Which revision the tables are of; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection, name: str, migrations: Migrations, target: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext, MigrationStep
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(migrations.folder))
    present = revision(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise LedgerError(
            f"the ledger {name} is of revision {present}, newer than this program ({migrations.head}):"
            " update the program, or open another state folder"
        )
    missing = reversed(list(scripts.iterate_revisions(target, present or "base")))
    steps = [MigrationStep.upgrade_from_script(scripts.revision_map, script) for script in missing]
    context = MigrationContext.configure(connection, opts={"fn": lambda _revision, _context: steps})
    with Operations.context(context):
        context.run_migrations()
