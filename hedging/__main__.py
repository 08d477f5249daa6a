"""The command line: ``python -m hedging …``."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from hedging import clock
from hedging.drill.command import drill
from hedging.errors import HedgingError
from hedging.ledger_commands import ledger_group

if TYPE_CHECKING:
    from hedging.model.terms import TermsVersion
    from hedging.model.trading import CommandKind, Role

STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="State folder; the default is the one of the engine started last from here.",
)


class Clear(click.Group):
    """Turns the package's own errors into one clear line and exit code 2."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except HedgingError as error:
            click.echo(f"hedging: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Clear)
def main() -> None:
    """Hedge monitor: engine, paper exchange, kill switch and pricing tools."""


@main.command()
@click.option("--config", type=click.Path(path_type=Path), default=Path("hedging.toml"), show_default=True)
@click.option("--until-stdin-closes", is_flag=True, help="End when standard input does (for a parent).")
def engine(config: Path, until_stdin_closes: bool) -> None:  # noqa: FBT001 click passes flags so
    """Run the engine of one book: the only process with keys."""
    from hedging.engine.start import Ends, run_engine
    from hedging.settings import load

    ends = Ends.WITH_STDIN if until_stdin_closes else Ends.BY_SIGNAL
    asyncio.run(run_engine(load(config), ends))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--liveliness", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--until-stdin-closes", is_flag=True, help="End when standard input does (for a parent).")
def paper(port: int, seed: int, speed: float, liveliness: float, until_stdin_closes: bool) -> None:  # noqa: FBT001
    """Run the paper exchange: Deribit's protocol on 127.0.0.1, simulated market, no real money."""
    from hedging.lifeline import parent_gone
    from hedging.paper.server import PaperOptions, serve

    options = PaperOptions(
        port=port,
        seed=seed,
        speed=speed,
        liveliness=liveliness,
    )

    async def run() -> None:
        serving = asyncio.ensure_future(serve(options))
        if until_stdin_closes:
            lifeline = asyncio.ensure_future(parent_gone())
            lifeline.add_done_callback(lambda _: serving.cancel())
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    asyncio.run(run())


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("state/demo"), show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--liveliness", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
def demo(folder: Path, seed: int, liveliness: float) -> None:
    """Run the paper exchange and an engine on it; ends with standard input."""
    from hedging.demo import DemoOptions, run_demo

    asyncio.run(run_demo(DemoOptions(folder, seed, liveliness)))


@main.command()
@STATE
@click.option(
    "--mode",
    type=click.Choice(["auto", "reduce", "halt"]),
    default="halt",
    show_default=True,
    help="auto: a person approves again; reduce: only what shrinks is sent; halt: nothing is.",
)
@click.option("--reason", default="killed from the command line", show_default=True)
@click.option("--user", default="command line", show_default=True)
def kill(state: Path | None, mode: str, reason: str, user: str) -> None:
    """Stop sending at once; needs neither the app, nor the database, nor the network."""
    from hedging.engine.latches import KillMode, set_kill_file
    from hedging.engine.start import state_folder

    folder = state_folder(state)
    chosen = KillMode(mode)
    try:
        path = set_kill_file(folder, user, reason, clock.utc_now(), chosen)
    except OSError as error:
        raise HedgingError(f"the kill file could not be written: {error}") from error
    told = {
        KillMode.AUTO: "automatic mode off",
        KillMode.REDUCE: "reducing: the engine sends only what shrinks delta and position",
        KillMode.HALT: "halted: the engine sends nothing more and cancels its orders",
    }[chosen]
    click.echo(f"{told} ({path} is set)")


@main.group()
def terms() -> None:
    """Show the desk's terms: limits, band, numeraire and smile convention, and who changed them."""


@terms.command("show")
@STATE
def terms_show(state: Path | None) -> None:
    """Print the version that is in force, as the engine reads it, and what waits for approval."""
    from hedging.workflow.terms_report import shown

    click.echo(shown(_terms(state)))


@terms.command("history")
@STATE
def terms_history(state: Path | None) -> None:
    """Print every version, newest first: who, when, why, and what it changed."""
    from hedging.workflow.terms_report import history

    click.echo(history(_terms(state)))


def _terms(state: Path | None) -> "tuple[TermsVersion, ...]":
    """Every version in the ledger, newest first; raises LedgerError where there is no ledger."""
    from hedging.engine.start import state_folder
    from hedging.ledger import Ledger

    folder = state_folder(state)
    if not (folder / "ledger.sqlite").exists():
        raise HedgingError(f"there is no ledger in {folder}; name the state folder with --state")
    ledger = Ledger.open(folder)
    try:
        return ledger.terms()
    finally:
        ledger.close()


USER = click.option("--user", required=True, help="Your name, as it goes on the record.")


@main.command()
@STATE
@USER
@click.option("--role", type=click.Choice(["trader", "risk"]), required=True)
def resume(state: Path | None, user: str, role: str) -> None:
    """Ask to resume trading after a halt; a second, different person must ask too, one of them risk."""
    from hedging.model.trading import CommandKind, Role

    _ask(state, CommandKind.RESUME, (user, Role(role)))


@main.command()
@STATE
@USER
@click.argument("order_or_instrument")
@click.option("--reason", required=True, help="What you saw when you looked.")
def release(state: Path | None, user: str, order_or_instrument: str, reason: str) -> None:
    """Let go of a quarantined order after looking at it; refused while the exchange still works it."""
    from hedging.model.trading import CommandKind, Role

    _ask(state, CommandKind.RELEASE, (user, Role.RISK), ref=order_or_instrument, reason=reason)


def _ask(
    state: Path | None, kind: "CommandKind", who: "tuple[str, Role]", *, ref: str = "", reason: str = ""
) -> None:
    """Append a command and print the engine's answer; exit code 1 where it is refused."""
    from hedging.engine.start import state_folder
    from hedging.ledger import Ledger
    from hedging.model.trading import Command, CommandState

    ledger = Ledger.open(state_folder(state))
    user, role = who
    command = Command(
        key=uuid4().hex, at=clock.utc_now(), user=user, role=role, kind=kind, ref=ref, reason=reason
    )
    ledger.append_command(command)
    until = clock.monotonic_ns() + 10_000_000_000
    while clock.monotonic_ns() < until:
        answered = ledger.command(command.key)
        if answered is not None and answered.state is not CommandState.PENDING:
            click.echo(answered.answer)
            if answered.state is CommandState.REFUSED:
                sys.exit(1)
            return
        asyncio.run(asyncio.sleep(0.1))
    raise HedgingError("asked, but no engine has answered within 10 s; is it running?")


@main.command()
@STATE
def status(state: Path | None) -> None:
    """Show what the engine of a state folder last said."""
    from hedging.engine.latches import Latches
    from hedging.engine.start import state_folder
    from hedging.ledger import Series

    folder = state_folder(state)
    for reason in Latches(folder).reasons():
        click.echo(f"KILL   {reason}")
    view = Series.open(folder).view()
    if view is None:
        raise HedgingError(f"{folder} holds no view: no engine has run here")
    age = (clock.utc_now() - view.at).total_seconds()
    click.echo(f"book   {view.book} ({view.mode.value}), engine spoke {age:.1f} s ago: {view.status}")
    halted = f": {view.halted_because}" if view.halted_because else ""
    click.echo(f"state  {view.trading_state.value}{halted}; automatic hedging {view.auto.mode.value}")
    for shown in view.underlyings:
        if shown.exposure is None or shown.drift is None:
            click.echo(f"{shown.underlying:6} not known: {len(view.gaps)} gaps")
            continue
        band = shown.drift.band
        click.echo(
            f"{shown.underlying:6} delta {shown.exposure.delta:+.3f} {shown.underlying} "
            f"(band {band.lower:+g} to {band.upper:+g}, {shown.exposure.numeraire.sentence}): "
            f"{shown.drift.state.value}"
        )
    for ticket in view.tickets:
        click.echo(f"ticket {ticket.id} {ticket.state.value}: {ticket.sentence}")


TABLE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@main.command()
@click.option("--evidence", type=click.Path(path_type=Path), default=None, help="Where the tests left it.")
def selfcheck(evidence: Path | None) -> None:
    """Say of each control which test showed it last, and what; exit 1 where evidence is missing."""
    from hedging.selfcheck import EVIDENCE, findings, lines, missing

    found = findings(evidence or EVIDENCE)
    for line in lines(found):
        click.echo(line)
    absent = missing(found)
    if absent:
        click.echo(
            f"{len(absent)} of {len(found)} without evidence for this source: {', '.join(absent)}; "
            "run the tests: python -m pytest",
            err=True,
        )
        sys.exit(1)
    click.echo(f"all {len(found)} controls were shown for this source")


OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Default: stdout."
)


@main.command()
@TABLE
@OUT
def price(file: Path, out: Path | None) -> None:
    """Price options from a CSV file and give all Greeks in raw units."""
    from hedging.csv_tools import price_file

    price_file(file, out, sys.stdout)


@main.command()
@TABLE
@OUT
def implied(file: Path, out: Path | None) -> None:
    """Find the volatilities that option prices from a CSV file imply."""
    from hedging.csv_tools import implied_file

    implied_file(file, out, sys.stdout)


BOOK_FILE = click.Path(path_type=Path, dir_okay=False)


@main.command()
@click.option("--positions", type=BOOK_FILE, required=True, help="What is held and the balances.")
@click.option("--market", type=BOOK_FILE, required=True, help="The instruments with their marks.")
@click.option("--numeraire", default="coin", show_default=True, help="coin, usd, or the per cent hedged.")
@click.option("--format", "form", type=click.Choice(["json", "table"]), default="table", show_default=True)
def exposure(positions: Path, market: Path, numeraire: str, form: str) -> None:
    """Value a book from two CSV files with the engine's own code; exit code 1 where anything is not known."""
    from hedging.offline import offline_assessment, read_book
    from hedging.offline_report import Format, Report, numeraire_of

    chosen = numeraire_of(numeraire)
    book = read_book(positions, market)
    found = offline_assessment(book, chosen)
    click.echo(Report.of(book.snapshot.at, chosen, tuple(book.hedges), found).text(Format(form)))
    if found.gaps:
        sys.exit(1)


@main.group()
def records() -> None:
    """What the engine recorded of the book: what there is, and export to Parquet or CSV."""


@records.command()
@STATE
@click.option("--format", "form", type=click.Choice(["json", "table"]), default="table", show_default=True)
def summary(state: Path | None, form: str) -> None:
    """Show what is recorded, from when to when, how many rows, and the size of the file."""
    from hedging.engine.start import state_folder
    from hedging.records.report import opened, summary_json, summary_of, summary_table

    with opened(state_folder(state)) as series:
        found = summary_of(series)
    click.echo(summary_json(found) if form == "json" else summary_table(found))


RECORDS = ["exposure", "drift", "limits", "marks", "margin", "decisions", "all"]
TIMES = "like 2026-11-22T08:00Z, or 24h for a day ago (also m and d)"


@records.command("export")
@STATE
@click.option("--what", type=click.Choice(RECORDS), default="all", show_default=True)
@click.option("--since", default=None, help=f"Not before this time, {TIMES}; default: the beginning.")
@click.option("--until", default=None, help=f"Before this time, {TIMES}; default: now.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder; made where absent.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
def export_records(  # noqa: PLR0913 one for each option
    *,
    state: Path | None,
    what: str,
    since: str | None,
    until: str | None,
    form: str,
    to: Path,
    overwrite: bool,
) -> None:
    """Write what is recorded to one file a kind, with units; prints one JSON line at the end."""
    from hedging.engine.start import state_folder
    from hedging.records import Existing, Export, Form, Kind, export, span_of
    from hedging.records.report import export_json, opened

    kinds = tuple(Kind) if what == "all" else (Kind(what),)
    existing = Existing.REPLACE if overwrite else Existing.KEEP
    wanted = Export(kinds, span_of(since, until, clock.utc_now()), Form(form), to, existing)
    with opened(state_folder(state)) as series:
        total = sum(series.extent(kind, wanted.span).rows for kind in kinds)
        with click.progressbar(length=total, label="rows", file=sys.stderr) as bar:
            written = export(series, wanted, bar.update)
    empty = [each.kind.value for each in written if not each.rows]
    if empty:
        click.echo(f"nothing is recorded of {', '.join(empty)} in that time: only columns", err=True)
    click.echo(export_json(wanted, written))


main.add_command(ledger_group)
main.add_command(drill)


if __name__ == "__main__":
    main()
