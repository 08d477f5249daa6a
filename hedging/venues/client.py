"""How an exchange client is configured: no retry, no redirect, no broker id, nothing logged."""

import logging
from typing import Any

from requests.adapters import HTTPAdapter

from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.library import SyncClient

NEVER = logging.CRITICAL + 1


def client_settings(address: AccountAddress, timeout_seconds: float) -> dict[str, object]:
    """Constructor settings that the synchronous and the websocket client share.

    The addresses are replaced on paper only, and never together with ``set_sandbox_mode``, which would
    overwrite them.
    """
    settings: dict[str, object] = {
        "apiKey": address.key,
        "secret": address.secret,
        "timeout": int(timeout_seconds * 1000),
        "options": {"maxRetriesOnFailure": 0, "broker": "", "brokerId": ""},
    }
    if address.mode is VenueMode.PAPER:
        settings["urls"] = {"api": {"rest": address.rest, "ws": address.ws}}
    return settings


def quiet_logger() -> logging.Logger:
    """A logger that says nothing: the library writes signed headers at debug level."""
    logger = logging.getLogger("hedging.venues.library")
    logger.setLevel(NEVER)
    logger.propagate = False
    return logger


def order_safe_client(address: AccountAddress, timeout_seconds: float, *, paced: bool) -> Any:
    """A synchronous client that puts each request on the wire once.

    The library's own retries are off; so are those of the transport, and redirects, which would send a
    second request, end in an error. ``paced`` lets the library wait between requests.
    """
    client = SyncClient({**client_settings(address, timeout_seconds), "enableRateLimit": paced})
    if address.mode is VenueMode.TESTNET:
        client.set_sandbox_mode(True)
    client.logger = quiet_logger()
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines carry queries
    client.session.max_redirects = 0
    for scheme in ("http://", "https://"):
        client.session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))
    return client
