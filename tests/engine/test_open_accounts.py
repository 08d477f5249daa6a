"""The accounts of a book as they are opened: nothing is sent."""

import pytest

from hedging.engine.accounts import open_accounts
from hedging.errors import SettingsError
from hedging.settings import load

ACCOUNT = """
[[accounts]]
name = "{name}"
venue = "deribit"
mode = "testnet"
key_env = "{name}_KEY"
secret_env = "{name}_SECRET"
"""
BOOK = """book = "desk"
state = "state/desk"
{accounts}
[underlyings.BTC]
account = "one"
hedge = "BTC-PERPETUAL"
max_order_coin = 10.0
band = {{ lower = -5.0, upper = 5 }}
[underlyings.BTC.limits]
delta = {{ soft = 10.0, hard = 40.0 }}
hedge_position = {{ soft = 60.0, hard = 100.0 }}
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    def of(**keys):
        for name, key in keys.items():
            monkeypatch.setenv(f"{name}_KEY", key)
            monkeypatch.setenv(f"{name}_SECRET", "planted-secret")
        path = tmp_path / "hedging.toml"
        path.write_text(BOOK.format(accounts="".join(ACCOUNT.format(name=name) for name in keys)))
        return load(path)

    return of


def test_one_key_under_two_names_would_count_everything_twice(settings):
    with pytest.raises(SettingsError, match="'one' and 'two' at deribit have the same key") as caught:
        open_accounts(settings(one="planted-key", two="planted-key"))
    assert "planted" not in str(caught.value)


def test_two_keys_are_two_accounts(settings):
    found = open_accounts(settings(one="planted-key", two="another-key"))
    found.close()
    assert found.names == ("one", "two")
