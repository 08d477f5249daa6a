"""A page for people where an answer should be."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Page

_HTML = b"<html><head><title>Just a moment</title></head><body>Checking your connection</body></html>"


@dataclass(frozen=True)
class ErrorPage(CallFault):
    """The answer is an HTML page with HTTP 200; ``accepted``: the call was carried out all the same."""

    name: ClassVar[str] = "error_page"
    accepted: bool = True

    def before(self, call: Call) -> Page | None:
        """Of the chosen calls, when they are not carried out."""
        return Page(200, _HTML) if self.touches(call) and not self.accepted else None

    def after(self, call: Call) -> Page | None:
        """Of the chosen calls, when they are."""
        return Page(200, _HTML) if self.touches(call) and self.accepted else None
