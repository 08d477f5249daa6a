"""How an exchange client is configured: no retry, no redirect, no broker id, nothing logged."""

import logging
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

from hedging.model.view import VenueMode
from hedging.venues.address import BINANCE, BYBIT, DERIBIT, OKX, AccountAddress
from hedging.venues.library import SyncClient, sync_client

NEVER = logging.CRITICAL + 1
BROKERS = ("spot", "margin", "future", "swap", "option", "inverse", "delivery", "papi")  # Binance's kinds
OKX_PACE_MS = 55  # per unit of the library's cost: marks, the scarcest, come to 5 a second, their bound


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
    if address.passphrase:
        settings["password"] = address.passphrase
    if address.venue == BINANCE:
        settings["options"] = {"maxRetriesOnFailure": 0, "broker": dict.fromkeys(BROKERS, "")}
    if address.venue == BYBIT:
        settings["headers"] = {"Referer": None}  # an empty broker id is replaced by the library's own there
    if address.venue == OKX:
        settings["rateLimit"] = OKX_PACE_MS
    if address.mode is VenueMode.PAPER and address.venue == DERIBIT:
        settings["urls"] = {"api": {"rest": address.rest, "ws": address.ws}}
    return settings


def _replace_addresses(client: Any, rest: str) -> None:
    """Send everything to ``rest``, each path as it is at the exchange."""
    client.urls["api"] = {
        name: rest.rstrip("/") + urlsplit(str(url)).path for name, url in client.urls["api"].items()
    }


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
    client_class = SyncClient if address.venue == DERIBIT else sync_client(address.venue)
    client = client_class({**client_settings(address, timeout_seconds), "enableRateLimit": paced})
    if address.mode is VenueMode.TESTNET:
        _use_testnet(client, address.venue)
    elif address.mode is VenueMode.PAPER and address.venue != DERIBIT:
        _replace_addresses(client, str(address.rest))
    client.logger = quiet_logger()
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines carry queries
    client.session.max_redirects = 0
    for scheme in ("http://", "https://"):
        client.session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))
    return client


def _use_testnet(client: Any, venue: str) -> None:
    """Binance's futures have only demo trading; OKX marks its demo by a header; the others have addresses."""
    if venue == BINANCE:
        client.enable_demo_trading(True)  # noqa: FBT003  # the library's own signature
    else:
        client.set_sandbox_mode(True)
