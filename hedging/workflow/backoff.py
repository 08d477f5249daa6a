"""How long to leave a venue alone that does not answer (C19): longer each time, and never all at once."""

from hedging.errors import BadInput

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


def retry_after(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row: doubled each time up to a minute, half at random.

    ``jitter`` is a random number from 0 to 1. Raises BadInput where it is not.

    >>> retry_after(0, 0.3), retry_after(1, 1.0), retry_after(3, 0.0), retry_after(99, 1.0)
    (0.0, 1.0, 2.0, 60.0)
    """
    if not 0 <= jitter <= 1:
        raise BadInput(f"the jitter is {jitter}; it lies between 0 and 1")
    if failures <= 0:
        return 0.0
    whole = min(FIRST_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_SECONDS)
    return whole * (0.5 + 0.5 * jitter)
