"""What the boards draw, as data: figures, tiles, tables, bars and the strip, in every state of the book."""

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from components import drift_chart, ladder, orders, positions, profile, strip, tickets, tiles, topics
from components import format as fmt
from components.ladder import Greek
from components.theme import DARK, LIGHT, Palette, Tone, token
from hedging.desk import Phase, Scene
from hedging.model.exposure import DriftState, ProofVerdict
from hedging.model.limits import BreachLevel
from hedging.model.smile import IvSource
from hedging.model.snapshot import Gap, GapReason
from hedging.model.trading import AutoMode, AutoSetting, OrderState, TicketState, TradingState

HOSTILE = "<img src=http://evil.example/x onerror=alert(1)> ![x](http://evil.example) :red[x] $x$"


@pytest.fixture
def view(fake):
    return fake.step()


@pytest.fixture
def blind(fake):
    """A view in which nothing could be valued."""
    fake.blackout = True
    fake.gaps = (
        Gap(what="BTC-PERPETUAL", reason=GapReason.STALE, detail="12 s old", underlying="BTC"),
        Gap(what="account main", reason=GapReason.UNREACHABLE, detail="", underlying=None),
    )
    return fake.step()


def scene(view, **more):
    return Scene(
        phase=Phase.RUNNING,
        note="",
        view=view,
        samples=more.pop("samples", {}),
        tickets=view.tickets,
        has_demo=False,
    )


def tokens(value):
    if isinstance(value, str):
        return {value[1:]} if value.startswith("@") else set()
    if isinstance(value, dict):
        return set().union(*(tokens(each) for each in value.values()), set())
    if isinstance(value, list | tuple):
        return set().union(*(tokens(each) for each in value), set())
    return set()


class TestTopics:
    def test_every_topic_is_json_and_every_colour_exists(self, view, fake):
        fake.seed_history(minutes=1)
        samples = {name: fake.series.samples(name, view.at - timedelta(hours=1)) for name in ("BTC", "ETH")}
        found = dict(topics.topics(scene(view, samples=samples)))
        assert len(found) == 11 + 2 * 10
        for payload in found.values():
            assert tokens(msgspec.json.decode(msgspec.json.encode(payload))) <= set(Palette.__slots__)

    def test_only_the_strip_before_the_first_view(self):
        empty = Scene(phase=Phase.STARTING, note="come up", view=None, samples={}, tickets=(), has_demo=False)
        assert [name for name, _ in topics.topics(empty)] == ["strip"]

    def test_nothing_valued_is_still_drawn_and_has_no_number(self, blind):
        found = dict(topics.topics(scene(blind)))
        for tile in found["tiles"].tiles:
            figures = (tile.delta, tile.delta_usd, *tile.values)
            assert all(figure.value is None for figure in figures)
            assert all(figure.text == fmt.UNKNOWN for figure in figures)
            assert all(figure.tone is Tone.UNKNOWN for figure in figures)
            assert tile.incomplete
            assert tile.delta.label == "Net delta, keep my coins, sticky strike"
            assert tile.gauge is None
        assert found["profile:BTC"].empty
        assert found["strike-delta:BTC"].empty
        assert found["gaps"].rows[0].cells[0].text == "BTC-PERPETUAL"
        assert "2" in found["positions"].foot
        assert "no open position" not in found["positions"].empty


class TestTiles:
    def test_desk_units(self, view):
        tile = tiles.tiles(view).tiles[0]
        exposure = view.underlyings[0].exposure
        by_id = {figure.id: figure for figure in tile.values}
        assert tile.delta.value == exposure.delta
        assert tile.delta_usd.value == exposure.delta * exposure.index
        assert by_id["gamma-BTC"].value == exposure.gamma_coin / 100
        assert by_id["vega-BTC"].value == exposure.vega_usd / 100
        assert by_id["theta-BTC"].value == exposure.theta_usd / 365
        assert tile.delta.label == "Net delta, keep my coins, sticky strike"

    def test_the_delta_after_the_next_expiry_stands_beside_it_with_the_time_to_it(self, view):
        exposure = view.underlyings[0].exposure
        after = {figure.id: figure for figure in tiles.tiles(view).tiles[0].values}["after-expiry-BTC"]
        assert after.value == exposure.delta_after_expiry
        assert after.label == f"After expiry in {fmt.time_left(exposure.next_expiry - exposure.at)}"

    def test_nothing_that_expires_is_said_and_is_no_number(self, view):
        each = view.underlyings[0]
        plain = replace(each.exposure, next_expiry=None, delta_after_expiry=None)
        changed = replace(view, underlyings=(replace(each, exposure=plain),))
        after = {figure.id: figure for figure in tiles.tiles(changed).tiles[0].values}["after-expiry-BTC"]
        assert (after.text, after.value) == ("nothing expires", None)

    def test_a_likely_way_out_of_the_band_is_a_warning_in_words(self, view):
        leaving = {figure.id: figure for figure in tiles.tiles(view).tiles[0].values}["leaving-BTC"]
        assert (leaving.text, leaving.unit, leaving.tone) == ("▲ 60 %", "in 8 h", Tone.NEAR)

    def test_an_unknown_order_forbids_to_say_inside(self, fake, view):
        inside = _with_drift(view, DriftState.INSIDE)
        assert tiles.tiles(inside).tiles[0].gauge.word == "inside the band"
        unknown = replace(inside, orders=(_order(fake, view, OrderState.UNKNOWN),))
        tile = tiles.tiles(unknown).tiles[0]
        assert tile.gauge.tone is Tone.UNKNOWN
        assert "inside" not in tile.gauge.word
        assert tile.warning
        assert strip.strip(scene(unknown)).unknown_orders == 1

    def test_the_worst_proof_is_shown(self, view):
        each = view.underlyings[0]
        red = replace(each.proofs[0], verdict=ProofVerdict.RED, venue=1.0, ours=2.5)
        changed = replace(view, underlyings=(replace(each, proofs=(red, *each.proofs[1:])),))
        proof = tiles.tiles(changed).tiles[0].proof
        assert (proof.text, proof.tone) == ("disagrees", Tone.BREACH)
        assert proof.value == pytest.approx(1.5)

    def test_beyond_the_band_says_how_far(self, view):
        tile = tiles.tiles(_with_drift(view, DriftState.ABOVE, beyond=4.2)).tiles[0]
        assert tile.gauge.word == "4.20 above the band"
        assert tile.gauge.tone is Tone.BREACH


def _with_drift(view, state, beyond=0.0):
    each = view.underlyings[0]
    changed = replace(each, drift=replace(each.drift, state=state, beyond_band=beyond))
    return replace(view, underlyings=(changed, *view.underlyings[1:]))


def _order(fake, view, state):
    ticket = next(ticket for ticket in view.tickets if ticket.underlying == "BTC")
    fake._send(ticket, "Tessa", view.at)
    return replace(fake.orders[f"{ticket.id}-0-0"], state=state, filled=Decimal(10))


class TestCharts:
    def test_profile_shows_here_band_and_ticket(self, view):
        each = view.underlyings[0]
        chart = profile.figure(each)
        names = [trace["name"] for trace in chart.data]
        assert names == ["now", "at expiry", "after the ticket", "here"]
        assert chart.data[-1]["x"] == [each.exposure.index]
        assert chart.data[-1]["y"] == [each.exposure.delta]
        band = chart.layout["shapes"][1]
        assert (band["y0"], band["y1"]) == (each.drift.band.lower, each.drift.band.upper)

    def test_zoom_survives_because_the_revision_stays(self, fake):
        first, second = fake.step(), fake.step()
        one, two = profile.figure(first.underlyings[0]), profile.figure(second.underlyings[0])
        assert one.layout["uirevision"] == two.layout["uirevision"]
        assert one.layout["uirevision"] != profile.figure(first.underlyings[1]).layout["uirevision"]

    def test_expiry_bars_sum_to_the_ladder_and_short_is_hatched(self, view):
        each = view.underlyings[0]
        delta = ladder.by_expiry(each).data[0]
        assert sum(delta["y"]) == pytest.approx(sum(cell.delta for cell in each.ladder), rel=1e-4)
        for value, colour, shape in zip(
            delta["y"], delta["marker"]["color"], delta["marker"]["pattern"]["shape"], strict=True
        ):
            assert (colour, shape) == (("@long", "") if value >= 0 else ("@short", "/"))

    @pytest.mark.parametrize("greek", list(Greek))
    def test_heat_map_is_symmetric_and_empty_cells_are_not_zero(self, view, greek):
        trace = ladder.by_strike(view.underlyings[0], greek).data[0]
        assert trace["zmin"] == -trace["zmax"]
        assert any(value is None for row in trace["z"] for value in row)

    def test_drift_marks_real_hedges_in_the_window_only(self, fake, view):
        fake.seed_history(minutes=1)
        samples = fake.series.samples("BTC", view.at - timedelta(hours=1))
        ticket = next(ticket for ticket in view.tickets if ticket.underlying == "BTC")
        done = replace(ticket, state=TicketState.DONE, decided_at=view.at)
        assert drift_chart.hedges("BTC", samples, [done])["y"] == [
            pytest.approx(ticket.delta_before, rel=1e-5)
        ]
        assert drift_chart.hedges("BTC", samples, [replace(done, shadow=True)]) is None
        assert (
            drift_chart.hedges("BTC", samples, [replace(done, decided_at=view.at - timedelta(hours=2))])
            is None
        )
        assert drift_chart.hedges("ETH", samples, [done]) is None

    def test_drift_breaks_where_the_delta_was_not_known(self, fake, view):
        samples = fake.series.samples("BTC", view.at - timedelta(hours=1))
        unknown = replace(samples[0], at=view.at + timedelta(seconds=1), delta=None)
        line = next(
            trace
            for trace in drift_chart.delta("BTC", [*samples, unknown], []).data
            if trace["name"] == "delta"
        )
        assert line["y"][-1] is None
        assert line["connectgaps"] is False

    def test_long_history_is_thinned_and_keeps_its_last_point(self, fake):
        fake.seed_history(minutes=120)
        fake.step()
        samples = fake.series.samples("BTC", fake.started - timedelta(hours=3))
        thinned = drift_chart.thin(samples, 100)
        assert len(thinned) <= 101
        assert (thinned[0], thinned[-1]) == (samples[0], samples[-1])

    def test_no_history_says_so(self):
        assert drift_chart.delta("BTC", [], []).empty
        assert drift_chart.ratio("BTC", []).empty


class TestTables:
    def test_positions_in_desk_units(self, view):
        table = positions.positions(view)
        first, cells = (
            view.positions[0],
            dict(
                zip((c.id for c in positions.COLUMNS), positions.positions(view).rows[0].cells, strict=True)
            ),
        )
        assert len(table.rows) == len(view.positions)
        assert cells["gamma"].value == first.gamma_coin / 100
        assert cells["vega"].value == first.vega_usd / 100
        assert cells["theta"].value == first.theta_usd / 365

    @pytest.mark.parametrize(
        ("source", "text", "tone"),
        [
            (IvSource.MARK, "48.0", Tone.PLAIN),
            (IvSource.QUOTES, "48.0 quotes", Tone.NEAR),
            (IvSource.MARK_PRICE, "48.0 mark", Tone.NEAR),
        ],
    )
    def test_a_volatility_not_stated_says_what_implied_it(self, view, source, text, tone):
        each = replace(view.positions[0], iv=0.48, iv_source=source)
        row = positions.positions(replace(view, positions=(each,))).rows[0]
        cell = dict(zip((column.id for column in positions.COLUMNS), row.cells, strict=True))["iv"]
        assert (cell.text, cell.value, cell.tone) == (text, 0.48, tone)

    def test_orders_show_progress_and_an_unknown_one_stands_out(self, fake, view):
        order = _order(fake, view, OrderState.UNKNOWN)
        row = orders.table(replace(view, orders=(order,))).rows[0]
        cells = dict(zip((column.id for column in orders.COLUMNS), row.cells, strict=True))
        assert cells["progress"].value == float(order.filled / order.amount)
        assert cells["state"].tone is Tone.BREACH
        assert cells["average"].text == fmt.UNKNOWN

    def test_working_orders_come_first(self, fake, view):
        working = _order(fake, view, OrderState.PARTIAL)
        over = replace(
            working, client_id="later", state=OrderState.FILLED, created_at=working.created_at + timedelta(1)
        )
        rows = orders.table(replace(view, orders=(over, working))).rows
        assert [row.id for row in rows] == [working.client_id, "later"]

    def test_the_past_holds_only_what_is_over(self, view):
        ticket = view.tickets[0]
        found = tickets.past((ticket, replace(ticket, id="old", state=TicketState.REJECTED, note="too dear")))
        assert [row.id for row in found.rows] == ["old"]
        assert found.rows[0].cells[-1].text == "too dear"


class TestStrip:
    def test_counts(self, view):
        limits = tuple(replace(each, level=BreachLevel.HARD) for each in view.limits[:2])
        drawn = strip.strip(scene(replace(view, limits=limits)))
        assert (drawn.hard, drawn.soft) == (2, 0)
        assert drawn.waiting == len(view.tickets)
        assert drawn.mode == "paper"

    def test_halted_is_a_breach_with_its_reason(self, view):
        drawn = strip.strip(
            scene(replace(view, trading_state=TradingState.HALTED, halted_because="Tessa: why"))
        )
        assert drawn.state_tone is Tone.BREACH
        assert "Tessa: why" in drawn.state_note

    def test_auto_counts_down_only_while_it_is_on(self, view):
        until = view.at + timedelta(minutes=5)
        armed = replace(
            view, auto=AutoSetting(mode=AutoMode.ARMED, until=until, set_by="Tessa", set_at=view.at)
        )
        off = replace(view, auto=AutoSetting(until=until))
        assert strip.strip(scene(armed)).auto_until == round(until.timestamp() * 1000)
        assert strip.strip(scene(off)).auto_until is None

    @pytest.mark.parametrize(
        "change",
        [
            {"trading_state": TradingState.HALTED},
            {"resume_asked_by": "Rafael"},
            {"auto": AutoSetting(mode=AutoMode.SHADOW)},
            {"tickets": ()},
            {"auto_refusals": ("new",)},
        ],
    )
    def test_the_mark_changes_when_a_button_must(self, view, change):
        assert strip.mark(replace(view, **change)) != strip.mark(view)

    def test_terms_that_wait_or_take_effect_change_the_mark_and_are_counted(self, view):
        newer = replace(view.terms, number=2, author="Tessa", approver="Rafael")
        waiting, taken = replace(view, proposals=(newer,)), replace(view, terms=newer)
        assert len({strip.mark(each) for each in (view, waiting, taken)}) == 3
        drawn = strip.strip(scene(waiting))
        assert (drawn.terms, drawn.proposals) == (1, 1)
        assert "version 2 by Tessa waits" in drawn.terms_note

    def test_the_mark_stays_while_only_figures_move(self, fake, view):
        assert strip.mark(replace(fake.step(), tickets=view.tickets)) == strip.mark(view)


def test_card_carries_no_markup_from_outside(view):
    ticket = replace(
        view.tickets[0], id=HOSTILE, sentence=HOSTILE, reason=HOSTILE, proposed_by=HOSTILE, underlying=HOSTILE
    )
    leg = replace(ticket.legs[0], instrument=HOSTILE, account=HOSTILE, amount_unit=HOSTILE)
    html = tickets.card(replace(ticket, legs=(leg,)))
    assert "<img" not in html
    assert "onerror=alert(1)>" not in html


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_what_is_not_a_number_is_never_written_as_one(value):
    assert {fmt.signed(value, 2), fmt.compact_usd(value), fmt.plain(value, 1)} == {fmt.UNKNOWN}


@pytest.mark.parametrize("hostile", [HOSTILE, "[a](http://b)", "`x`", "**b**", ":material/home:", "a\nb"])
def test_a_label_keeps_no_markdown(hostile):
    escaped = fmt.escape_markdown(hostile)
    for special in "[]()!`*:":
        assert f"\\{special}" in escaped or special not in hostile
    assert "\n" not in escaped


def test_both_themes_have_every_colour_and_unknown_ones_are_refused():
    assert all(getattr(palette, name) for palette in (DARK, LIGHT) for name in Palette.__slots__)
    with pytest.raises(KeyError):
        token("nothing")
