"""C12: a trade that is not ours ends automatic mode in the commit that books it."""

from hedging.core.effects import AddFill, PutStatus
from hedging.drill.facts import Stored
from hedging.model.trading import AutoMode

ID = "C12"
SENTENCE = "a trade that is not ours ends automatic mode in the commit that books it"


def stored(now: Stored) -> str:
    """No foreign fill is booked while automatic mode stays armed."""
    foreign = [
        change.fill
        for change in now.changes
        if isinstance(change, AddFill)
        and change.fill.account == "main"  # in others we do not trade
        and change.fill.client_id not in now.after.orders
    ]
    if not foreign or now.after.status.auto.mode is not AutoMode.ARMED:
        return ""
    ended = any(isinstance(change, PutStatus) for change in now.changes)
    return "" if ended else f"{foreign[0].trade_id} is not ours, and automatic mode stays armed"
