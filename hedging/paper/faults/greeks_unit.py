"""Greeks in the wrong unit."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between
from hedging.paper.faults.wrong_greeks import GreekFault


@dataclass(frozen=True)
class GreeksUnit(GreekFault):
    """Greeks of options are stated in another unit: ``factor`` times what they are."""

    name: ClassVar[str] = "greeks_unit"
    factor: Annotated[float, Between(0.000001, 1_000_000.0)] = 100.0

    def multiplier(self) -> float:
        """As chosen."""
        return self.factor
