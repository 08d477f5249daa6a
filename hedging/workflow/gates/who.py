"""C23: every order maps to one ticket, one actor and one approver."""

from hedging.model.gates import Reading
from hedging.model.trading import Order, Refusal, Role
from hedging.workflow.authority import armed_by
from hedging.workflow.gates.state import GateState
from hedging.workflow.terms import plain_name

CONTROL = "C23"
SENTENCE = "ticket, actor and approver are named"
_ROLES = tuple(f"({role.value})" for role in Role)


def check(order: Order, _state: GateState) -> Refusal | None:
    """Refuse an order without the id of its ticket, who acts, or the person who approved it."""
    for what, name in (
        ("ticket", order.ticket_id),
        ("actor", order.actor),
        ("approver", _person(order.approver)),
    ):
        if not plain_name(name):
            return Refusal(control=CONTROL, reason=f"{order.client_id} has no {what}")
    return None


def readings(_state: GateState) -> tuple[Reading, ...]:
    """Nothing of it is known before there is an order."""
    return ()


def _person(approver: str) -> str:
    """The name in ``approver``: without its role, or who armed the automatic mode that approved."""
    name = armed_by(approver).strip()
    return next((name.removesuffix(role) for role in _ROLES if name.endswith(role)), name)
