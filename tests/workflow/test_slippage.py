"""What an execution cost against the price at decision: the sign, the points, the dollars."""

from decimal import Decimal

import pytest
from nouns import linear_perpetual, option, order, perpetual

from hedging.model.instrument import OptionKind
from hedging.units import Side
from hedging.workflow.slippage import Slippage, slippage


def filled(side=Side.BUY, average="101000", amount=1000, **more):
    return order(
        side=side,
        decision_price=Decimal(100_000),
        average_price=Decimal(average),
        filled=Decimal(amount),
        amount=Decimal(amount) * 2,
        **more,
    )


@pytest.mark.parametrize(
    ("side", "average", "points"),
    [
        (Side.BUY, "101000", 100.0),
        (Side.BUY, "99500", -50.0),
        (Side.SELL, "99500", 50.0),
        (Side.SELL, "101000", -100.0),
        (Side.SELL, "100000", 0.0),
    ],
)
def test_positive_is_a_cost_on_either_side(side, average, points):
    assert slippage(filled(side, average), perpetual()).basis_points == points


def test_dollars_of_an_inverse_amount_are_the_coins_lost_at_the_price_paid():
    found = slippage(filled(amount=1_000_000), perpetual())
    coins_less = 1_000_000 / 100_000 - 1_000_000 / 101_000
    assert found.usd == pytest.approx(coins_less * 101_000, rel=1e-12)
    assert found.usd == 10_000.0


def test_dollars_of_coins_are_the_difference_of_the_prices():
    assert slippage(filled(amount=3), linear_perpetual()).usd == 3_000.0


def test_contracts_count_by_their_size():
    hundred = perpetual(multiplier=Decimal(100))
    assert slippage(filled(amount=10_000), hundred).usd == 10_000.0


def test_what_is_priced_in_coin_or_not_known_has_no_dollars():
    assert slippage(filled(), option(OptionKind.CALL, 100_000)).usd is None
    assert slippage(filled(), None) == Slippage(100.0, None)


@pytest.mark.parametrize(
    "changes",
    [{"average_price": None}, {"filled": Decimal(0)}, {"decision_price": Decimal(0)}],
    ids=["no average", "nothing filled", "no decision price"],
)
def test_nothing_filled_is_no_number(changes):
    given = {"average_price": Decimal(101_000), "filled": Decimal(10), "decision_price": Decimal(100_000)}
    assert slippage(order(**given | changes), perpetual()) is None
