"""The command ``python -m hedging drill``."""

import json
import sys
from typing import TYPE_CHECKING

import click

from hedging import clock

if TYPE_CHECKING:
    from hedging.drill.runner import Tally


@click.command()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Where to begin.")
@click.option("--schedules", type=click.IntRange(min=1), default=1_000, show_default=True, help="How many.")
@click.option("--profile", default=None, help="Only exchanges that behave so, as deribit.")
@click.option("--fault", default=None, help="Only schedules made for this fault.")
@click.option("--replay", "replayed", type=click.IntRange(min=0), default=None, help="Print one schedule.")
@click.option("--workers", type=click.IntRange(min=1, max=64), default=2, show_default=True)
def drill(
    *,
    seed: int,
    schedules: int,
    profile: str | None,
    fault: str | None,
    replayed: int | None,
    workers: int,
) -> None:
    """Play random schedules of faults against the engine's core; exit code 1 where an invariant breaks."""
    from hedging.drill.fault import fault as fault_named
    from hedging.drill.plan import profile_named, seeds
    from hedging.drill.runner import play_all

    if replayed is not None:
        _print(replayed)
        return
    if profile is not None:
        profile_named(profile)
    if fault is not None:
        fault_named(fault)
    begun = clock.monotonic_ns()
    with click.progressbar(length=schedules, label="schedules", file=sys.stderr) as bar:
        tally = play_all(seeds(seed, profile, fault), schedules, workers, bar.update)
    took = (clock.monotonic_ns() - begun) / 1e9
    click.echo(_line(tally, took, whole=profile is None and fault is None))
    if tally.violations:
        sys.exit(1)


def _line(tally: "Tally", seconds: float, *, whole: bool) -> str:
    """All of it in one line of JSON."""
    from hedging.drill.plan import cells

    coverage: dict[str, dict[str, int]] = {}
    for name, profile in cells():
        count = tally.coverage[name, profile]
        if count or whole:
            coverage.setdefault(name, {})[profile] = count
    found = {
        "schedules": tally.schedules,
        "violations": tally.violations,
        "words": tally.first_words,
        "orders": tally.orders,
        "coverage": coverage,
        "uncovered": tally.uncovered() if whole else [],
        "schedules_per_second": round(tally.schedules / seconds, 1),
        "seconds": round(seconds, 1),
    }
    return json.dumps(found)


def _print(seed: int) -> None:
    """Everything that happened in one schedule, and its hash."""
    from hedging.drill.plan import plan
    from hedging.drill.runner import replay

    chosen = plan(seed)
    names = ", ".join(each.fault.name for each in chosen.faults)
    click.echo(f"seed {seed}: {chosen.profile.name}, {chosen.settlement}, {chosen.style}; {names}")
    found, lines = replay(seed)
    for line in lines.lines:
        click.echo(line)
    click.echo(f"{len(lines.lines)} lines, {found.orders} orders sent, sha256 {lines.digest}")
    for name, words in found.broken:
        click.echo(f"{name} broken: {words}")
    if found.broken:
        sys.exit(1)
