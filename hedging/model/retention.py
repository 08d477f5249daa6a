"""How long what is recorded of the book stays."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """Records stay as they were sampled for ``fine``, then one of each minute, and none after ``keep``."""

    fine: timedelta = timedelta(hours=24)
    keep: timedelta = timedelta(days=30)
