import pytest

from hedging.errors import UnsafeKeyError
from hedging.venues.scopes import READ_ONLY, KeyScopes, safe_scopes

RECORDED = (
    "account:read_write block_trade:read_write connection custody:read_write mainaccount name:ccxt "
    "trade:read_write wallet:read_write"
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (RECORDED, "account:read_write, custody:read_write, wallet:read_write"),
        ("connection trade:read_write account:read wallet:read_write", "wallet:read_write"),
        ("trade:read account:read_write", "account:read_write"),
        ("trade:read_write something_new:read_write", "something_new:read_write"),
        ("", "did not say"),
        ("   ", "did not say"),
    ],
)
def test_a_key_that_may_do_too_much_is_refused(text: str, named: str) -> None:
    with pytest.raises(UnsafeKeyError, match=named):
        safe_scopes(text)


@pytest.mark.parametrize(
    ("text", "trade", "account"),
    [
        ("connection mainaccount name:desk account:read trade:read_write wallet:read", True, True),
        ("account:read trade:read", False, True),
        ("trade:read_write", True, False),
        ("connection", False, False),
    ],
)
def test_rights_are_read(text: str, trade: bool, account: bool) -> None:
    scopes = safe_scopes(text)
    assert (scopes.can_trade, scopes.can_read_account) == (trade, account)


@pytest.mark.parametrize(
    ("granted", "trade"),
    [
        ({"read_only", "trade"}, True),
        ({"read_only"}, False),
        ({"ContractTrade:Order", "ContractTrade:Position"}, True),
        ({"ContractTrade:Order", READ_ONLY}, False),
        ({"Derivatives:DerivativesTrade"}, True),
        ({"Options:OptionsTrade"}, False),
        ({"enableReading", "enableFutures"}, True),
        ({"enableReading"}, False),
    ],
    ids=str,
)
def test_a_key_of_another_exchange_that_may_trade(granted: set[str], trade: bool) -> None:
    assert KeyScopes(frozenset(granted)).can_trade is trade
