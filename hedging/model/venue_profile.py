"""How an exchange behaves where orders are concerned: what an order's path may rely on there, and what not.

The core reads these and nothing else about an exchange, so that it can be tried against behaviours that
none of our own exchanges shows today.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fence(StrEnum):
    """How the exchange is told until when it may accept an order."""

    VALID_UNTIL = "valid until"  # a time in the order itself, by the exchange's clock
    EXPIRES = "expires"  # a time beside the request, by the exchange's clock
    RECV_WINDOW = "receive window"  # timestamp and window signed with the request
    NONE = "none"


class Ids(StrEnum):
    """What a second order under a client id meets."""

    LABEL = "label"  # nothing: both are accepted
    UNIQUE_WHILE_OPEN = "unique while open"  # refused while the first is open, accepted once it has ended
    UNIQUE = "unique"  # refused as a duplicate


class DeadMan(StrEnum):
    """What cancels resting orders when nobody is heard of any more."""

    NONE = "none"
    CANCEL_ALL_AFTER = "cancel all after"  # a countdown that each call starts again
    DISCONNECT_PROTECTION = (
        "disconnect protection"  # counts from the loss of the private stream, if one was open
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """One exchange's behaviour; ``unknown_status``: it may answer an order with "status unknown"."""

    name: str
    fence: Fence
    ids: Ids
    dead_man: DeadMan
    unknown_status: bool

    @property
    def guards_resting_orders(self) -> bool:
        """Whether resting orders end by themselves when we fall silent; no private stream is held open."""
        return self.dead_man is DeadMan.CANCEL_ALL_AFTER


DERIBIT = VenueProfile(
    name="deribit",
    fence=Fence.VALID_UNTIL,
    ids=Ids.LABEL,
    dead_man=DeadMan.NONE,  # cancel-on-disconnect covers orders of a websocket alone, and ours go by REST
    unknown_status=False,
)
OKX = VenueProfile(
    name="okx",
    fence=Fence.EXPIRES,
    ids=Ids.UNIQUE,
    dead_man=DeadMan.CANCEL_ALL_AFTER,
    unknown_status=False,
)
BYBIT = VenueProfile(
    name="bybit",
    fence=Fence.RECV_WINDOW,
    ids=Ids.UNIQUE,
    dead_man=DeadMan.DISCONNECT_PROTECTION,
    unknown_status=False,
)
BINANCE = VenueProfile(
    name="binance",
    fence=Fence.RECV_WINDOW,
    ids=Ids.UNIQUE_WHILE_OPEN,
    dead_man=DeadMan.CANCEL_ALL_AFTER,  # per symbol, of futures
    unknown_status=True,
)
PROFILES = (DERIBIT, OKX, BYBIT, BINANCE)
