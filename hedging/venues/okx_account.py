"""OKX: what an account may do, holds in each currency, and the deltas the exchange sums for it.

Pure, like ``okx``. Source: the v5 documentation, "account/config", "account/greeks", "account/balance".
"""

from dataclasses import replace
from datetime import datetime

from hedging.errors import BadInput
from hedging.model.book import Balance, Holding
from hedging.venues import okx
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import entries, only
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes, without

MAY_WITHDRAW = frozenset({"withdraw"})
Deltas = tuple[tuple[str, float], ...]


def key_rights(envelope: Raw) -> KeyScopes:
    """Rights of the key that asked for ``account/config``: words of ``perm``, separated by commas.

    Raises UnsafeKeyError where it may withdraw, and where nothing is said.
    """
    read = only(entries(okx.answer(envelope), "account configuration"), "account configuration")
    words = (word.strip() for word in read.optional_text("perm").split(","))
    return without(frozenset(word for word in words if word), MAY_WITHDRAW)


def option_families(envelope: Raw) -> tuple[str, ...]:
    """Families ("BTC-USD") of options, from ``public/underlying``: a list within a list."""
    read = Payload(envelope, "answer")
    if read.value("code") != "0":
        read.refuse("code", '"0"')
    data = read.value("data")
    if not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], list):
        read.refuse("data", "one list of families")
    return tuple(Payload({"family": family}, "family").text("family") for family in data[0])


def delta_totals(envelope: Raw) -> tuple[Deltas, Deltas]:
    """Net deltas and Black's by underlying, in coin, from ``account/greeks``; an empty figure is none."""
    net: dict[str, float] = {}
    black: dict[str, float] = {}
    for read in entries(okx.answer(envelope), "account greeks"):
        for totals, field in ((net, "deltaPA"), (black, "deltaBS")):
            value = read.optional_number(field)
            if value is not None:
                totals[read.text("ccy")] = value
    return tuple(sorted(net.items())), tuple(sorted(black.items()))


def funds(balance: Raw, greeks: Raw, account: str, received_at: datetime) -> Funds:
    """Answers of ``account/balance`` and ``account/greeks`` as an account's funds.

    An account that is margined as a whole has one balance in USD, and its currencies are holdings; one that
    is margined by currency has a balance for each that states its margins, and holdings for the others.
    The delta totals are with the balance in USD, else with that of their own coin.
    """
    listed = okx.answer(balance)
    if len(listed) != 1:
        raise BadInput(f"account: expected 1 entry, got {len(listed)}")
    raw = listed[0]
    net, black = delta_totals(greeks)
    held = okx.holdings(raw, account, received_at)
    if Payload(raw, "account").optional_number("imr") is not None:
        whole = okx.account_margin(raw, account, received_at)
        return Funds((replace(whole, delta_total=net, delta_black=black),), held)
    own = [(holding, _balance(holding)) for holding in held]
    balances = [balance for _, balance in own if balance is not None]
    return Funds(
        tuple(
            replace(
                balance,
                delta_total=tuple(each for each in net if each[0] == balance.currency),
                delta_black=tuple(each for each in black if each[0] == balance.currency),
            )
            for balance in balances
        ),
        tuple(holding for holding, balance in own if balance is None),
    )


def _balance(holding: Holding) -> Balance | None:
    """A currency with margins of its own; None where one of the figures is not stated."""
    initial, maintenance, available = (
        holding.initial_margin,
        holding.maintenance_margin,
        holding.available,
    )
    if initial is None or maintenance is None or available is None:
        return None
    return Balance(
        account=holding.account,
        currency=holding.currency,
        equity=holding.equity,
        available=available,
        initial_margin=initial,
        maintenance_margin=maintenance,
        delta_total=(),
        received_at=holding.received_at,
    )


def group(raw: Raw) -> tuple[str, str]:
    """Type and family of a listed derivative, by which OKX is asked for quotes."""
    read = Payload(raw, "instrument")
    family = read.optional_text("instFamily") or read.optional_text("uly")
    if not family:
        raise BadInput(f"instrument {read.text('instId')}: neither instFamily nor uly is there")
    return read.text("instType"), family
