"""A login that has run out."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class AuthExpired(Fault):
    """Every private call is refused as not logged in (13009); logging in again is possible, and no help."""

    name: ClassVar[str] = "auth_expired"
    group: ClassVar[Group] = Group.ACCESS

    def before(self, call: Call) -> Refused | None:
        """Of private calls."""
        return Refused(Code.UNAUTHORIZED, "invalid_token") if call.is_private else None
