"""Valuation of positions: units and signs against independent vectors, gaps instead of numbers."""

import csv
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import inf, nan
from pathlib import Path

import pytest
from nouns import NOW, future, linear_option, linear_perpetual, option, perpetual, position, quote, snapshot

from hedging.model.instrument import AmountUnit, Kind, OptionKind
from hedging.model.snapshot import GapReason
from hedging.risk.greeks import coins, settlement_weight, value_positions

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
SHORTEST = 1 / 365 / 24  # years; under half an hour the delta decays, which the vectors leave out
LONGEST = 1e4


def vectors(name):
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"no reference numbers at {path}")
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if "T" not in row or float(row["T"]) > SHORTEST]


def value(held, *quotes, hedges=frozenset(), at=NOW):
    return value_positions(replace(snapshot(held, quotes), at=at), hedges, 5.0)


def only(held, of):
    valued = value([held], of)
    assert valued.gaps == ()
    (found,) = valued.positions
    return found


def kind_of(row):
    return OptionKind.CALL if row["cp"] == "c" else OptionKind.PUT


def test_inverse_options_agree_with_the_vectors():
    rows = vectors("inverse_option.csv")[::7]
    assert len(rows) > 300
    for row in rows:
        forward, years = float(row["F"]), float(row["T"])
        held = option(kind_of(row), float(row["K"]), years)
        seen = quote(held, forward=forward, index=forward, mark=0.01, iv=float(row["sigma"]))
        found = only(position(held, -3), seen)
        # An expiry is kept to the microsecond, which moves T by up to 3e-14 years.
        loose = 1e-9
        near = {"rel": loose, "abs": 1e-12}
        assert found.delta_black == pytest.approx(-3 * float(row["delta_bs"]), **near), row
        assert found.delta_net == pytest.approx(-3 * float(row["delta_pa"]), **near), row
        assert found.gamma_coin == pytest.approx(-3 * forward * float(row["gamma_usd"]), **near), row
        assert found.vega_usd == pytest.approx(-3 * float(row["vega_usd"]), rel=loose, abs=1e-9 * forward)
        assert found.theta_usd == pytest.approx(
            -3 * float(row["theta_usd_year"]), rel=loose, abs=1e-9 * forward
        )
        assert found.value_usd == pytest.approx(-3 * float(row["price_usd"]), rel=loose, abs=1e-9 * forward)


def test_linear_options_agree_with_the_vectors():
    rows = vectors("linear_option_position.csv")
    assert len(rows) > 300
    for row in rows:
        forward, years = float(row["F"]), float(row["T"])
        multiplier = Decimal(row["multiplier"])
        held = linear_option(kind_of(row), float(row["K"]), years, multiplier=multiplier)
        seen = quote(held, forward=forward, index=forward, mark=1.0, iv=float(row["sigma"]))
        found = only(position(held, Decimal(row["qty"])), seen)
        coins = abs(float(row["qty"]) * float(multiplier))
        assert found.delta_net == found.delta_black
        assert found.delta_net == pytest.approx(float(row["delta_units"]), rel=1e-9, abs=1e-12 * coins), row
        gamma = float(row["gamma_units_per_usd"]) * forward
        assert found.gamma_coin == pytest.approx(gamma, rel=1e-8, abs=1e-12 * coins), row
        assert found.value_usd == pytest.approx(
            float(row["value_usdc"]), rel=1e-9, abs=1e-9 * coins * forward
        )
        vega = float(row["vega_usd_per_1pct"]) * 100
        assert found.vega_usd == pytest.approx(vega, rel=1e-8, abs=1e-12 * coins * forward)


def test_inverse_futures_agree_with_the_vectors():
    rows = vectors("inverse_future.csv")
    assert len(rows) > 200
    for row in rows:
        mark = float(row["mark"])
        profit = float(row["pnl_coin"])
        held = position(perpetual(), Decimal(row["usd_notional"]), floating_pnl=profit)
        found = only(held, quote(bid=None, ask=None, mark=mark, index=mark))
        assert found.delta_net == pytest.approx(float(row["delta_coin(=S*dE/dS)"]), rel=1e-14)
        assert found.gamma_coin == 0.0  # of Black's delta; the drift of N/S is the numeraire's, see exposure
        assert found.value_usd == pytest.approx(float(row["pnl_usd_at_mark"]), rel=1e-12)


def test_a_linear_perpetual_is_worth_its_floating_dollars():
    held = linear_perpetual()
    found = only(position(held, "-2.5", floating_pnl=-125.0), quote(held))
    assert (found.delta_net, found.delta_black, found.value_usd) == (-2.5, -2.5, -125.0)
    assert found.notional_usd == 250_000


def test_spot_is_worth_its_coins():
    held = perpetual(name="BTC_USDC", kind=Kind.SPOT, amount_unit=linear_perpetual().amount_unit)
    assert only(position(held, 2), quote(held)).value_usd == 200_000


def test_a_call_of_delta_one_and_mark_point_three_is_at_0_35_after_fifteen_minutes():
    expiry = NOW + timedelta(minutes=15)
    call = option(OptionKind.CALL, 70_000.0, expiry=expiry)
    found = only(position(call, 1), quote(call, mark=0.3, iv=0.05))
    assert found.delta_net == pytest.approx(0.35, abs=1e-12)
    assert found.delta_black == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(
    ("minutes", "weight"), [(31, 1.0), (30, 1.0), (29, 29 / 30), (15, 0.5), (0, 0.0), (-1, 0.0)]
)
def test_deltas_decay_linearly_in_the_settlement_half_hour(minutes, weight):
    dated = future(expiry=NOW + timedelta(minutes=minutes))
    assert settlement_weight(dated, NOW) == pytest.approx(weight)
    found = only(position(dated, 100_000), quote(dated))
    assert found.delta_net == pytest.approx(weight)
    assert found.quantity_coin == pytest.approx(1.0)


def test_a_perpetual_never_decays():
    assert settlement_weight(perpetual(), NOW) == 1.0


def test_amounts_add_up_whatever_they_are_split_into():
    call = option(OptionKind.CALL, 110_000.0)
    whole = only(position(call, 3), quote(call))
    parts = value([position(call, 1), position(call, 2)], quote(call)).positions
    assert sum(part.delta_net for part in parts) == pytest.approx(whole.delta_net)
    assert sum(part.vega_usd for part in parts) == pytest.approx(whole.vega_usd)


def test_hedges_are_marked():
    valued = value([position(perpetual(), 10)], quote(), hedges=frozenset({"deribit:BTC-PERPETUAL"}))
    assert valued.positions[0].is_hedge


BAD = [None, nan, inf, -inf, -1.0]


@pytest.mark.parametrize("wrong", BAD)
@pytest.mark.parametrize("field", ["mark", "index", "forward", "iv"])
def test_an_option_without_an_input_is_a_gap_and_no_number(field, wrong):
    call = option(OptionKind.CALL, 110_000.0)
    valued = value([position(call, 1)], quote(call, **{field: wrong}))
    assert valued.positions == ()
    (gap,) = valued.gaps
    lacking = GapReason.UNPRICEABLE if field == "iv" else GapReason.MISSING  # nor do its prices say one
    assert gap.reason is (lacking if wrong is None else GapReason.NOT_FINITE)
    assert (gap.what, gap.underlying) == (call.name, "BTC")
    assert wrong is None or str(wrong) in gap.detail


@pytest.mark.parametrize("wrong", [*BAD, 0.0])
@pytest.mark.parametrize("field", ["mark", "index"])
@pytest.mark.parametrize("held", [perpetual(), linear_perpetual(), future()])
def test_a_future_without_an_input_is_a_gap_and_no_number(held, field, wrong):
    valued = value([position(held, 10)], quote(held, **{field: wrong}))
    assert valued.positions == ()
    assert len(valued.gaps) == 1


def test_a_worthless_option_is_a_value():
    call = option(OptionKind.CALL, 900_000.0, 0.01)
    assert only(position(call, 1), quote(call, mark=0.0)).delta_net == pytest.approx(0.0, abs=1e-9)


def test_an_absent_quote_is_a_gap():
    (gap,) = value([position(perpetual(), 10)]).gaps
    assert gap.reason is GapReason.MISSING


@pytest.mark.parametrize(("age", "gaps"), [(5.0, 0), (5.001, 1), (-5.001, 1)])
def test_an_old_mark_or_one_from_the_future_is_a_gap(age, gaps):
    old = quote(received_at=NOW - timedelta(seconds=age))
    assert len(value([position(perpetual(), 10)], old).gaps) == gaps


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_amount_that_is_no_number_is_a_gap(amount):
    (gap,) = value([position(perpetual(), Decimal(amount))], quote()).gaps
    assert gap.reason is GapReason.NOT_FINITE


def test_an_expired_option_is_a_gap():
    call = option(OptionKind.CALL, 110_000.0, expiry=NOW - timedelta(seconds=1))
    (gap,) = value([position(call, 1)], quote(call)).gaps
    assert gap.reason is GapReason.UNPRICEABLE


def test_an_absent_floating_profit_is_no_zero():
    assert only(position(perpetual(), 10, floating_pnl=None), quote()).value_usd is None


@pytest.mark.parametrize(
    ("unit", "multiplier", "expected"),
    [
        (AmountUnit.USD, "1", -0.03),
        (AmountUnit.USD, "100", -3.0),
        (AmountUnit.COIN, "1", -3000.0),
        (AmountUnit.COIN, "0.01", -30.0),
    ],
)
def test_a_contract_is_worth_its_multiplier(unit, multiplier, expected):
    held = perpetual(amount_unit=unit, multiplier=Decimal(multiplier))
    assert coins(position(held, -3000), 100_000.0) == pytest.approx(expected, rel=1e-15)
    found = only(position(held, -3000), quote(held, mark=100_000.0, index=90_000.0))
    assert found.delta_net == pytest.approx(expected, rel=1e-15)
    assert found.notional_usd == pytest.approx(-expected * 90_000, rel=1e-15)
