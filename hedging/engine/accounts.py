"""The accounts of a book: those at Deribit that may trade, and those elsewhere that are only read."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hedging import clock
from hedging.engine.venue_calls import Sessions
from hedging.errors import SettingsError
from hedging.keys import secrets
from hedging.model.instrument import Instrument
from hedging.settings import Settings
from hedging.venues.address import DERIBIT, AccountAddress
from hedging.venues.reading_session import ReadingSession
from hedging.venues.sessions import order_session, polled_session
from hedging.venues.wire import Pacing


@dataclass(frozen=True, slots=True)
class Accounts:
    """Sessions by the account's name; ``addresses`` are those of ``trading``, in the order of the file."""

    addresses: tuple[AccountAddress, ...]
    trading: Mapping[str, Sessions]
    readers: Mapping[str, ReadingSession]

    @property
    def names(self) -> tuple[str, ...]:
        """Every account."""
        return (*self.trading, *self.readers)

    def close(self) -> None:
        """End every session."""
        for pair in self.trading.values():
            pair.close()
        for reader in self.readers.values():
            reader.close()


def open_accounts(settings: Settings) -> Accounts:
    """Sessions of every account; nothing is sent yet. Raises SettingsError where a key is missing."""
    addresses = _addresses(settings)
    trading = tuple(address for address in addresses if address.venue == DERIBIT)
    return Accounts(
        trading,
        {
            address.name: Sessions(
                orders=order_session(address, clock.utc_now, Pacing.UNPACED),
                reads=order_session(address, clock.utc_now, Pacing.PACED),
            )
            for address in trading
        },
        {
            address.name: polled_session(address, clock.utc_now)
            for address in addresses
            if address.venue != DERIBIT
        },
    )


async def checked_instruments(accounts: Accounts, underlyings: Sequence[str]) -> dict[str, Instrument]:
    """Instruments of every account by key, once its key was checked.

    Raises UnsafeKeyError and VenueError; where an exchange has no question for the rights of a key, the
    reason is printed, and the key is used.
    """
    reads = {**{name: pair.reads for name, pair in accounts.trading.items()}, **accounts.readers}
    instruments: dict[str, Instrument] = {}
    for name, session in reads.items():
        rights = await session.run(session.check_key)
        if rights.unverified:
            print(f"the key of {name} was not checked: {rights.unverified}", file=sys.stderr)
        loaded = await session.run(session.load, tuple(underlyings))
        instruments.update({each.key: each for each in loaded.values()})
    for pair in accounts.trading.values():
        pair.orders.instruments = pair.reads.instruments
    return instruments


def _addresses(settings: Settings) -> tuple[AccountAddress, ...]:
    found = []
    for account in settings.accounts:
        own = secrets(account)
        found.append(
            AccountAddress(
                name=account.name,
                venue=account.venue,
                mode=account.mode,
                key=own.key,
                secret=own.secret,
                passphrase=own.passphrase,
                rest=account.rest,
                ws=account.ws,
            )
        )
    _require_different(found)
    return tuple(found)


def _require_different(addresses: Sequence[AccountAddress]) -> None:
    """Refuse one key under two names: all that its account holds would count, and be hedged, twice."""
    names: dict[tuple[str, str | None, str], str] = {}
    for address in addresses:
        other = names.setdefault((address.venue, address.rest, address.key), address.name)
        if other != address.name:
            raise SettingsError(
                f"the accounts {other!r} and {address.name!r} at {address.venue} have the same key, and "
                "would count twice; remove one, or give it its own key_env and secret_env"
            )
