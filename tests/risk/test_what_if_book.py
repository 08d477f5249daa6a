"""Books with changes in them: valued as the live one is, and what cannot be put in is said."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import NOW, balance, linear_perpetual, position, quote
from valued_views import CALL, PERPETUAL, PUT, held, held_snapshot, valued_view

from hedging.model.instrument import OptionKind, Settlement
from hedging.model.limits import Numeraire
from hedging.model.what_if import Change, OptionTerms
from hedging.risk.what_if_book import Terms, nearest_vol, option_key, what_if_book

VIEW = valued_view()
LIVE = VIEW.underlyings[0].exposure


def change(instrument, amount, **more):
    return Change(underlying="BTC", account="main", instrument=instrument.key, amount=amount, **more)


def book(*changes, listed=None):
    return what_if_book(LIVE, VIEW.positions, changes, listed or {})


def same_book(amounts):
    """The exposure that the engine itself would find if these amounts were held."""
    found = held_snapshot()
    positions = tuple(
        replace(each, amount=type(each.amount)(amounts.get(each.instrument.name, each.amount)))
        for each in found.positions
    )
    return valued_view(replace(found, positions=positions)).underlyings[0].exposure


def close_to(found, expected):
    for name in ("delta", "delta_net", "gamma_coin", "vega_usd", "theta_usd", "gross_notional_usd"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12, abs=1e-9), name


def test_nothing_changed_is_the_live_book():
    found = book()
    assert found.exposure == LIVE
    assert found.positions == VIEW.positions
    assert (found.differences, found.refused) == ((), ())


def test_a_changed_amount_is_worth_what_the_engine_would_find():
    found = book(change(CALL, -5.0))
    close_to(found.exposure, same_book({CALL.name: "-5"}))
    assert found.exposure.delta != LIVE.delta
    (each,) = found.differences
    assert (each.instrument, each.before, each.after) == (CALL, -20.0, -5.0)


def test_the_live_book_is_not_touched():
    before = tuple(VIEW.positions)
    book(change(CALL, -5.0), change(PUT, 0.0))
    assert VIEW.positions == before


def test_zero_takes_a_position_out():
    found = book(change(PUT, 0.0))
    assert [each.instrument for each in found.positions if each.instrument == PUT] == []
    close_to(found.exposure, same_book({PUT.name: "0"}))


def test_the_amount_that_is_held_is_no_change():
    assert book(change(CALL, -20.0)).differences == ()


def test_the_last_word_on_an_instrument_counts():
    assert book(change(CALL, 1.0), change(CALL, 2.0)).differences[0].after == 2.0


def test_a_hedge_that_is_not_held_is_valued_by_its_mark():
    other = linear_perpetual()
    found = book(
        change(other, 2.5), listed={other.key: Terms(instrument=other, mark=100_050.0, is_hedge=True)}
    )
    assert found.exposure.delta == pytest.approx(LIVE.delta + 2.5, abs=1e-12)
    assert found.positions[-1].is_hedge


def option_change(strike=105_000.0, kind=OptionKind.CALL, amount=3.0, vol=0.553, expiry=CALL.expiry):
    terms = OptionTerms(
        expiry=expiry, strike=strike, kind=kind, settlement=Settlement.INVERSE, vol=vol, vol_from="said so"
    )
    key = option_key(CALL, strike, kind)
    return Change(
        underlying="BTC", account="main", instrument=key, amount=amount, expiry=expiry, option=terms
    )


def test_an_option_that_is_not_held_is_valued_as_if_it_were_quoted():
    found = book(option_change())
    other = replace(CALL, name="BTC-105000-C", strike=105_000.0)
    live = held_snapshot()
    quoted = replace(
        live,
        positions=(*live.positions, position(other, 3)),
        quotes={**live.quotes, other.key: quote(other, mark=0.04, forward=100_700.0, iv=0.553)},
    )
    close_to(found.exposure, valued_view(quoted).underlyings[0].exposure)
    assert found.differences[0].note == "said so"


def test_the_change_of_an_option_that_is_held_moves_what_is_held():
    found = book(replace(option_change(), instrument=CALL.key, amount=-1.0))
    assert len(found.positions) == len(VIEW.positions)
    assert found.differences[0].before == -20.0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (change(replace(CALL, name="GONE"), 1.0, expiry=NOW - timedelta(days=1)), "GONE has expired"),
        (change(replace(CALL, name="NEW"), 1.0), "neither held nor a hedge now"),
        (change(replace(CALL, name="NEW"), 0.0), "neither held nor a hedge now"),
        (option_change(expiry=NOW - timedelta(days=1)), "has expired"),
        (option_change(expiry=NOW + timedelta(days=500)), "forward is not known"),
        (option_change(vol=60.0), "volatility of 6000 %"),
        (option_change(vol=0.0), "volatility of 0 %"),
        (option_change(strike=-1.0), "cannot be priced|strike"),
        (change(CALL, float("nan")), "amount of nan"),
        (change(CALL, 1e13), "amount of 1000"),
    ],
)
def test_what_cannot_be_put_in_is_left_out_with_its_reason(asked, said):
    found = book(asked, change(PUT, -1.0))
    assert len(found.refused) == 1
    assert pytest.approx(-1.0) == found.differences[0].after
    assert found.exposure.delta == book(change(PUT, -1.0)).exposure.delta
    assert re.search(said, found.refused[0]), found.refused


def test_the_nearest_strike_of_the_same_expiry_lends_its_volatility():
    like = held(VIEW, CALL.name)
    assert nearest_vol(VIEW.positions, like, 90_000.0).instrument == CALL.name
    assert nearest_vol(VIEW.positions, held(VIEW, PUT.name), 90_000.0).vol == 0.681
    assert nearest_vol(VIEW.positions, like, 0.0) is None


def test_an_option_is_called_as_its_venue_would():
    assert option_key(replace(CALL, name="BTC-25DEC26-110000-C"), 90_000.0, OptionKind.PUT) == (
        "deribit:BTC-25DEC26-90000-P"
    )


def test_equity_stays_in_the_delta_of_dollars():
    dollars = replace(VIEW.underlyings[0].exposure, numeraire=Numeraire(1.0))
    found = what_if_book(dollars, VIEW.positions, [change(PUT, 0.0)], {})
    assert found.exposure.equity == pytest.approx(balance(equity=10.123456789).equity)
    assert found.exposure.delta == pytest.approx(found.exposure.delta_net + found.exposure.equity, abs=1e-12)
    assert PERPETUAL.key in {each.instrument.key for each in found.positions}
