from dataclasses import replace
from math import nan

import pytest
from nouns import balance, linear_perpetual, perpetual, position, quote, snapshot

from hedging.model.exposure import ProofVerdict
from hedging.risk.greeks import value_positions
from hedging.risk.proof import proofs

NOTHING = frozenset()


def positions_of(*held):
    return value_positions(snapshot(held, [quote(each.instrument) for each in held]), frozenset(), 5.0)


TEN = positions_of(position(perpetual(), 1_000_000))  # ten coins: tolerance 0.02 + 0.05


@pytest.mark.parametrize(
    ("venue", "verdict"),
    [
        (10.0, ProofVerdict.GREEN),
        (10.0699, ProofVerdict.GREEN),
        (10.0701, ProofVerdict.AMBER),
        (9.7201, ProofVerdict.AMBER),
        (9.7199, ProofVerdict.RED),
        (-10.0, ProofVerdict.RED),
        (nan, ProofVerdict.RED),
    ],
)
def test_our_delta_beside_the_venues(venue, verdict):
    (found,) = proofs("BTC", TEN, [balance(delta_total=(("BTC", venue),))], NOTHING)
    assert (found.ours, found.verdict) == (10.0, verdict)
    assert found.tolerance == pytest.approx(0.07)


def test_an_unvalued_position_leaves_nothing_to_compare():
    (found,) = proofs("BTC", TEN, [balance(delta_total=(("BTC", 10.0),))], frozenset({"BTC-X"}))
    assert (found.ours, found.verdict) == (None, ProofVerdict.UNKNOWN)


@pytest.mark.parametrize("balances", [[], [balance()], [balance(account="other", delta_total=())]])
def test_a_holding_without_a_total_of_the_venue_is_unknown_and_not_silent(balances):
    (found,) = proofs("BTC", TEN, balances, NOTHING)
    assert (found.ours, found.venue, found.verdict) == (10.0, None, ProofVerdict.UNKNOWN)


def test_a_total_without_a_holding_of_ours_is_compared_with_zero():
    (found,) = proofs("BTC", positions_of(), [balance(delta_total=(("BTC", 3.0),))], NOTHING)
    assert (found.ours, found.verdict) == (0.0, ProofVerdict.RED)


def test_accounts_and_margin_currencies_are_proved_apart():
    ten = position(perpetual(), 1_000_000)
    both = positions_of(ten, position(linear_perpetual(), 2), replace(ten, account="second"))
    found = proofs(
        "BTC",
        both,
        [
            balance(delta_total=(("BTC", 10.0),)),
            balance("USDC", delta_total=(("BTC", 2.0), ("ETH", 5.0))),
            balance(account="second", delta_total=(("BTC", -10.0),)),
        ],
        NOTHING,
    )
    assert [(proof.account, proof.currency, proof.verdict) for proof in found] == [
        ("main", "BTC", ProofVerdict.GREEN),
        ("main", "USDC", ProofVerdict.GREEN),
        ("second", "BTC", ProofVerdict.RED),
    ]


def test_a_position_without_a_value_leaves_a_finite_tolerance():
    unpriced = value_positions(snapshot([position(perpetual(), 1_000_000)], []), NOTHING, 5.0)
    (found,) = proofs("BTC", unpriced, [balance(delta_total=(("BTC", 10.0),))], frozenset({"BTC-PERPETUAL"}))
    assert (found.ours, found.tolerance) == (None, 0.02)
