"""I14: nothing says flat, settled or known while data is old or an order unknown."""

from hedging.drill.facts import Assessed
from hedging.model.trading import OrderState

ID = "I14"
SENTENCE = "nothing says flat, settled or known while data is old or an order unknown"


def assessed(now: Assessed) -> str:
    """A delta is known only from young positions; settled is only what was read after the last fill."""
    state, whole = now.state, now.state.whole
    limit = state.rules.ages.position + 0.001
    for account in state.accounts.values():
        age = None if account.positions_at is None else (now.now - account.positions_at).total_seconds()
        if whole is not None and whole.drifts and (age is None or age > limit):
            return f"a delta is shown while the positions of {account.name} are {age} s old"
        if account.positions_at is not None and account.positions_at not in now.reads[account.name]:
            return f"{account.name} is said to hold what no answer of the exchange says"
        last = account.last_fill_at
        if account.settled and last is not None and account.positions_at and account.positions_at <= last:
            return f"{account.name} is called settled although it was read before its last fill"
    unknown = [o for o in state.orders.values() if o.state is OrderState.UNKNOWN]
    waiting = [t for t in state.tickets.values() if t.state.value == "proposed"]
    fresh = [t for t in waiting if unknown and t.created_at == now.now]
    return f"{fresh[0].id} was proposed while {unknown[0].client_id} is unknown" if fresh else ""
