"""Everything live, by topic: what the producer encodes and the boards draw."""

from collections.abc import Iterator

from components import (
    controls,
    drift_chart,
    ladder,
    limit_bars,
    limits_terms,
    numeraires,
    orders,
    positions,
    profile,
    proofs,
    smile,
    strip,
    tickets,
    tiles,
)
from components.ladder import Greek
from hedging.desk import Scene

STRIP = "strip"
TILES = "tiles"
POSITIONS = "positions"
PROOFS = "proofs"
PROOF_ROADS = "proof-roads"
GAPS = "gaps"
LIMITS = "limits"
CHECKS = "checks"
TERMS = "terms"
ORDERS = "orders"
PAST = "past"
NUMERAIRES = "numeraires:{u}"
PROFILE = "profile:{u}"
EXPIRY = "expiry:{u}"
STRIKE_DELTA = "strike-delta:{u}"
STRIKE_GAMMA = "strike-gamma:{u}"
DRIFT = "drift:{u}"
RATIO = "ratio:{u}"
SMILE = "smile:{u}"
SMILE_SLICES = "smile-slices:{u}"
SMILE_RULES = "smile-rules:{u}"
PANELS = numeraires.Paced(numeraires.table)
SMILES = smile.Drawings()


def topics(scene: Scene) -> Iterator[tuple[str, object]]:
    """Name and payload of every topic at one instant; only the strip while there is no view."""
    yield STRIP, strip.strip(scene)
    view = scene.view
    if view is None:
        return
    yield TILES, tiles.tiles(view)
    yield POSITIONS, positions.positions(view)
    yield PROOFS, proofs.proofs(view)
    yield PROOF_ROADS, proofs.roads(view)
    yield GAPS, positions.gaps(view)
    yield LIMITS, limit_bars.bars(view)
    yield CHECKS, controls.checks(view)
    yield TERMS, limits_terms.table(view)
    yield ORDERS, orders.table(view)
    yield PAST, tickets.past(scene.tickets)
    for each in view.underlyings:
        name = each.underlying
        samples = scene.samples.get(name, ())
        words = numeraires.convention(view, name)
        yield NUMERAIRES.format(u=name), PANELS.table(view, each)
        yield PROFILE.format(u=name), profile.figure(each, words)
        yield EXPIRY.format(u=name), ladder.by_expiry(each)
        yield STRIKE_DELTA.format(u=name), ladder.by_strike(each, Greek.DELTA)
        yield STRIKE_GAMMA.format(u=name), ladder.by_strike(each, Greek.GAMMA)
        yield DRIFT.format(u=name), drift_chart.delta(name, samples, scene.tickets, words)
        yield RATIO.format(u=name), drift_chart.ratio(name, samples)
        seen = scene.smiles.get(name)
        drawn = SMILES.of(name, seen, view.at)
        yield SMILE.format(u=name), drawn.chart
        yield SMILE_SLICES.format(u=name), drawn.slices
        yield SMILE_RULES.format(u=name), drawn.rules
