"""Coins of an account that is margined as a whole count as coins, and their dollars once."""

from dataclasses import replace

import pytest
from nouns import NOW, balance, option, perpetual, position, quote, rules, snapshot, underlying_rules

from hedging.decide import assess
from hedging.model.book import Holding
from hedging.model.instrument import OptionKind
from hedging.model.limits import Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.rules import AccountPlace

OKX_SWAP = replace(perpetual(), venue="okx", name="BTC-USD-SWAP")
ELSEWHERE = Scope(ScopeKind.ACCOUNT, "okx")


def holding(equity: float, currency: str = "BTC") -> Holding:
    return Holding(
        account="okx",
        currency=currency,
        equity=equity,
        available=None,
        initial_margin=None,
        maintenance_margin=None,
        received_at=NOW,
    )


def seen(share: float, *holdings: Holding):
    limits = tuple(
        Limit(scope=ELSEWHERE, measure=measure, soft=1e9, hard=1e9)
        for measure in (Measure.DELTA, Measure.LEVERAGE)
    )
    whole = rules(
        underlying_rules(numeraire=Numeraire(share)),
        wider=limits,
        accounts=(AccountPlace("main", "deribit"), AccountPlace("okx", "okx")),
    )
    held = (position(perpetual(), -300_000), position(OKX_SWAP, -100_000, account="okx"))
    quotes = (quote(), quote(OKX_SWAP))
    balances = (balance("BTC", 20.0), balance("USD", 250_000.0, account="okx"))
    return assess(snapshot(held, quotes, balances, holdings=holdings), whole)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_holding_is_equity_in_coin(share):
    found = seen(share, holding(2.5), holding(7.0, "ETH"))
    exposure = found.exposures["BTC"]
    assert exposure.equity == 22.5
    assert exposure.delta == pytest.approx(exposure.delta_net + share * 22.5, rel=1e-12)
    delta = next(
        each for each in found.limits if each.limit.measure is Measure.DELTA and each.limit.scope == ELSEWHERE
    )
    own = sum(p.delta_net for p in found.positions if p.account == "okx")
    assert delta.value == pytest.approx(abs(own + share * 2.5) * exposure.index, rel=1e-12)


def test_its_dollars_are_in_the_balance_already():
    found = seen(0.0, holding(2.5))
    leverage = next(each for each in found.limits if each.limit.measure is Measure.LEVERAGE)
    gross = sum(p.notional_usd for p in found.positions if p.account == "okx")
    assert leverage.value == pytest.approx(gross / 250_000.0, rel=1e-12)


def test_an_account_with_inverse_positions_and_no_coins_that_are_known_is_a_gap():
    found = seen(0.0)
    assert found.exposures == {}
    assert "the BTC balance of okx is not known" in [gap.detail for gap in found.gaps]


def test_options_of_two_venues_with_one_name_are_valued_from_their_own_quotes():
    here = option(OptionKind.CALL, 100_000.0)
    there = replace(here, venue="bybit")
    held = (position(here, 1), position(there, 1, account="bybit"))
    quotes = (quote(), quote(here, mark=0.05, iv=0.5), quote(there, mark=0.06, iv=0.9))
    balances = (balance("BTC", 20.0), balance("BTC", 1.0, account="bybit"))
    found = assess(snapshot(held, quotes, balances), rules())
    marks = {p.instrument.key: (p.mark, p.iv) for p in found.positions}
    assert marks == {here.key: (0.05, 0.5), f"bybit:{here.name}": (0.06, 0.9)}
