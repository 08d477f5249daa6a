"""Whatever is wrong at the start gives one clear message, and nothing is started half."""

import pytest
from click.testing import CliRunner

from hedging.__main__ import main
from hedging.paper.control_client import ControlClient


def nothing_was_started(exchange) -> None:
    state = exchange.folder / "state"
    assert not state.exists()
    control = ControlClient(exchange.line["control"]["url"], exchange.line["control"]["token"])
    assert control.state().order_requests == {}


BAD = {
    "unknown key": (
        {"clip_usd = 250000": "clip_usd = 250000\nclip_use = 3"},
        ["execution.clip_use", "not a known setting"],
    ),
    "limit below a lot": (
        {
            "hedge_position = { soft = 40.0, hard = 60.0 }": "hedge_position = { soft = 1e-5, hard = 2e-5 }",
            "max_order_coin = 5.0": "max_order_coin = 1e-5",
        },
        ["hedge position", "less than one lot"],
    ),
    "largest order beyond the position": (
        {"max_order_coin = 5.0": "max_order_coin = 60.5"},
        ["underlyings.BTC", "max_order_coin 60.5 lies beyond the hard limit of the hedge position, 60"],
    ),
    "limits of an account that is not there": (
        {"[execution]": "[limits.account.other]\nvega = { soft = 1.0, hard = 2.0 }\n[execution]"},
        ["limits.account.other names no account of this file; it has paper"],
    ),
    "band below a lot": (
        {"band = { lower = -5.0, upper = 5.0": "band = { lower = -0.00001, upper = 0.00001"},
        ["BTC", "ping-pong"],
    ),
    "negative": (
        {"max_order_coin = 5.0": "max_order_coin = -5.0"},
        ["underlyings.BTC.max_order_coin", "-5.0"],
    ),
    "NaN": ({"max_order_coin = 5.0": "max_order_coin = nan"}, ["underlyings.BTC.max_order_coin", "nan"]),
    "unreachable venue": ({'rest = "http://127.0.0.1': 'rest = "http://127.0.0.2'}, ["paper"]),
    "unknown hedge": (
        {'hedge = "BTC-PERPETUAL"': 'hedge = "BTC-PERPETUEL"'},
        ["BTC-PERPETUEL", "does not list"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_is_refused_in_words(exchange, case):
    changes, words = BAD[case]
    said = exchange.refusal(changes)
    for word in words:
        assert word in said, said
    assert exchange.account("trader")["secret"] not in said
    nothing_was_started(exchange)


def test_a_key_that_may_withdraw_is_refused(exchange):
    said = exchange.refusal(account="treasurer")
    assert "wallet" in said
    nothing_was_started(exchange)


def test_a_wrong_secret_is_refused(exchange):
    key = exchange.account("trader")
    key["secret"] = "not-the-secret"
    said = exchange.refusal()
    assert "paper" in said
    assert "not-the-secret" not in said
    nothing_was_started(exchange)


def test_an_absent_file_is_refused(tmp_path):
    found = CliRunner().invoke(main, ["engine", "--config", str(tmp_path / "none.toml")])
    assert found.exit_code == 2
    assert "there is no configuration at" in found.output
    assert "hedging.example.toml" in found.output
