"""I2: the worst case is never beyond a hard limit."""

from hedging.core.effects import InsertAttempt
from hedging.drill.facts import Stored
from hedging.drill.invariants.i01_one_order import OVER
from hedging.model.limits import Measure

ID = "I2"
SENTENCE = "the worst case is never beyond a hard limit"


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
