"""What a fault can do, and where it is asked.

A fault is a frozen dataclass in its own file: the class's docstring is the sentence people read, its fields
are its parameters. It is asked before a call is carried out, after it, and when something is published.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar


class Wire(StrEnum):
    """What happens to the connection that carried a call."""

    PROCEED = "proceed"
    RESET = "reset"  # the connection is torn down without an answer
    SILENCE = "silence"  # the connection stays open, no answer comes
    HALF = "half"  # half of the answer, then torn down
    LAST = "last"  # the whole answer, then torn down
    UNAVAILABLE = "unavailable"  # HTTP 503 with an HTML page


class Calls(StrEnum):
    """Which calls a fault touches."""

    ORDERS = "orders"  # buy, sell, edit
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it arrived: ``method`` such as ``private/buy``."""

    method: str

    @property
    def is_order(self) -> bool:
        """Whether it can place or change an order."""
        return self.method in ("private/buy", "private/sell", "private/edit")


@dataclass(frozen=True)
class Fault:
    """A named switch. Every hook's default is: nothing is wrong."""

    name: ClassVar[str] = ""

    @classmethod
    def sentence(cls) -> str:
        """What it does, in one sentence."""
        return (cls.__doc__ or "").strip().splitlines()[0]

    def before(self, call: Call) -> Wire:
        """Fate of a call before the exchange carries it out; anything but PROCEED means it never does."""
        del call
        return Wire.PROCEED

    def after(self, call: Call) -> Wire:
        """Fate of the answer to a call that was carried out."""
        del call
        return Wire.PROCEED

    def freezes(self, channel: str) -> bool:
        """Whether messages of ``channel`` are withheld."""
        del channel
        return False

    @property
    def freezes_rest(self) -> bool:
        """Whether REST market data stays as it was when the fault began."""
        return False

    @property
    def refuses_connections(self) -> bool:
        """Whether websockets are closed and new ones refused."""
        return False

    @property
    def fill_share(self) -> Decimal:
        """Share of an order that may trade."""
        return Decimal(1)


@dataclass(frozen=True)
class CallFault(Fault):
    """A fault of chosen calls: ``calls`` is ``orders`` or ``all``; ``times`` 0 means until switched off."""

    calls: Calls = Calls.ORDERS
    times: int = 0

    def touches(self, call: Call) -> bool:
        """Whether the fault concerns ``call``."""
        return self.calls is Calls.ALL or call.is_order
