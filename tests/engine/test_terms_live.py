"""Terms changed under a running engine on the paper exchange, and over its restarts."""

from contextlib import contextmanager
from dataclasses import replace

from running import connected, ended, ready

from hedging.model.limits import WHOLE_BOOK, Limit, Measure, VolSource
from hedging.model.terms import TermsChange, TermsState
from hedging.model.trading import CommandKind, CommandState, Role
from hedging.workflow.terms import change_text


def shown(running):
    """The first view in which everything is valued."""

    def valued():
        view = running.series.view()
        return view if view and view.terms and all(item.drift for item in view.underlyings) else None

    return running.wait("a valued view", valued)


def propose(running, change):
    current = running.ledger.terms(states=(TermsState.IN_FORCE,))[0]
    return running.ask(
        CommandKind.PROPOSE_TERMS, "ann", Role.TRADER, body=change_text(change), reason="a smaller book",
        ref_version=current.number, ref_hash=current.content_hash,
    )  # fmt: skip


def approve(running, number):
    named = next(each for each in running.ledger.terms() if each.number == number)
    return running.ask(
        CommandKind.APPROVE_TERMS, "rita", Role.RISK, ref_version=number, ref_hash=named.content_hash
    )


@contextmanager
def engine(exchange):
    """A running engine, and at the end whichever of its successors runs."""
    runs = [exchange.started()]
    try:
        yield runs
    finally:
        runs[-1].close()
        ended(runs[-1].process)


def restarted(exchange, runs, changes=None):
    """The line that the next engine says; the one before has ended."""
    runs[-1].close()
    ended(runs[-1].process)
    exchange.changes.update(changes or {})
    process = exchange.engine()
    line = ready(process)
    runs[-1] = connected(process, exchange.folder / "state", exchange.line["control"])
    return line


def test_a_change_takes_effect_under_the_running_engine_and_outlives_it(exchange):
    with engine(exchange) as runs:
        takes_effect(runs[-1])
        outlives(exchange, runs)


def takes_effect(running):
    view = shown(running)
    assert (view.terms.number, view.terms.author) == (1, "configuration file")
    forecast = next(u.forecast for u in view.limits if u.limit.measure is Measure.DELTA)
    assert forecast.vol_source is VolSource.IMPLIED
    assert 0 <= forecast.within_1h <= forecast.within_8h <= 1
    assert {item.leaving_band.refused for item in view.underlyings} == {None}

    btc = view.terms.terms.of("BTC")
    narrow = replace(btc, band=replace(btc.band, lower=-4.0, upper=4.0))
    gross = Limit(scope=WHOLE_BOOK, measure=Measure.GROSS_NOTIONAL, soft=1e5, hard=2e5)
    asked = propose(running, TermsChange(underlyings=(narrow,), wider=(gross,)))
    assert asked.state is CommandState.DONE, asked.answer
    assert "in breach at once: " in asked.answer
    running.wait("the proposal in the view", lambda: running.view().proposals)
    taken = approve(running, 2)
    assert taken.state is CommandState.DONE, taken.answer
    assert "whole book gross notional" in taken.answer

    def in_force():
        view = running.view()
        wide = [each for each in view.limits if each.limit.scope == WHOLE_BOOK]
        bands = {item.underlying: item.drift.band.upper for item in view.underlyings if item.drift}
        return view.terms.number == 2 and bands.get("BTC") == 4.0 and wide and wide[0].value

    running.wait("version 2 in the view", in_force)


def outlives(exchange, runs):
    wider = {"band = { lower = -5.0, upper = 5.0": "band = { lower = -6.0, upper = 6.0"}
    assert restarted(exchange, runs, wider)["terms"] == {
        "number": 3,
        "author": "configuration file",
        "reason": "the file has changed since it was read last",
    }
    assert [each.state for each in runs[-1].ledger.terms()] == [
        TermsState.IN_FORCE,
        TermsState.SUPERSEDED,
        TermsState.SUPERSEDED,
    ]
    assert runs[-1].ledger.verify_chain() > 0
