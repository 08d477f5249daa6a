"""Keys of wishes about terms: pressed twice it is one command, refused it may be asked again."""

from hedging.desk import DOORWAY
from hedging.model.trading import CommandState

MOST_TRIES = 50


def key_of(base: str) -> str:
    """The key for a wish that ``base`` names: another after each refusal, as what forbade it may be over."""
    desk = DOORWAY.standing.desk
    for attempt in range(MOST_TRIES):
        key = f"{base}:{attempt}"
        held = desk.command(key) if desk else None
        if held is None or held.state is not CommandState.REFUSED:
            return key
    return f"{base}:{MOST_TRIES}"
