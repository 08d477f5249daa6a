"""Which account at which exchange: the address and the key of one session or stream."""

from dataclasses import dataclass, field

from hedging.errors import SettingsError
from hedging.model.view import VenueMode

DERIBIT = "deribit"


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """One account: ``rest`` and ``ws`` replace the exchange's own addresses, on paper only.

    ``repr`` hides key and secret. Raises SettingsError when mode and addresses do not belong together.
    """

    name: str
    venue: str
    mode: VenueMode
    key: str = field(repr=False)
    secret: str = field(repr=False)
    rest: str | None = None
    ws: str | None = None

    def __post_init__(self) -> None:
        if self.venue != DERIBIT:
            raise SettingsError(
                f"account {self.name!r}: the venue {self.venue!r} is not known; use {DERIBIT!r}"
            )
        given = self.rest is not None and self.ws is not None
        if self.mode is VenueMode.PAPER and not given:
            raise SettingsError(
                f"account {self.name!r}: the paper exchange needs both its rest and its ws address"
            )
        if self.mode is not VenueMode.PAPER and (self.rest is not None or self.ws is not None):
            raise SettingsError(
                f"account {self.name!r}: rest and ws addresses are for the paper exchange; "
                f"mode {self.mode.value} uses the exchange's own"
            )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed."""
        return tuple(value for value in (self.key, self.secret) if value)
