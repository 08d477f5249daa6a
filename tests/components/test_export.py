"""The book as files: what the button gives, valued again, is what the view says."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from nouns import balance, perpetual, quote, rules, seconds, underlying_rules
from valued_views import CALL, PERPETUAL, PUT, held_snapshot, valued_view

from components.export import archive, beside, book_files, commands
from hedging.__main__ import main
from hedging.model.limits import Numeraire
from hedging.offline import offline_assessment, parsed_book


def again(view, share=0.0):
    return offline_assessment(parsed_book(*book_files(view)), Numeraire(share))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_valued_again_the_files_give_every_figure_of_the_view(share):
    view = valued_view(item=underlying_rules(numeraire=Numeraire(share)))
    shown, found = view.underlyings[0].exposure, again(view, share).exposures["BTC"]
    for name in (
        "index", "equity", "delta", "delta_net", "delta_hedge", "gamma_coin", "gamma_black_coin", "vega_usd",
        "theta_usd", "gross_notional_usd", "hedge_position",
    ):  # fmt: skip
        assert getattr(found, name) == pytest.approx(getattr(shown, name), rel=1e-12, abs=1e-9), name


def test_every_position_comes_back_equal():
    view = valued_view()
    found = {each.instrument.name: each for each in again(view).positions}
    assert set(found) == {each.instrument.name for each in view.positions}
    for each in view.positions:
        other = found[each.instrument.name]
        assert other.delta_net == pytest.approx(each.delta_net, rel=1e-12)
        assert other.value_usd == pytest.approx(each.value_usd, rel=1e-12, abs=1e-9)


def test_a_hedge_that_is_not_held_is_in_the_market_file():
    live = held_snapshot()
    view = valued_view(replace(live, positions=live.positions[:2]))
    assert again(view).exposures["BTC"].delta == pytest.approx(view.underlyings[0].exposure.delta, rel=1e-12)


def test_what_has_no_number_on_the_screen_gets_none_from_the_files():
    live = held_snapshot()
    quotes = {**live.quotes, PUT.key: quote(PUT, received_at=live.at - seconds(60), iv=0.5, forward=1e5)}
    view = valued_view(replace(live, quotes=quotes))
    assert view.underlyings[0].exposure is None
    assert again(view).exposures == {}
    assert view.gaps[0].detail in {gap.detail for gap in again(view).gaps}


def test_a_balance_that_is_not_known_stays_unknown():
    view = valued_view(held_snapshot(balances=()))
    assert view.underlyings[0].exposure is None
    assert again(view).exposures == {}


def test_the_archive_holds_both_files_and_says_what_to_do():
    with zipfile.ZipFile(io.BytesIO(archive(valued_view()))) as packed:
        assert packed.namelist() == ["positions.csv", "market.csv", "README.txt"]
        assert commands(valued_view())[0] in packed.read("README.txt").decode()


@pytest.mark.parametrize(("share", "word"), [(0.0, "coin"), (1.0, "usd"), (0.4, "40"), (0.333, "33.3")])
def test_the_command_names_the_numeraire(share, word):
    view = valued_view(item=underlying_rules(numeraire=Numeraire(share)))
    assert commands(view) == (
        f"python -m hedging exposure --positions positions.csv --market market.csv --numeraire {word}",
    )


def test_two_numeraires_are_two_commands():
    ether = perpetual(name="ETH-PERPETUAL", underlying="ETH", settlement_currency="ETH", index="eth_usd")
    live = held_snapshot()
    both = rules(underlying_rules())
    item = underlying_rules(
        underlying="ETH", hedge_instrument="ETH-PERPETUAL", numeraire=Numeraire(1.0), limits=()
    )
    found = replace(
        live,
        quotes={**live.quotes, ether.key: quote(ether, mark=3_400.0, index=3_400.0)},
        balances=(*live.balances, balance("ETH", 3.0)),
    )
    view = valued_view(found, book_rules=replace(both, underlyings=(*both.underlyings, item)))
    assert [each.partition("--numeraire ")[2] for each in commands(view)] == ["coin  # BTC", "usd  # ETH"]


def test_the_shift_of_a_smile_rule_is_named_beside_the_command():
    view = valued_view()
    assert beside(view) == ""
    shifted = replace(view.underlyings[0], exposure=replace(view.underlyings[0].exposure, smile_shift=0.25))
    assert "+0.2500 BTC" in beside(replace(view, underlyings=(shifted,)))


def test_the_very_command_gives_the_delta_of_the_screen(tmp_path, monkeypatch, capsys):
    from click.testing import CliRunner

    view = valued_view()
    with zipfile.ZipFile(io.BytesIO(archive(view))) as packed:
        packed.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = commands(view)[0].split()[3:]
    done = CliRunner().invoke(main, [*words, "--format", "json"])
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.output)["exposures"]
    assert row["delta_coin"] == pytest.approx(view.underlyings[0].exposure.delta, rel=1e-9)
    assert CALL.name in done.output
    assert PERPETUAL.name in done.output
