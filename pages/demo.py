"""Demo: show me. Shocks, a trade by hand and faults; only where there is a paper exchange."""

from components import showing
from components.guard import refuse_alone


def render() -> None:
    """Shocks and the trade beside each other, the faults below."""
    showing.shocks()
    showing.faults()


refuse_alone(__name__)
