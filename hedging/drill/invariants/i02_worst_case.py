"""I2: the worst case is never beyond a hard limit."""

from decimal import Decimal

from hedging.core.effects import InsertAttempt
from hedging.drill.facts import Sent, Stored
from hedging.drill.invariants.i01_one_order import OVER
from hedging.model.limits import Measure
from hedging.policy.sizing import coins_of

ID = "I2"
SENTENCE = "the worst case is never beyond a hard limit"
PRICES_DIFFER = 1.01  # the order's limit and the reference that its position was judged with


def sent(now: Sent) -> str:
    """By the position, the fills and the limit that the engine knows, nothing larger can come of it."""
    mine = now.order
    held = now.state.accounts[mine.account].expected(mine.instrument)
    limits = now.state.rules.underlyings[0].limits
    hard = next(each.hard for each in limits if each.measure is Measure.HEDGE_POSITION)
    if held is None or now.thawed:
        return ""
    others = [o for o in now.orders if o.state not in OVER and o.client_id != mine.client_id]
    before = held + sum(((o.amount - o.filled) * o.side for o in others if o.side is mine.side), Decimal(0))
    after = before + mine.amount * mine.side
    coins = float(coins_of(now.instrument, after, mine.limit_price))
    if abs(coins) <= hard * PRICES_DIFFER or abs(after) <= abs(before):
        return ""
    return f"{mine.client_id} could take a position known as {held} to {coins:+.3f} coins, allowed {hard:g}"


def stored(now: Stored) -> str:
    """Position and every order that may still fill stay inside, unless the new one only shrinks it."""
    limit = next(each for each in now.item.limits if each.measure is Measure.HEDGE_POSITION)
    for change in now.changes:
        if not isinstance(change, InsertAttempt):
            continue
        mine = change.order
        live = [each for each in now.before.orders.values() if each.state not in OVER]
        others = sum(float(each.amount - each.filled) * each.side for each in live if each.side is mine.side)
        before = now.held + others * now.coin
        after = before + float(mine.amount * mine.side) * now.coin
        if abs(after) > limit.hard + now.allowance + 1e-9 and abs(after) > abs(before):
            return f"{mine.client_id} could take the position to {after:+.3f} coins, allowed {limit.hard:g}"
    return ""
