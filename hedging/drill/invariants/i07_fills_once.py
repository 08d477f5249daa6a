"""I7: each fill of the exchange is booked exactly once."""

from collections import Counter

from hedging.drill.facts import Ended

ID = "I7"
SENTENCE = "each fill of the exchange is booked exactly once"


def ended(now: Ended) -> str:
    """The trades of the account that trades, and those in the ledger, are the same."""
    every = {trade.fill.trade_id: trade.fill for trade in now.trades}
    real = {name: fill for name, fill in every.items() if fill.account == "main"}
    booked = {fill.trade_id: fill for fill in now.rows.fills.values()}
    if len(booked) < len(now.rows.fills):
        counts = Counter(fill.trade_id for fill in now.rows.fills.values())
        return f"the trade {counts.most_common(1)[0][0]} is booked more than once"
    for name, fill in real.items():
        mine = booked.get(name)
        if mine is None:
            return f"the trade {name} of {fill.client_id or 'somebody'} is not booked"
        if (mine.amount, mine.side, mine.price) != (fill.amount, fill.side, fill.price):
            return f"the trade {name} is booked as {mine.side.name} {mine.amount} at {mine.price}"
    more = booked.keys() - every.keys()
    return f"the trade {min(more)} was never made" if more else ""
