"""I5: nothing is sent on old, non-finite, off-tick or non-positive input."""

from collections.abc import Iterator
from math import isfinite

from hedging.drill.facts import Sent

ID = "I5"
SENTENCE = "nothing is sent on old, non-finite, off-tick or non-positive input"
OLDEST_SECONDS = 2.5  # the touch's 2 s and the half second that an order may wait for its turn
FURTHEST = 0.04  # of the true index: the collar, the agreement of references, and a jump meanwhile


def sent(now: Sent) -> str:
    """The first thing wrong with what an order rests on."""
    return "" if now.thawed else next(_wrong(now), "")


def _wrong(now: Sent) -> Iterator[str]:
    order, quote = now.order, now.state.market.quotes.get(now.order.instrument_key)
    price = order.limit_price
    if not price.is_finite() or price <= 0 or price % now.instrument.tick:
        yield f"{order.client_id} has the price {price}"
        return
    if quote is None or quote.bid is None or quote.ask is None:
        yield f"{order.client_id} without a two-sided market"
        return
    if not (isfinite(quote.bid) and isfinite(quote.ask) and 0 < quote.bid <= quote.ask):
        yield f"{order.client_id} on a touch of {quote.bid} to {quote.ask}"
    age = (now.now - quote.touch_received_at).total_seconds()
    if age > OLDEST_SECONDS:
        yield f"{order.client_id} on a touch {age:.1f} s old"
    if abs(float(price) / now.index - 1) > FURTHEST:
        yield f"{order.client_id} at {price} while the index is {now.index:.1f}"
    position = now.state.accounts[order.account].positions_at
    if position is None or (now.now - position).total_seconds() > now.state.rules.ages.position + 0.5:
        yield f"{order.client_id} on positions of {position}"
