from dataclasses import replace
from math import inf, nan

import pytest
from nouns import NOW, balance, linear_perpetual, option, perpetual, position, quote, seconds, snapshot

from hedging.model.book import Holding
from hedging.model.exposure import ProofVerdict, Road
from hedging.model.instrument import AmountUnit, OptionKind
from hedging.model.snapshot import IndexThen
from hedging.risk.greeks import at_other_prices, value_positions
from hedging.risk.proof import proofs

NOTHING = frozenset()
GREEN, AMBER, RED, UNKNOWN = ProofVerdict.GREEN, ProofVerdict.AMBER, ProofVerdict.RED, ProofVerdict.UNKNOWN
TEN = position(perpetual(), 1_000_000)  # ten coins: tolerance 0.02 + 0.05


def seen(held, balances=(), quotes=None, **changes):
    shown = [quote(each.instrument) for each in held] if quotes is None else quotes
    return snapshot(held, shown, balances, **changes)


def proved(snap, unvalued=NOTHING):
    return proofs("BTC", value_positions(snap, frozenset(), 5.0), snap, unvalued)


def prove(held, balances=(), unvalued=NOTHING, **changes):
    return proved(seen(held, balances, **changes), unvalued)


def by(found, road):
    (one,) = [proof for proof in found if proof.road is road]
    return one


def stating(total, currency="USDC", **changes):
    """A balance that states a net delta and is no coin equity."""
    return balance(currency, delta_total=(("BTC", total),), **changes)


LINEAR = position(linear_perpetual(), 10)


class TestNetTransaction:
    @pytest.mark.parametrize(
        ("venue", "verdict"),
        [
            (10.0, GREEN),
            (10.0699, GREEN),
            (10.0701, AMBER),
            (9.7201, AMBER),
            (9.7199, RED),
            (-10.0, RED),
            (1000.0, RED),
            (nan, RED),
            (inf, RED),
        ],
    )
    def test_our_delta_beside_the_venues(self, venue, verdict):
        (found,) = prove([LINEAR], [stating(venue)])
        assert (found.ours, found.road, found.verdict) == (10.0, Road.NET, verdict)
        assert found.tolerance == pytest.approx(0.07)
        assert "Deribit rounds" in found.why

    @pytest.mark.parametrize("balances", [[], [balance()], [balance(account="other", delta_total=())]])
    def test_a_holding_without_a_statement_of_the_venue_is_unknown_and_not_silent(self, balances):
        (found,) = prove([TEN], balances)
        assert (found.ours, found.venue, found.verdict) == (10.0, None, UNKNOWN)
        assert found.why == "the venue states no delta to compare with"

    def test_a_total_without_a_holding_of_ours_is_compared_with_zero(self):
        (found,) = prove([], [stating(3.0)])
        assert (found.ours, found.verdict) == (0.0, RED)

    def test_accounts_and_margin_currencies_are_proved_apart(self):
        found = prove(
            [TEN, position(linear_perpetual(), 2), replace(TEN, account="second")],
            [
                balance(delta_total=(("BTC", 10.0),)),
                balance("USDC", delta_total=(("BTC", 2.0), ("ETH", 5.0))),
                balance(account="second", delta_total=(("BTC", -10.0),)),
            ],
        )
        assert [(p.account, p.currency, p.verdict) for p in found if p.road is Road.NET] == [
            ("main", "BTC", GREEN),
            ("main", "USDC", GREEN),
            ("second", "BTC", RED),
        ]


class TestBlack:
    """Σ Black's deltas, beside the venue's total of them, else beside each position's own."""

    CALL = option(OptionKind.CALL, 100_000.0)

    def deltas(self, amount=10):
        (row,) = value_positions(seen([position(self.CALL, amount)]), frozenset(), 5.0).positions
        return row.delta_black, row.delta_net

    def test_the_two_roads_differ_by_the_premium_and_each_has_its_own_statement(self):
        black, net = self.deltas()
        assert black - net > 0.5
        held = position(self.CALL, 10, venue_delta=black)
        found = prove([held], [balance(delta_total=(("BTC", net),))])
        assert {proof.road: proof.verdict for proof in found} == dict.fromkeys(Road, GREEN)
        assert by(found, Road.BLACK).ours == pytest.approx(black)
        assert by(found, Road.BLACK).venue == pytest.approx(black)

    def test_a_black_total_where_the_net_one_belongs_is_red(self):
        black, _ = self.deltas()
        held = position(self.CALL, 10, venue_delta=black)
        found = prove([held], [balance(delta_total=(("BTC", black),))])
        assert (by(found, Road.NET).verdict, by(found, Road.BLACK).verdict) == (RED, GREEN)
        assert "its total holds a position that we have not, or lacks one" in by(found, Road.NET).why

    def test_a_total_of_the_venue_comes_before_what_it_says_of_positions(self):
        held = position(linear_perpetual(), 10, venue_delta=10.0)
        found = prove([held], [balance("USDC", delta_black=(("BTC", 4.0),))])
        assert (by(found, Road.BLACK).venue, by(found, Road.BLACK).verdict) == (4.0, RED)

    def test_the_positions_that_are_off_the_most_are_named(self):
        bad = position(linear_perpetual(name="BTC-BAD"), 10, venue_delta=-10.0)
        good = position(linear_perpetual(name="BTC-GOOD"), 5, venue_delta=5.0)
        found = by(prove([bad, good]), Road.BLACK)
        assert found.verdict is RED
        assert "off the most: BTC-BAD (ours +10.0000, venue -10.0000)" in found.why
        assert "BTC-GOOD" not in found.why

    def test_a_position_of_which_nothing_is_stated_leaves_the_sum_unproved_and_is_named(self):
        said = position(linear_perpetual(name="BTC-SAID"), 10, venue_delta=10.0)
        silent = position(linear_perpetual(name="BTC-SILENT"), 5)
        found = by(prove([said, silent]), Road.BLACK)
        assert (found.ours, found.venue, found.verdict) == (10.0, 10.0, UNKNOWN)
        assert "in part: the venue states nothing of BTC-SILENT" in found.why

    def test_a_part_that_disagrees_is_red_all_the_same(self):
        said = position(linear_perpetual(name="BTC-SAID"), 10, venue_delta=-10.0)
        silent = position(linear_perpetual(name="BTC-SILENT"), 5)
        assert by(prove([said, silent]), Road.BLACK).verdict is RED


class TestEquity:
    def test_it_is_the_net_delta_with_the_equity_in_coin_on_both_sides(self):
        found = by(prove([TEN], [balance(equity=50.0, delta_total=(("BTC", 10.0),))]), Road.EQUITY)
        assert (found.ours, found.venue, found.verdict) == (60.0, 60.0, GREEN)

    def test_a_currency_that_is_no_coin_has_no_such_road(self):
        assert {proof.road for proof in prove([LINEAR], [stating(10.0)])} == {Road.NET}

    def test_an_equity_that_is_no_number_is_red(self):
        found = prove([TEN], [balance(equity=nan, delta_total=(("BTC", 10.0),))])
        assert (by(found, Road.EQUITY).verdict, by(found, Road.NET).verdict) == (RED, GREEN)


class TestOtherVenues:
    def held(self, venue, **changes):
        return [
            position(perpetual(venue=venue), 1_000_000, **changes),
            position(linear_perpetual(venue=venue, settlement_currency="USDT"), 3, **changes),
        ]

    def test_okx_sums_over_all_margin_currencies_of_an_account(self):
        whole = balance("USD", equity=1e6, delta_total=(("BTC", 13.0),), delta_black=(("BTC", 13.0),))
        coins = Holding(
            account="main",
            currency="BTC",
            equity=2.0,
            available=None,
            initial_margin=None,
            maintenance_margin=None,
            received_at=NOW,
        )
        found = prove(self.held("okx"), [whole], holdings=(coins,))
        assert [(p.road, p.currency, p.ours, p.venue, p.verdict) for p in found] == [
            (Road.NET, "USD", 13.0, 13.0, GREEN),
            (Road.BLACK, "USD", 13.0, 13.0, GREEN),
            (Road.EQUITY, "USD", 15.0, 15.0, GREEN),
        ]
        assert "OKX" in found[0].why

    def test_bybit_proves_the_options_alone_so_a_contract_leaves_it_unproved(self):
        call = position(
            option(OptionKind.CALL, 100_000.0, venue="bybit", settlement_currency="USDC", name="BTC-C"), 10
        )
        (row,) = value_positions(seen([call]), frozenset(), 5.0).positions
        whole = balance("USD", delta_black=(("BTC", row.delta_black),))
        (alone,) = prove([call], [whole])
        assert (alone.road, alone.verdict) == (Road.BLACK, GREEN)
        (both,) = prove([call, *self.held("bybit")[1:]], [whole])
        assert (both.verdict, both.venue) == (UNKNOWN, row.delta_black)
        assert both.ours == pytest.approx(row.delta_black)
        assert "in part: the venue states nothing of BTC_USDC-PERPETUAL" in both.why
        off = replace(whole, delta_black=(("BTC", -row.delta_black),))
        assert prove([call, *self.held("bybit")[1:]], [off])[0].verdict is RED

    def test_binance_states_nothing(self):
        found = prove(self.held("binance"), [balance("USDT", account="main")])
        assert [(p.currency, p.venue, p.verdict) for p in found] == [
            ("BTC", None, UNKNOWN),
            ("USDT", None, UNKNOWN),
        ]


class TestUnvalued:
    def test_what_has_no_value_is_named_and_nothing_is_proved(self):
        (found,) = prove([LINEAR], [stating(10.0)], frozenset({"BTC-X", "BTC-Y"}))
        assert (found.ours, found.venue, found.verdict) == (None, 10.0, UNKNOWN)
        assert found.why == "without BTC-X, BTC-Y; the rest sums to +10.0000 by net transaction"

    def test_the_sum_of_the_rest_leaves_out_the_position_itself(self):
        other = position(linear_perpetual(name="BTC-X"), 7)
        (found,) = prove(
            [LINEAR, other], [stating(17.0)], frozenset({"BTC-X"}), quotes=[quote(LINEAR.instrument)]
        )
        assert (found.ours, found.verdict) == (None, UNKNOWN)
        assert found.why.startswith("without BTC-X; the rest sums to +10.0000")

    def test_a_position_without_a_value_leaves_a_finite_tolerance(self):
        (found,) = prove([LINEAR], [stating(10.0)], frozenset({LINEAR.instrument.name}), quotes=[])
        assert (found.ours, found.tolerance) == (None, 0.02)


SHORT = position(option(OptionKind.CALL, 100_000.0), -50)
HEDGE = position(perpetual(), 2_900_000)


def beside_a_jump(relative, told=None, width=0.0, held=(SHORT, HEDGE)):
    """A snapshot from just after the index moved by ``relative``, with the venue's total of just before."""
    before = seen(held)
    net = value_positions(before, frozenset(), 5.0).columns.delta_net.sum()
    moved = [
        quote(
            one.instrument,
            index=100_000 * (1 + relative),
            forward=100_000 * (1 + relative),
            mark=100_000 * (1 + relative) if one.instrument.amount_unit is AmountUnit.USD else 0.05,
        )
        for one in held
    ]
    then = NOW - seconds(0.8)
    stated = balance(delta_total=(("BTC", net if told is None else told(net)),), received_at=then)
    index = IndexThen(underlying="BTC", at=then, low=100_000 - width, high=100_000 + width)
    return seen(held, [stated], moved, indices_then=(index,))


class TestAtTheIndexOfTheStatement:
    @pytest.mark.parametrize("relative", [-0.2, -0.08, -0.02, 0.02, 0.08, 0.2])
    def test_a_jump_since_the_venues_total_is_no_disagreement(self, relative):
        snap = beside_a_jump(relative)
        assert by(proved(replace(snap, indices_then=())), Road.NET).verdict in {AMBER, RED}
        found = by(proved(snap), Road.NET)
        assert found.verdict is GREEN
        assert found.ours == pytest.approx(found.venue, abs=1e-9)
        assert "compared at the index of 11:59:59, 100,000.00: ours is" in found.why

    @pytest.mark.parametrize("relative", [-0.2, -0.08, -0.02, 0.0, 0.02, 0.08, 0.2])
    @pytest.mark.parametrize("fault", [lambda net: -net, lambda net: 100 * net, lambda net: net / 1e5])
    @pytest.mark.parametrize("width", [0.0, 500.0])
    def test_a_fault_of_sign_or_unit_is_red_whatever_the_index_does(self, relative, fault, width):
        snap = beside_a_jump(relative, fault, width)
        assert by(proved(snap), Road.NET).verdict is RED

    def test_between_two_prices_around_the_statement_the_nearest_delta_counts(self):
        snap = beside_a_jump(-0.02, width=1_000.0)
        ends = sorted(
            float(at_other_prices(value_positions(snap, frozenset(), 5.0), NOW, f).columns.delta_net.sum())
            for f in (99_000 / 98_000, 101_000 / 98_000)
        )
        low, high = ends
        assert low < high
        for told, ours in ((low - 0.1, low), ((low + high) / 2, (low + high) / 2), (high + 0.1, high)):
            total = balance(delta_total=(("BTC", told),), received_at=snap.balances[0].received_at)
            assert by(proved(replace(snap, balances=(total,))), Road.NET).ours == pytest.approx(ours)

    def test_what_agrees_already_is_compared_as_it_is(self):
        snap = beside_a_jump(-0.02, held=(LINEAR,))
        snap = replace(snap, balances=(replace(snap.balances[0], currency="USDC"),))
        assert "compared at" not in by(proved(snap), Road.NET).why

    def test_what_positions_say_is_compared_at_the_index_when_they_were_read(self):
        snap = beside_a_jump(0.08)
        read_at = NOW - seconds(1.9)
        before = value_positions(seen((SHORT, HEDGE)), frozenset(), 5.0).positions
        held = tuple(
            replace(one.instrument and p, venue_delta=one.delta_black, received_at=read_at)
            for p, one in zip(snap.positions, before, strict=True)
        )
        index = IndexThen(underlying="BTC", at=read_at, low=100_000, high=100_000)
        snap = replace(snap, positions=held)
        assert by(proved(snap), Road.BLACK).verdict is RED
        assert by(proved(replace(snap, indices_then=(index,))), Road.BLACK).verdict is GREEN

    @pytest.mark.parametrize(
        ("low", "high"),
        [(100_000, 1e8), (100, 100_000), (90_000, 110_000), (1e8, 1e8), (100, 100), (0.0, 1e5), (nan, nan)],
    )
    def test_a_wrong_price_around_the_statement_is_no_excuse(self, low, high):
        snap = beside_a_jump(0.0, lambda net: net + 5)
        (index,) = snap.indices_then
        assert by(proved(snap), Road.NET).verdict is RED
        wrong = replace(snap, indices_then=(replace(index, low=low, high=high),))
        assert by(proved(wrong), Road.NET).verdict is RED

    def test_another_underlyings_index_is_no_excuse(self):
        snap = beside_a_jump(0.08)
        other = tuple(replace(then, underlying="ETH") for then in snap.indices_then)
        assert by(proved(replace(snap, indices_then=other)), Road.NET).verdict is RED
