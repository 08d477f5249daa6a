"""Which account at which exchange: the address and the key of one session or stream."""

import re
from dataclasses import dataclass, field

from hedging.errors import SettingsError
from hedging.model.view import VenueMode

DERIBIT = "deribit"
OKX = "okx"
BYBIT = "bybit"
BINANCE = "binance"
VENUES = (DERIBIT, OKX, BYBIT, BINANCE)
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/.*)?")


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """One account: ``rest`` and ``ws`` replace the exchange's own addresses, on paper only.

    Beside Deribit, "paper" is a server on this machine that answers as the exchange would: a loopback
    ``rest`` address and no ``ws``. ``repr`` hides key, secret and passphrase (which OKX alone has). Raises
    SettingsError when venue, mode and addresses do not belong together.
    """

    name: str
    venue: str
    mode: VenueMode
    key: str = field(repr=False)
    secret: str = field(repr=False)
    rest: str | None = None
    ws: str | None = None
    passphrase: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.venue not in VENUES:
            raise SettingsError(
                f"account {self.name!r}: the venue {self.venue!r} is not known; use {', '.join(VENUES)}"
            )
        if self.venue == OKX and not self.passphrase:
            raise SettingsError(f"account {self.name!r}: a key of OKX has a passphrase; give it too")
        if self.mode is not VenueMode.PAPER:
            self._uses_own_addresses()
        elif self.venue == DERIBIT and (self.rest is None or self.ws is None):
            raise SettingsError(
                f"account {self.name!r}: the paper exchange needs both its rest and its ws address"
            )
        elif self.venue != DERIBIT and (LOOPBACK.fullmatch(self.rest or "") is None or self.ws is not None):
            raise SettingsError(
                f"account {self.name!r}: on paper {self.venue} is a server on this machine; give rest as "
                "http://127.0.0.1:PORT and no ws"
            )

    def _uses_own_addresses(self) -> None:
        if self.rest is not None or self.ws is not None:
            raise SettingsError(
                f"account {self.name!r}: rest and ws addresses are for the paper exchange; "
                f"mode {self.mode.value} uses the exchange's own"
            )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed."""
        return tuple(value for value in (self.key, self.secret, self.passphrase) if value)
