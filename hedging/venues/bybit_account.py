"""Bybit (v5): pages of lists, what a key may do, and an account's funds.

Pure, like ``bybit``. Source: the v5 documentation, "user/query-api", "account/wallet-balance",
"asset/coin-greeks".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hedging.errors import BadInput
from hedging.venues import bybit
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import READ_ONLY, KeyScopes, without

WALLET = "Wallet"  # transfers and withdrawals


def next_page(envelope: Raw, *, must_say: bool = False) -> str:
    """Where the list goes on, empty at its end; ``must_say``: an answer that leaves it open is refused."""
    read = Payload(Payload(envelope, "answer").value("result"), "answer result")
    if must_say and not read.has("nextPageCursor"):
        read.refuse("nextPageCursor", "where a full page goes on, be it empty")
    return read.optional_text("nextPageCursor")


def key_rights(envelope: Raw) -> KeyScopes:
    """Rights of the key that asked for ``user/query-api``, as "Wallet:Withdraw".

    A key that may only read is safe whatever it lists. Raises UnsafeKeyError for one that may write and
    has a right to the wallet, and where nothing is said.
    """
    result = bybit.accepted(envelope).optional_object("result")
    listed = None if result is None else result.value("permissions")
    if result is None or not isinstance(listed, Mapping) or result.value("readOnly") is None:
        return without(frozenset(), frozenset())
    granted = frozenset(
        f"{area}:{right}" for area, rights in listed.items() if isinstance(rights, list) for right in rights
    )
    if result.value("readOnly") in (1, "1"):
        return KeyScopes(granted | {READ_ONLY})
    return without(granted, frozenset(right for right in granted if right.partition(":")[0] == WALLET))


def funds(wallet: Raw, greeks: Raw, account: str, received_at: datetime) -> Funds:
    """Answers of ``account/wallet-balance`` and ``asset/coin-greeks`` as a unified account's funds.

    Bybit sums Black's delta of the options alone: what the contracts add it does not say.
    """
    listed = bybit.answer(wallet)[0]
    if len(listed) != 1:
        raise BadInput(f"account: expected 1 entry, got {len(listed)}")
    whole = bybit.account_margin(listed[0], account, received_at)
    deltas = tuple(sorted(bybit.coin_greeks(entry) for entry in bybit.answer(greeks)[0]))
    return Funds((replace(whole, delta_black=deltas),), bybit.holdings(listed[0], account, received_at))
