"""A key that is no key any more."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class KeyRevoked(Fault):
    """Every private call and every login is refused: the key is unknown (13004)."""

    name: ClassVar[str] = "key_revoked"
    group: ClassVar[Group] = Group.ACCESS

    def before(self, call: Call) -> Refused | None:
        """Of private calls and logins."""
        if call.is_private or call.method == "public/auth":
            return Refused(Code.INVALID_CREDENTIALS, "the key was revoked")
        return None
