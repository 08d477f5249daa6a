"""Whether the market itself can be trusted (C24), and what follows for the trading state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite

from hedging.model.gates import IndexAt
from hedging.model.rules import MarketRules, Rules
from hedging.model.trading import ReducedBy, TradingState, TradingStatus
from hedging.workflow.authority import reducing


def market_trouble(
    marks: Sequence[datetime | None],
    indices: Mapping[str, Sequence[IndexAt]],
    rules: Rules,
    now: datetime,
) -> str:
    """What is wrong with the market, in words; empty where nothing is.

    Args:
        marks: when each mark that the book needs was received; None: it is missing.
        indices: the index of each underlying as it was lately.
        rules: bounds, and the age at which a mark is old.
        now: our clock.
    """
    if not marks:
        return "no mark is known"
    oldest = timedelta(seconds=rules.ages.marks)
    stale = sum(1 for at in marks if at is None or abs(now - at) > oldest)
    if stale > rules.market.stale_share * len(marks):
        return f"{stale} of {len(marks)} marks are old, allowed are {rules.market.stale_share:.0%}"
    return next(
        (why for name, path in indices.items() if (why := _jumped(name, path, rules.market, now))), ""
    )


def market_watched(status: TradingStatus, trouble: str, rules: MarketRules, now: datetime) -> TradingStatus:
    """The trading state after a look at the market, to be taken each cycle.

    Trouble makes ACTIVE into REDUCING, which ends automatic mode. It lifts by itself after the quiet time,
    for old marks come and go with a line; automatic mode stays off until a person arms it again. What a
    person reduced or halted stays so.
    """
    if trouble:
        if status.state is TradingState.ACTIVE:
            return reducing(status, trouble, ReducedBy.MARKET)
        return status if status.quiet_since is None else replace(status, quiet_since=None)
    if status.state is not TradingState.REDUCING or status.reduced_by is not ReducedBy.MARKET:
        return status
    if status.quiet_since is None or now < status.quiet_since:
        return replace(status, quiet_since=now)
    if now - status.quiet_since < timedelta(seconds=rules.quiet_seconds):
        return status
    return TradingStatus(auto=status.auto)


def _jumped(name: str, path: Sequence[IndexAt], rules: MarketRules, now: datetime) -> str:
    """How an index jumped within the time that is looked at, or nothing."""
    recent = [each.price for each in path if now - each.at <= timedelta(seconds=rules.index_seconds)]
    if not recent:
        return f"the index of {name} is not known"
    if not all(isfinite(price) and price > 0 for price in recent):
        return f"an index of {name} is no positive number"
    gap = max(recent) / min(recent) - 1
    if gap <= rules.index_gap:
        return ""
    return (
        f"the index of {name} moved {gap:.1%} in {rules.index_seconds:g} s, allowed are {rules.index_gap:.0%}"
    )
