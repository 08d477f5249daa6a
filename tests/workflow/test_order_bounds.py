"""C4: the largest value and volume, one lot below and one above, for each venue and kind of instrument."""

from dataclasses import replace
from decimal import Decimal

import pytest
from listings import binance_future, binance_option, bybit_instrument, okx_instrument
from nouns import future, gate_state, linear_option, linear_perpetual, option, order, perpetual, rules
from nouns import underlying_rules as item

from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind
from hedging.model.rules import ExecutionRules
from hedging.workflow.gates import order_value

PRICE = Decimal(100_000)
LARGEST_USD, LARGEST_COIN = 250_000, 2
INSTRUMENTS = (
    perpetual(),
    linear_perpetual(),
    future(),
    option(OptionKind.CALL, 100_000),
    linear_option(OptionKind.PUT, 90_000),
    perpetual(kind=Kind.SPOT, amount_unit=AmountUnit.COIN, lot=Decimal("0.0001"), minimum=Decimal("0.0001")),
    okx_instrument("BTC-USD-SWAP", value="100"),
    okx_instrument("BTC-USDT-SWAP", value="0.01"),
    okx_instrument("BTC-USD-261225", value="100"),
    okx_instrument("BTC-USD-261225-100000-C", value="1", times="0.01"),
    okx_instrument("BTC-USDT"),
    bybit_instrument("BTCUSD", "InversePerpetual"),
    bybit_instrument("BTCUSDT", "LinearPerpetual"),
    bybit_instrument("BTCUSDZ26", "InverseFutures"),
    bybit_instrument("BTC-25DEC26-100000-C"),
    bybit_instrument("BTCUSDT", ""),
    binance_future("BTCUSDT", "BTC"),
    binance_future("BTCUSD_PERP", "BTC", size=100),
    binance_option("BTC-261225-100000-P"),
)


def words(instrument: Instrument) -> str:
    return f"{instrument.venue} {instrument.kind} {instrument.settlement} {instrument.name}"


def usd_of_one(instrument: Instrument) -> Decimal:
    """Dollars in one unit of amount at PRICE: the slow twin, by the venue's own definition of its amounts."""
    return instrument.multiplier * (1 if instrument.amount_unit is AmountUnit.USD else PRICE)


def largest_amount(instrument: Instrument, usd: int) -> Decimal:
    """The largest whole number of lots worth at most so many dollars."""
    return usd / usd_of_one(instrument) // instrument.lot * instrument.lot


def passes(instrument: Instrument, amount: Decimal, **bounds: float) -> bool:
    """Whether the gate lets the amount through under these bounds alone."""
    usd, coins = bounds.get("usd", 1e12), bounds.get("coins", 1e9)
    state = gate_state(
        instrument=instrument,
        rules=rules(execution=replace(ExecutionRules(), max_order_usd=float(usd))),
        underlying=item(max_order_coin=float(coins)),
    )
    return order_value.check(order(amount=amount, limit_price=PRICE), state) is None


@pytest.mark.control("C4")
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=words)
def test_c4_the_largest_value_to_the_lot(instrument, record_property):
    most = largest_amount(instrument, LARGEST_USD)
    assert most >= instrument.minimum
    assert most * usd_of_one(instrument) <= LARGEST_USD < (most + instrument.lot) * usd_of_one(instrument)
    assert passes(instrument, most, usd=LARGEST_USD)
    assert passes(instrument, max(most - instrument.lot, instrument.minimum), usd=LARGEST_USD)
    assert not passes(instrument, most + instrument.lot, usd=LARGEST_USD)
    record_property("figure", f"{words(instrument)}: {most} passes, a lot more does not")


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=words)
def test_c4_the_largest_volume_to_the_lot(instrument):
    most = largest_amount(instrument, LARGEST_COIN * int(PRICE))
    assert passes(instrument, most, coins=LARGEST_COIN)
    assert not passes(instrument, most + instrument.lot, coins=LARGEST_COIN)


@pytest.mark.control("C4")
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=words)
def test_c4_the_price_counts_to_the_tick(instrument, record_property):
    """Where amounts are coins, a tick more on the price of the largest order is a tick too much."""
    amount = largest_amount(instrument, LARGEST_USD)
    value = amount * usd_of_one(instrument)
    state = gate_state(
        instrument=instrument,
        rules=rules(execution=replace(ExecutionRules(), max_order_usd=float(value))),
        underlying=item(max_order_coin=1e9),
    )
    above = order(amount=amount, limit_price=PRICE + instrument.tick)
    assert order_value.check(order(amount=amount, limit_price=PRICE), state) is None
    in_coin = instrument.amount_unit is AmountUnit.COIN
    assert (order_value.check(above, state) is not None) is in_coin
    record_property("figure", f"{words(instrument)}: at {PRICE} and a tick above")


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=words)
def test_c4_the_smallest_order_and_the_lot(instrument):
    assert passes(instrument, instrument.minimum)
    assert not passes(instrument, instrument.minimum - instrument.lot)
    assert not passes(instrument, instrument.minimum + instrument.lot / 2)


def test_the_instruments_are_every_kind_of_every_venue():
    kinds = {(each.venue, each.kind, each.settlement) for each in INSTRUMENTS}
    assert len({venue for venue, _, _ in kinds}) == 4
    assert len(kinds) >= 17
