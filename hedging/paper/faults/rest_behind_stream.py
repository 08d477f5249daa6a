"""REST that lags behind the stream."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault, Stage, Undo
from hedging.paper.faults.calls import Call, Group

_MARKET = ("public/ticker", "public/get_order_book", "public/get_index_price")


class Reads(StrEnum):
    """Which REST reads are old."""

    ALL = "all"
    MARKET = "market"
    ACCOUNT = "account"


@dataclass(frozen=True)
class RestBehindStream(Fault):
    """REST answers with the state of ``age`` seconds ago, while the stream is up to date."""

    name: ClassVar[str] = "rest_behind_stream"
    group: ClassVar[Group] = Group.STREAM
    reads: Reads = Reads.ALL
    age: Annotated[float, Between(0.1, 60.0)] = 3.0

    def begin(self, stage: Stage) -> Undo | None:
        """Keep the present state."""
        stage.look_back()
        return None

    def age_seconds(self, call: Call) -> float | None:
        """Of the chosen reads."""
        is_market = call.method in _MARKET and self.reads is not Reads.ACCOUNT
        is_account = call.is_read and self.reads is not Reads.MARKET
        return self.age if is_market or is_account else None
