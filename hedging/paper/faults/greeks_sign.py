"""Greeks with the wrong sign."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.wrong_greeks import GreekFault


@dataclass(frozen=True)
class GreeksSign(GreekFault):
    """Greeks of options are stated with the wrong sign (``where``: market, account, all)."""

    name: ClassVar[str] = "greeks_sign"

    def multiplier(self) -> float:
        """The other sign."""
        return -1.0
