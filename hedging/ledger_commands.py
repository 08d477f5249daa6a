"""The command line of the record book: verify it, export its head, back it up, put it back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hedging import clock
from hedging.errors import BadInput, LedgerTampered

if TYPE_CHECKING:
    from hedging.ledger import Ledger
    from hedging.ledger.chain import Head

TAMPERED = 1
"""Exit code where something is not as it was written; 2 is for what could not be done."""

FILE = click.Path(path_type=Path, dir_okay=False)
STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="State folder; the default is the one of the engine started last from here.",
)
URL = click.option("--url", default=None, help="Instead of a state folder: postgresql+psycopg://…")
HEADS = click.option("--heads", type=FILE, default=None, help="File of exported heads.")
KEY = click.option("--key", type=FILE, default=None, help="Private key that signs heads (0600).")
USER = click.option("--user", required=True, help="Your name, as it goes on the record.")

ON_POSTGRESQL = (
    "a ledger on PostgreSQL is backed up and put back with its own tools, pg_dump --format=custom and "
    "pg_restore; docs/ledger.md says how, and what to do before the engine starts again"
)


@click.group("ledger")
def ledger_group() -> None:
    """The record book: verify, export the head, back up, restore."""


@ledger_group.command()
@STATE
@URL
@HEADS
@click.option("--public-key", type=FILE, default=None, help="Public half of the key that signed the heads.")
@click.option("--backup", type=FILE, default=None, help="Verify this backup instead.")
def verify(
    state: Path | None, url: str | None, heads: Path | None, public_key: Path | None, backup: Path | None
) -> None:
    """Check every record and every row; exit code 1 where anything is not as it was written."""
    if (heads is None) != (public_key is None):
        raise BadInput("--heads and --public-key belong together: give both, or none")
    try:
        exported = _heads(heads, public_key)
        count = _verified(backup, exported) if backup else _verified_ledger(state, url, exported)
    except LedgerTampered as error:
        click.echo(f"tampered: {error}", err=True)
        sys.exit(TAMPERED)
    click.echo(f"{count} records and every row that they prove are as they were written")
    if exported:
        last = exported[-1]
        click.echo(f"{len(exported)} exported heads agree, the last of {last.at:%Y-%m-%d %H:%M:%S} UTC")
    else:
        click.echo(
            "not checked: whether all of it was rewritten, or is an older copy; that takes --heads", err=True
        )


@ledger_group.command()
@STATE
@URL
@click.option("--export-to", type=FILE, default=None, help="Append it, signed, to this file.")
@KEY
def head(state: Path | None, url: str | None, export_to: Path | None, key: Path | None) -> None:
    """Print number and hash of the last record; with --export-to and --key, sign and export them."""
    if (export_to is None) != (key is None):
        raise BadInput("--export-to and --key belong together: give both, or none")
    opened = _opened(state, url)
    try:
        found: Head = opened.head(clock.utc_now())
        if export_to is not None and key is not None:
            found = _exported(opened, export_to, key, None if url else _folder(state))
    except LedgerTampered as error:
        click.echo(f"tampered: {error}", err=True)
        sys.exit(TAMPERED)
    finally:
        opened.close()
    click.echo(f"record {found.sequence}: {found.hash}")
    if export_to is not None:
        click.echo(f"exported to {export_to}", err=True)


@ledger_group.command("new-key")
@click.argument("file", type=FILE)
def new_key(file: Path) -> None:
    """Make a key that signs heads, in FILE (0600), and its public half in FILE.pub."""
    from hedging.ledger.head_key import HeadKey, public_path

    HeadKey.create(file)
    click.echo(f"{file} signs heads, keep it from who may write the ledger; {public_path(file)} checks them")


@ledger_group.command()
@STATE
@URL
@click.option("--to", type=FILE, required=True, help="The new file; one that is there is kept.")
def backup(state: Path | None, url: str | None, to: Path) -> None:
    """Copy the ledger to a file while the engine runs, and verify the copy."""
    from hedging.ledger.backup import back_up

    if url:
        raise BadInput(ON_POSTGRESQL)
    try:
        with _Bar() as bar:
            made = back_up(_file(state), to, bar.show)
    except LedgerTampered as error:
        click.echo(f"tampered: {error}; no backup was kept", err=True)
        sys.exit(TAMPERED)
    click.echo(
        f"{made.path}: {made.head.sequence} records up to {made.head.at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{made.size / 1e6:.1f} MB, verified"
    )


@ledger_group.command()
@click.argument("file", type=FILE)
@STATE
@URL
@USER
@HEADS
@KEY
@click.option("--engine-is-stopped", is_flag=True, help="Where the ledger is too damaged to tell.")
def restore(  # noqa: PLR0913 one for each option
    *,
    file: Path,
    state: Path | None,
    url: str | None,
    user: str,
    heads: Path | None,
    key: Path | None,
    engine_is_stopped: bool,
) -> None:
    """Put the ledger back to the backup FILE, with trading halted; the replaced one is kept beside it."""
    from hedging.ledger.restoring import EngineIs, Restore
    from hedging.ledger.restoring import restore as put_back

    if url:
        raise BadInput(ON_POSTGRESQL)
    if (heads is None) != (key is None):
        raise BadInput("--heads and --key belong together: the restore is signed among the heads")
    folder = _folder(state)
    wanted = Restore(
        folder=folder,
        backup=file,
        user=user,
        now=clock.utc_now(),
        engine=EngineIs.STOPPED if engine_is_stopped else EngineIs.NOT_SAID,
        exported=_heads_of_key(heads, key),
    )
    try:
        with _Bar() as bar:
            done = put_back(wanted, bar.show)
    except LedgerTampered as error:
        click.echo(f"tampered: {error}; nothing was restored", err=True)
        sys.exit(TAMPERED)
    if heads is not None and key is not None:
        _export_restored(folder, heads, key, user)
    click.echo(
        f"restored: {done.backup.head.sequence} records up to "
        f"{done.backup.head.at:%Y-%m-%d %H:%M:%S} UTC, and the marks of the restore"
    )
    if done.kept is not None:
        click.echo(f"what was there is kept in {done.kept}")
    click.echo(
        f"halted: {', '.join(done.books) or 'no book was there'}; automatic mode is off. Start the engine, "
        "compare orders, fills and positions with the exchange, then two people resume"
    )


class _Bar:
    """A progress bar on standard error, over as many copies as there are."""

    def __enter__(self) -> "_Bar":
        self._bar = click.progressbar(length=100, label="copying", file=sys.stderr)
        self._bar.__enter__()
        return self

    def show(self, done: int, of: int) -> None:
        """Move to the share that is done."""
        self._bar.update(100 * done // max(of, 1) - self._bar.pos)

    def __exit__(self, *_: object) -> None:
        self._bar.__exit__(None, None, None)


def _folder(state: Path | None) -> Path:
    from hedging.engine.start import state_folder

    return state_folder(state)


def _file(state: Path | None) -> Path:
    """The ledger's file; raises BadInput where there is none."""
    from hedging.ledger.book import FILE as NAME

    folder = _folder(state)
    if not (folder / NAME).is_file():
        raise BadInput(f"there is no ledger in {folder}; name the state folder with --state")
    return folder / NAME


def _opened(state: Path | None, url: str | None) -> "Ledger":
    from hedging.ledger import Ledger

    if url is not None and state is not None:
        raise BadInput("--state and --url name two ledgers: give one of them")
    return Ledger.open_url(url) if url is not None else Ledger.open(_file(state).parent)


def _verified_ledger(state: Path | None, url: str | None, exported: "tuple[Head, ...]") -> int:
    opened = _opened(state, url)
    try:
        return opened.verify_chain(exported)
    finally:
        opened.close()


def _verified(backup: Path, exported: "tuple[Head, ...]") -> int:
    from hedging.ledger.backup import verified

    return verified(backup, exported).head.sequence


def _heads(heads: Path | None, public_key: Path | None) -> "tuple[Head, ...]":
    from hedging.ledger.head_key import load_public
    from hedging.ledger.heads import in_force, read_heads

    if heads is None or public_key is None:
        return ()
    return in_force(read_heads(heads, load_public(public_key)))


def _heads_of_key(heads: Path | None, key: Path | None) -> "tuple[Head, ...]":
    from hedging.ledger.head_key import HeadKey
    from hedging.ledger.heads import in_force, read_heads

    if heads is None or key is None:
        return ()
    return in_force(read_heads(heads, HeadKey.load(key).public))


def _exported(opened: "Ledger", place: Path, key: Path, folder: Path | None) -> "Head":
    from hedging.ledger.head_key import HeadKey, require_outside
    from hedging.ledger.heads import export_head

    if folder is not None:
        for path in (place, key):
            require_outside(path, folder)
    return export_head(opened, HeadKey.load(key), place, clock.utc_now())


def _export_restored(folder: Path, place: Path, key: Path, user: str) -> None:
    from hedging.ledger import Ledger
    from hedging.ledger.head_key import HeadKey, require_outside
    from hedging.ledger.heads import export_restored

    require_outside(place, folder)
    opened = Ledger.open(folder)
    try:
        export_restored(opened, HeadKey.load(key), place, user, clock.utc_now())
    finally:
        opened.close()
