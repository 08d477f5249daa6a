"""The grid on screen: what is computed from a view, what a gap leaves, what the figure says."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from nouns import NOW, leg, quote, seconds, ticket, underlying_rules
from valued_views import CALL, PERPETUAL, PUT, held_snapshot, valued_view

from components.scenario_answer import Answer, NoAnswer, answer, difference, key_of
from components.scenario_choice import (
    NEXT_EXPIRY,
    Question,
    Show,
    Side,
    Unit,
    days_of,
    member,
    reach,
    steps,
)
from components.scenario_choice import (
    NOW as AT_ONCE,
)
from components.scenario_figure import brief, exact, figure, slice_figure, values_of
from components.scenario_kept import Kept
from components.scenario_words import exposures, sentences, worst_words
from hedging.model.limits import Band, HedgeTarget, Numeraire
from hedging.model.snapshot import Gap, GapReason
from hedging.model.what_if import Change
from hedging.risk.scenario import Shocks, VolShift, scenario
from hedging.units import Side as TradeSide

VIEW = valued_view()
ASKED = Question(underlying="BTC")
CHANGE = Change(underlying="BTC", account="main", instrument=CALL.key, amount=-5.0)


def found(view=VIEW, asked=ASKED):
    made = answer(view, asked)
    assert isinstance(made, Answer), made
    return made


class TestAnswer:
    def test_the_grid_is_that_of_the_risk_code(self):
        made = found()
        shocks = Shocks(
            spots=tuple(0.2 * step / 8 for step in range(-8, 9)),
            vols=tuple(0.2 * step / 4 for step in range(-4, 5)),
        )
        straight = scenario(VIEW.underlyings[0].exposure, VIEW.positions, shocks)
        assert (made.before.surface.pnl_usd == straight.pnl_usd).all()
        assert made.before.worst.pnl_usd == straight.pnl_usd.min()

    @pytest.mark.parametrize("shift", VolShift)
    def test_zero_shock_is_exactly_zero_before_and_after(self, shift):
        made = found(asked=replace(ASKED, vol_shift=shift))
        for surface in (
            made.before.surface,
            made.after.surface,
            difference(made.before.surface, made.after.surface),
        ):
            place = surface.shocks.vols.index(0.0), surface.shocks.spots.index(0.0)
            assert surface.pnl_usd[0][place] == 0.0
            assert surface.pnl_coin[0][place] == 0.0

    def test_the_hedge_is_the_one_that_the_band_asks_for(self):
        made = found()
        assert made.live.delta < -5 or made.live.delta > 5
        assert abs(made.hedged.delta) <= 5
        assert "the band −5 to +5 BTC asks to" in made.hedge.words

    def test_a_waiting_ticket_is_the_hedge(self):
        sold = replace(leg(), side=TradeSide.BUY, quantity_coin=Decimal("2.5"), amount=Decimal(250_000))
        made = found(replace(VIEW, tickets=(ticket(legs=(sold,)),)))
        assert made.hedged.delta == pytest.approx(made.live.delta + 2.5, abs=1e-12)
        assert "T261120120000000-BTC" in made.hedge.words

    def test_a_changed_book_asks_for_its_own_hedge(self):
        waiting = replace(VIEW, tickets=(ticket(),))
        made = found(waiting, replace(ASKED, changes=(CHANGE,)))
        assert "the band" in made.hedge.words
        assert made.before_words == "with your changes"

    def test_inside_the_band_nothing_is_put_in(self):
        wide = Band(lower=-100.0, centre=0.0, upper=100.0, target=HedgeTarget.EDGE)
        made = found(valued_view(item=underlying_rules(band=wide)))
        assert made.after is None
        assert made.hedged is None
        assert "inside the band" in made.hedge.words

    def test_without_a_price_of_the_hedge_there_is_no_hedge(self):
        view = replace(VIEW, hedges=(), positions=tuple(each for each in VIEW.positions if not each.is_hedge))
        assert found(view).hedge.words == "no hedge: BTC-PERPETUAL has no price now"

    def test_a_gap_leaves_no_number_but_its_reason(self):
        stale = held_snapshot()
        quotes = {**stale.quotes, PUT.key: quote(PUT, received_at=NOW - seconds(60), iv=0.5, forward=1e5)}
        made = answer(valued_view(replace(stale, quotes=quotes)), ASKED)
        assert isinstance(made, NoAnswer)
        assert "60 s old" in made.reason

    def test_many_gaps_are_counted(self):
        gaps = tuple(
            Gap(what=str(n), reason=GapReason.STALE, detail=f"gap {n}", underlying=None) for n in range(5)
        )
        blank = replace(VIEW.underlyings[0], exposure=None)
        made = answer(replace(VIEW, gaps=gaps, underlyings=(blank,)), ASKED)
        assert made.reason == "gap 0; gap 1; gap 2 (and 2 more)"

    def test_an_unknown_underlying_has_no_number(self):
        assert answer(VIEW, Question(underlying="SOL")).reason == "the exposure of SOL is not known yet"

    def test_what_cannot_be_repriced_is_said(self):
        broken = tuple(replace(each, iv=None) for each in VIEW.positions)
        assert "cannot be repriced" in answer(replace(VIEW, positions=broken), ASKED).reason


class TestKept:
    @pytest.mark.parametrize(
        ("view", "asked"),
        [
            (replace(VIEW, sequence=8), ASKED),
            (replace(VIEW, engine_started_at=NOW + seconds(1)), ASKED),
            (replace(VIEW, book="another"), ASKED),
            (VIEW, replace(ASKED, spot_reach=0.1)),
            (VIEW, replace(ASKED, changes=(CHANGE,))),
        ],
    )
    def test_whatever_changes_the_figures_is_computed_anew(self, view, asked):
        kept = Kept()
        made = [kept.value(key_of(*each), object) for each in ((VIEW, ASKED), (view, asked))]
        assert made[0] is not made[1]
        assert kept.value(key_of(VIEW, ASKED), object) is made[0]

    def test_only_the_latest_that_were_asked_for_are_kept(self):
        kept = Kept(most=2)
        one = kept.value(1, object)
        kept.value(2, object)
        assert kept.value(1, object) is one
        kept.value(3, object)
        assert len(kept) == 2
        assert kept.value(1, object) is one

    def test_two_that_ask_at_once_are_computed_once(self):
        kept, made, begun = Kept(), [], threading.Event()

        def make():
            begun.set()
            time.sleep(0.05)
            made.append(1)
            return object()

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: kept.value("x", make), range(4)))
        assert begun.is_set()
        assert len(made) == 1
        assert len({id(each) for each in found}) == 1

    def test_an_error_is_kept_by_nobody(self):
        kept = Kept()
        with pytest.raises(ZeroDivisionError):
            kept.value("x", lambda: 1 / 0)
        assert kept.value("x", lambda: 5) == 5


class TestChoice:
    def test_after_the_next_expiry_lies_just_beyond_it(self):
        days = days_of(NEXT_EXPIRY, VIEW.positions, "BTC")
        assert days == pytest.approx(0.02 * 365 + 1 / 1440, abs=1e-9)
        assert (
            steps(VIEW.positions, "BTC").index(NEXT_EXPIRY) == steps(VIEW.positions, "BTC").index("7 d") + 1
        )

    def test_where_nothing_expires_there_is_no_such_step(self):
        assert NEXT_EXPIRY not in steps((), "BTC")
        assert days_of(NEXT_EXPIRY, (), "BTC") == 0.0
        assert days_of("<script>", (), "BTC") == 0.0

    def test_what_expired_has_no_delta_left(self):
        made = found(asked=replace(ASKED, days=NEXT_EXPIRY))
        gone = found(
            valued_view(),
            replace(ASKED, changes=(replace(CHANGE, instrument=PUT.key, amount=0.0),), days="7 d"),
        )
        middle = 4, 8
        assert made.before.surface.delta_coin[0][middle] == pytest.approx(
            gone.before.surface.delta_coin[0][middle], rel=1e-2
        )

    def test_widgets_are_not_trusted(self):
        assert member(Show, "nonsense", Show.PNL) is Show.PNL
        assert reach((0.1, 0.2), math.nan, 0.2) == 0.2
        assert reach((0.1, 0.2), 0.1, 0.2) == 0.1


class TestFigure:
    def cells(self, chart):
        heat = chart.data[0]
        return heat["z"], chart.data[1]["text"], heat["hovertext"]

    @pytest.mark.parametrize("show", Show)
    @pytest.mark.parametrize("unit", Unit)
    @pytest.mark.parametrize("side", Side)
    def test_every_figure_has_its_numbers_signs_and_unit(self, show, unit, side):
        made = found()
        chart = figure(made, show, unit, side)
        assert not chart.empty
        z, text, hover = self.cells(chart)
        assert (len(z), len(z[0]), len(text), len(hover), len(hover[0])) == (9, 17, 153, 9, 17)
        for row, words in zip(z, (text[start : start + 17] for start in range(0, 153, 17)), strict=True):
            for value, word in zip(row, words, strict=True):
                assert word.startswith("+" if value > 0 else "−") or not any(
                    each in "123456789" for each in word
                )
        assert ("BTC" if unit is Unit.COIN else "USD") in chart.unit
        assert chart.unit in hover[0][0]
        assert chart.data[0]["zmin"] == -chart.data[0]["zmax"] < 0

    def test_gamma_is_for_one_per_cent_and_vega_for_a_point(self):
        surface = found().before.surface
        gamma, gamma_unit = values_of(surface, Show.GAMMA, Unit.COIN)
        vega, vega_unit = values_of(surface, Show.VEGA, Unit.USD)
        assert gamma[0, 4, 8] == pytest.approx(found().live.gamma_coin / 100, rel=1e-9)
        assert vega[0, 4, 8] == pytest.approx(found().live.vega_usd / 100, rel=1e-9)
        assert (gamma_unit, vega_unit) == ("BTC / 1 %", "USD / pt")

    def test_the_delta_at_zero_shock_is_the_delta_of_the_book(self):
        values, _ = values_of(found().before.surface, Show.DELTA, Unit.COIN)
        assert values[0, 4, 8] == pytest.approx(found().live.delta, rel=1e-12)

    def test_the_worst_and_the_unchanged_cell_are_outlined(self):
        made = found()
        shapes = figure(made, Show.PNL, Unit.USD, Side.BEFORE).layout["shapes"]
        assert (shapes[0]["x0"], shapes[0]["y0"]) == (7.5, 3.5)
        row, column = divmod(int(made.before.surface.pnl_coin[0].argmin()), 17)
        assert (shapes[1]["x0"] + 0.5, shapes[1]["y0"] + 0.5) == (column, row)
        assert len(figure(made, Show.PNL, Unit.USD, Side.DIFFERENCE).layout["shapes"]) == 1
        assert len(figure(made, Show.VEGA, Unit.USD, Side.BEFORE).layout["shapes"]) == 1

    def test_without_a_hedge_the_sides_that_need_one_say_why(self):
        made = replace(found(), after=None, hedge=replace(found().hedge, words="no hedge"))
        assert figure(made, Show.PNL, Unit.USD, Side.AFTER).empty == "no hedge"
        assert not figure(made, Show.PNL, Unit.USD, Side.BEFORE).empty

    def test_the_curve_is_the_row_of_unchanged_volatility(self):
        made = found()
        chart = slice_figure(made, Show.PNL, Unit.USD)
        assert [line["name"] for line in chart.data] == ["as it is", "after the hedge"]
        assert chart.data[0]["y"] == pytest.approx(list(made.before.surface.pnl_usd[0, 4]), rel=1e-6)
        assert len(slice_figure(replace(made, after=None), Show.PNL, Unit.USD).data) == 1

    @pytest.mark.parametrize(
        ("value", "reach_of", "said"),
        [(1234.5, 2000.0, "+1,234"), (-0.0001, 0.5, "0.000"), (12.34, 30.0, "+12.3"), (9.87, 15.0, "+9.87")],
    )
    def test_cells_keep_the_digits_that_matter(self, value, reach_of, said):
        assert brief(value, reach_of) == said

    def test_the_hover_has_every_digit(self):
        assert exact(1234.567) == "+1,234.6"


class TestWords:
    def test_the_worst_cell_is_named_with_its_loss_in_both_units(self):
        made = found()
        words = worst_words(made.before, "at once")
        worst = made.before.worst
        assert words.startswith("loses ")
        assert f"{abs(worst.pnl_usd):,.0f} USD" in words
        assert f"{made.live.index * (1 + worst.spot):,.0f} USD" in words
        assert words.endswith("at once")

    def test_dollars_come_first_where_dollars_are_kept(self):
        dollars = valued_view(item=underlying_rules(numeraire=Numeraire(1.0)))
        words = worst_words(found(dollars).before, "at once")
        assert words.split(" ")[2] == "USD"
        assert "keep my dollars" in sentences(found(dollars), AT_ONCE)

    def test_both_books_stand_side_by_side(self):
        made = found(asked=replace(ASKED, changes=(CHANGE,)))
        html = exposures(made)
        for column, exposure in (
            ("live", made.live),
            ("what-if", made.book.exposure),
            ("hedged", made.hedged),
        ):
            assert f'data-testid="{column}-delta" data-value="{exposure.delta!r}"' in html
        assert "What-if" not in exposures(found())

    def test_the_age_and_the_hedge_are_said(self):
        html = sentences(found(), AT_ONCE)
        assert 'data-testid="scenario-at"' in html
        assert "12:00:00 UTC" in html
        assert "asks to" in html

    def test_a_smile_shift_is_named(self):
        made = found()
        shifted = replace(made, book=replace(made.book, exposure=replace(made.live, smile_shift=0.25)))
        assert "the smile&#x27;s +0.2500 BTC are in the exposure, not in the grid" in sentences(
            shifted, AT_ONCE
        )

    def test_outside_words_stay_words(self):
        made = found()
        hostile = replace(made, hedge=replace(made.hedge, words="<img src=x>"))
        assert "<img" not in sentences(hostile, AT_ONCE)
        assert PERPETUAL.name in made.hedge.words
