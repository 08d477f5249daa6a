"""An exchange that answers with a server's error."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, CallFault
from hedging.paper.faults.calls import Call, Page


@dataclass(frozen=True)
class ServerError(CallFault):
    """The answer is HTTP ``status`` (500 to 599) without a word; ``accepted``: carried out all the same."""

    name: ClassVar[str] = "server_error"
    status: Annotated[int, Between(500, 599)] = 502
    accepted: bool = False

    def before(self, call: Call) -> Page | None:
        """Of the chosen calls, when they are not carried out."""
        return self._page() if self.touches(call) and not self.accepted else None

    def after(self, call: Call) -> Page | None:
        """Of the chosen calls, when they are."""
        return self._page() if self.touches(call) and self.accepted else None

    def _page(self) -> Page:
        return Page(self.status, b"", "text/plain")
