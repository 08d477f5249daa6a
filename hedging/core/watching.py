"""What is watched at each look at the market beside the drift: its sanity (C24), and the time in shadow."""

from dataclasses import replace

from hedging.core.turn import Turn
from hedging.model.gates import IndexAt
from hedging.workflow.authority import shadow_counted
from hedging.workflow.market_sanity import market_trouble, market_watched

BETWEEN_SECONDS = 0.5
NOTEWORTHY = 0.001  # share: a larger move is noted at once


def watch(turn: Turn) -> None:
    """Note the indices, judge the market, and count shadow time."""
    state, now = turn.state, turn.now
    rules, quotes = state.rules, state.market.quotes
    indices = {item.underlying: _path(turn, item.underlying, item.hedge_key) for item in rules.underlyings}
    marks = [quotes[name].received_at if name in quotes else None for name in state.needed]
    trouble = market_trouble(marks, indices, rules, now)
    turn.set(indices=indices, market_trouble=trouble)
    watched = market_watched(state.status, trouble, rules.market, now)
    counted = replace(watched, auto=shadow_counted(watched.auto, now))
    if counted.state is not state.status.state:
        turn.put_status(counted, counted.reduced_because or "the market has been sane for a while")
    elif counted != state.status:
        turn.set(status=counted)  # time alone: it is stored with the next change


def _path(turn: Turn, underlying: str, hedge: str) -> tuple[IndexAt, ...]:
    """The index of one underlying within the time that counts, thinned while it is calm."""
    oldest = turn.state.rules.market.index_seconds
    path = turn.state.indices.get(underlying, ())
    known = tuple(each for each in path if (turn.now - each.at).total_seconds() <= oldest)
    quote = turn.state.market.quotes.get(hedge)
    if quote is None or quote.index is None:
        return known
    last = known[-1] if known else None
    calm = last is not None and abs(quote.index / last.price - 1) < NOTEWORTHY
    soon = last is not None and (turn.now - last.at).total_seconds() < BETWEEN_SECONDS
    return known if calm and soon else (*known, IndexAt(quote.received_at, quote.index))
