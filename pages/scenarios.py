"""Scenarios: what if?"""

from components import scenario
from components.guard import refuse_alone


def render() -> None:
    """The grid of shocks, what-if positions and tails; computed here, in the app's process."""
    scenario.page()


refuse_alone(__name__)
