"""One fitted curve an expiry: how near to a known smile, what is left out, and what can be arbitraged."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from chains import FORWARD, NOW, PaperChain, chain_of, chain_quote, moneyness, smile_slice, vol_of

from hedging.model.instrument import OptionKind, Settlement
from hedging.model.smile import SmileLimits, SmileSource, SmileViolationKind
from hedging.pricing import svi
from hedging.risk import smile
from hedging.risk.smile import fitted_smiles, raw
from hedging.risk.smile_points import SmilePoints, quote_violations, smile_points, why_left_out
from hedging.venues.chain import chain

LIMITS = SmileLimits()
TRUE = smile_slice()


def only(quotes, limits=LIMITS):
    found = fitted_smiles(quotes, NOW, limits)
    assert found.without == ()
    [drawn] = found.drawn
    return drawn


def refusal(quotes, limits=LIMITS):
    found = fitted_smiles(quotes, NOW, limits)
    assert found.drawn == ()
    [none] = found.without
    return none.reason


def test_a_known_smile_is_found_again_between_its_strikes():
    drawn = only(chain_of(TRUE))
    k = np.linspace(-0.4, 0.4, 33)
    found = svi.implied_vol(raw(drawn.slice), k, drawn.slice.years)
    np.testing.assert_allclose(found, [vol_of(TRUE, each) for each in k], atol=1e-6)
    assert drawn.slice.error_vol < 1e-7
    assert (drawn.slice.quotes, drawn.slice.left_out, drawn.slice.violations) == (21, 0, ())
    assert (drawn.slice.forward, drawn.slice.fitted_at) == (FORWARD, NOW)
    assert (drawn.slice.lowest_k, drawn.slice.highest_k) == pytest.approx((-0.4, 0.4))


def test_a_search_from_the_last_slice_ends_where_the_whole_search_does():
    moved = smile_slice(a=0.011, b=0.085, rho=-0.45, m=0.03, sigma=0.22)
    noisy = [
        replace(q, iv=(q.iv or 0) + 1e-4 * math.sin(37 * place)) for place, q in enumerate(chain_of(moved))
    ]
    [whole] = fitted_smiles(noisy, NOW, LIMITS).slices
    bad = replace(TRUE, a=-0.041, b=0.1331, rho=0.306, m=0.3586, sigma=0.4153)
    for near in (TRUE, whole, replace(TRUE, m=0.9, sigma=5.0), bad, replace(TRUE, expiry=NOW)):
        [found] = fitted_smiles(noisy, NOW, LIMITS, (near,)).slices
        assert found.error_vol == pytest.approx(whole.error_vol, rel=1e-3)
        k = np.linspace(-0.4, 0.4, 9)
        np.testing.assert_allclose(
            svi.total_variance(raw(found), k), svi.total_variance(raw(whole), k), rtol=1e-4
        )


def test_what_is_drawn_are_the_quotes_and_the_curve_through_them():
    drawn = only(chain_of(TRUE))
    assert drawn.quote_vol == pytest.approx([vol_of(TRUE, k) for k in drawn.quote_k], abs=1e-6)
    assert sum(drawn.quote_weight) == pytest.approx(1.0, abs=1e-4)
    assert max(drawn.quote_weight) == drawn.quote_weight[10]  # at the money
    assert drawn.curve_k[0] < -0.4 < 0.4 < drawn.curve_k[-1]
    assert drawn.curve_vol == pytest.approx([vol_of(TRUE, k) for k in drawn.curve_k], abs=1e-5)


@pytest.mark.parametrize("seed", [7, 11])
def test_the_simulated_market_is_reproduced_to_its_rounding(seed):
    """Its volatilities arrive rounded to 0.01 points; the fit stays within 0.02 of what it really is."""
    paper = PaperChain(seed)
    for currency in ("BTC", "ETH", "USDC"):
        quotes = chain(paper.rows(currency), paper.instruments, paper.now).quotes
        found = fitted_smiles(quotes, paper.now, LIMITS)
        assert len(found.drawn) + len(found.without) == len({(q.underlying, q.expiry) for q in quotes})
        assert found.drawn
        for drawn in found.drawn:
            one = drawn.slice
            assert one.violations == ()
            assert one.error_vol < 1e-4
            expiry_ns = int(one.expiry.timestamp()) * 10**9
            for k in np.linspace(one.lowest_k, one.highest_k, 40):
                true = paper.market.iv(one.underlying, expiry_ns, one.forward * math.exp(k))
                ours = float(svi.implied_vol(raw(one), k, one.years))
                assert ours == pytest.approx(true, abs=2e-4), (one, k)


def test_the_option_out_of_the_money_counts_and_its_twin_fills_in():
    def lifted(quote):
        inside = (quote.strike > FORWARD) == (quote.kind is OptionKind.PUT) and quote.strike != FORWARD
        return replace(quote, iv=(quote.iv or 0) + 0.05) if inside else quote

    quotes = [lifted(quote) for quote in chain_of(TRUE)]
    assert only(quotes).slice.error_vol < 1e-6
    lone = [quote for quote in quotes if not (quote.kind is OptionKind.CALL and moneyness(quote) > 0.3)]
    drawn = only(lone)
    assert drawn.slice.quotes == 21
    assert drawn.quote_vol[-1] == pytest.approx(vol_of(TRUE, 0.4) + 0.05, abs=1e-5)


def test_a_missing_volatility_is_implied_by_the_quotes():
    quotes = chain_of(TRUE)
    bare = [replace(q, iv=None, bid=(q.mark or 0) * 0.999, ask=(q.mark or 0) * 1.001) for q in quotes]
    assert only(bare).slice.error_vol < 1e-4
    drawn = only([replace(bare[0], mark=None, bid=None, ask=None, iv=None), *quotes[1:]])
    assert drawn.slice.left_out == 1
    assert "none follows from its prices" in drawn.words[0]


BAD = [
    ({"iv": math.nan}, "volatility is not between"),
    ({"iv": 0.0}, "volatility is not between"),
    ({"iv": -0.5}, "volatility is not between"),
    ({"iv": 11.0}, "volatility is not between"),
    ({"iv": math.inf}, "volatility is not between"),
    ({"bid": 0.2, "ask": 0.1}, "bid lies above its ask"),
    ({"bid": math.nan, "ask": 0.1}, "bid lies above its ask"),
    ({"forward": None}, "forward is not there"),
    ({"forward": math.nan}, "forward is not there"),
    ({"forward": -1.0}, "forward is not there"),
    ({"forward": FORWARD * 1.01}, "off the expiry's"),
    ({"received_at": NOW - timedelta(seconds=61)}, "older than 60 s"),
    ({"venue_at": NOW - timedelta(seconds=61)}, "older than 60 s"),
    ({"venue_at": NOW + timedelta(seconds=61)}, "older than 60 s"),
    ({"strike": math.nan}, "strike is no positive number"),
    ({"strike": 0.0}, "strike is no positive number"),
]


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_a_bad_quote_is_left_out_by_name_and_moves_nothing(changes, words):
    quotes = chain_of(TRUE)
    drawn = only([replace(quotes[8], instrument="BAD", **changes), *quotes])
    assert drawn.slice.left_out == 1
    assert words in drawn.words[-1]
    assert raw(drawn.slice) == raw(only(quotes).slice)


def test_an_instrument_that_is_there_twice_counts_once_the_newer():
    quotes = chain_of(TRUE)
    wrong = replace(quotes[20], iv=3.0, venue_at=NOW - timedelta(seconds=5))
    drawn = only([wrong, *quotes])
    assert drawn.slice.error_vol < 1e-6
    assert "1 × it is there twice" in drawn.words[0]
    assert only([*quotes, wrong]).slice.error_vol < 1e-6


def test_what_cannot_be_fitted_says_why():
    assert "1 strikes are quoted, a fit takes 6" in refusal([chain_quote(OptionKind.CALL, 0.0, 0.6)])
    assert "5 strikes are quoted" in refusal(chain_of(TRUE, 5))
    assert "none of its 42 quotes" in refusal([replace(q, iv=math.nan) for q in chain_of(TRUE)])
    stale = [replace(q, received_at=NOW - timedelta(minutes=5)) for q in chain_of(TRUE)]
    assert "42 × it is older than 60 s" in refusal(stale)
    near = chain_of(smile_slice(1800 / (365 * 86400)))
    assert "half hour in which its delivery price is averaged" in refusal(near)
    assert "has expired" in refusal([replace(q, expiry=NOW - timedelta(days=1)) for q in chain_of(TRUE)])
    assert fitted_smiles([], NOW, LIMITS).drawn == ()


def test_far_strikes_without_vega_are_left_out():
    far = chain_quote(OptionKind.CALL, 3.0, 0.5)
    found = smile_points([*chain_of(TRUE), far], NOW, 60.0)
    assert isinstance(found, SmilePoints)
    assert found.k.max() < 1
    assert "too far from the money" in why_left_out(found.left_out)


def test_a_fit_that_fails_in_its_numbers_is_a_refusal(monkeypatch):
    def fails(*_):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(smile, "fit_svi", fails)
    assert "SVD did not converge" in refusal(chain_of(TRUE))


def test_quotes_that_sell_a_butterfly_for_less_than_nothing_are_shown_as_such():
    quotes = [
        replace(quote, iv=(quote.iv or 0) + 0.08) if abs(moneyness(quote) - 0.12) < 0.01 else quote
        for quote in chain_of(TRUE)
    ]
    drawn = only(quotes)
    [wrong] = [each for each in drawn.slice.violations if each.source is SmileSource.QUOTES]
    assert wrong.kind is SmileViolationKind.BUTTERFLY
    assert wrong.k == pytest.approx(0.12)
    assert wrong.strike == pytest.approx(FORWARD * math.exp(0.12))
    assert -0.08 < wrong.amount < -0.02
    assert any(text.startswith("quotes: a butterfly costs less than nothing") for text in drawn.words)
    assert drawn.slice.error_vol > 1e-3  # the curve has none, so it cannot go through


def test_a_smile_full_of_arbitrage_is_missed_by_its_curve():
    """Vogt's slice (Gatheral and Jacquier, example 3.1): the curve must not follow it."""
    vogt = smile_slice(1.0, a=-0.041, b=0.1331, rho=0.306, m=0.3586, sigma=0.4153)
    wide = [-1.5 + 3.0 * place / 60 for place in range(61)]
    drawn = only(
        [chain_quote(OptionKind.CALL if k >= 0 else OptionKind.PUT, k, vol_of(vogt, k), 1.0) for k in wide]
    )
    assert any(each.source is SmileSource.QUOTES for each in drawn.slice.violations)
    assert not [each for each in drawn.slice.violations if each.source is SmileSource.CURVE]
    assert svi.violations(raw(drawn.slice)) == ()
    assert drawn.slice.error_vol > 1e-3


def test_the_venues_rounding_is_no_arbitrage():
    rounded = [replace(quote, iv=round(quote.iv or 0, 4)) for quote in chain_of(TRUE, 641)]
    points = smile_points(rounded, NOW, 60.0)
    assert isinstance(points, SmilePoints)
    assert quote_violations(points) == ()


def test_a_calendar_that_crosses_is_noted_with_the_nearer_expiry():
    near, far = smile_slice(0.1), smile_slice(0.12, a=0.002)
    found = fitted_smiles([*chain_of(far), *chain_of(near)], NOW, LIMITS)
    early, late = found.slices
    assert (early.years, late.years) == pytest.approx((0.1, 0.12))
    [crossed] = early.violations
    assert (crossed.source, crossed.kind) == (SmileSource.CURVE, SmileViolationKind.CALENDAR)
    assert crossed.amount == pytest.approx(0.002 - 0.01, abs=1e-4)
    assert late.violations == ()
    assert "smaller total variance" in found.drawn[0].words[0]


def test_chains_of_other_coins_currencies_and_venues_are_apart():
    quotes = chain_of(TRUE)
    linear = [
        replace(
            q, settlement=Settlement.LINEAR, settlement_currency="USDC", instrument=f"L{q.instrument}", iv=0.9
        )
        for q in quotes
    ]
    ether = [replace(q, underlying="ETH", instrument=f"E{q.instrument}") for q in quotes]
    found = fitted_smiles([*quotes, *linear, *ether], NOW, LIMITS)
    places = [(one.underlying, one.settlement_currency) for one in found.slices]
    assert places == [("BTC", "BTC"), ("BTC", "USDC"), ("ETH", "BTC")]
    assert float(svi.implied_vol(raw(found.slices[1]), 0.1, TRUE.years)) == pytest.approx(0.9, abs=1e-4)
    assert found.slices[0].violations == ()  # the flat USDC smile is no calendar of the other
