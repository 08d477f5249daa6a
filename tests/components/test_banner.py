"""The banner of a halt and of reducing, the strip's words for them, and the automatic panel's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from components import automatic, strip
from components.banner import banner
from components.theme import Tone
from hedging.desk import Phase, Scene
from hedging.model.trading import AutoMode, AutoSetting, OrderState, ReducedBy, TradingState

HOSTILE = "<img src=http://evil.example/x>"


@pytest.fixture
def view(fake):
    return fake.step()


def reduced(view, **changes):
    given = {"trading_state": TradingState.REDUCING, "reduced_because": "Tessa: the fixing", **changes}
    return replace(view, **given)


def drawn(view):
    return strip.strip(Scene(phase=Phase.RUNNING, note="", view=view, samples={}, tickets=(), has_demo=False))


def test_no_banner_while_trading_is_active(view):
    assert banner(view) == ""


def test_what_a_person_reduced_takes_two_people(view):
    shown = banner(reduced(view, reduced_by=ReducedBy.PERSON))
    assert "only what shrinks delta and position is sent: Tessa: the fixing" in shown
    assert "two people bring trading back" in shown
    assert "by itself" not in shown


def test_what_the_market_caused_lifts_by_itself_and_says_when(view):
    at = view.at.replace(hour=12, minute=34, second=56)
    shown = banner(reduced(view, reduced_by=ReducedBy.MARKET, lifts_at=at))
    assert "lifts by itself" in shown
    assert "at 12:34:56 UTC if nothing more happens" in shown
    assert "two people" not in shown


def test_while_the_market_is_not_quiet_no_time_is_claimed(view):
    assert "UTC" not in banner(reduced(view, reduced_by=ReducedBy.MARKET))


def test_where_the_engine_does_not_say_who_caused_it_both_ways_are_named(view):
    shown = banner(reduced(view))
    assert "two people" in shown
    assert "lifts by itself" in shown


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_who_asked_to_resume_stands_in_place_of_the_way_back(view, state):
    shown = banner(replace(view, trading_state=state, resume_asked_by="Rafael (risk)"))
    assert "Rafael (risk) asks to resume" in shown


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_no_word_of_the_banner_is_markup(view, state):
    hostile = replace(
        view, trading_state=state, halted_because=HOSTILE, reduced_because=HOSTILE, resume_asked_by=HOSTILE
    )
    assert "<img" not in banner(hostile)


def test_the_strip_says_reducing_and_why(view):
    found = drawn(reduced(view))
    assert (found.state, found.state_tone) == ("reducing", Tone.NEAR)
    assert "the fixing" in found.state_note


def test_the_mark_changes_when_reducing_or_a_quarantine_begins(fake, view):
    ticket = next(ticket for ticket in view.tickets if ticket.underlying == "BTC")
    fake._send(ticket, "Tessa", view.at)
    order = fake.orders[f"{ticket.id}-0-0"]
    working = replace(view, orders=(order,))
    held = replace(view, orders=(replace(order, state=OrderState.QUARANTINED),))
    assert strip.mark(held) != strip.mark(working)
    assert strip.mark(reduced(view)) != strip.mark(view)
    assert strip.mark(reduced(view)) != strip.mark(reduced(view, reduced_because="another"))


def test_the_strip_counts_what_is_unknown_and_what_needs_a_person(fake, view):
    ticket = next(ticket for ticket in view.tickets if ticket.underlying == "BTC")
    fake._send(ticket, "Tessa", view.at)
    order = fake.orders[f"{ticket.id}-0-0"]
    states = (OrderState.UNKNOWN, OrderState.QUARANTINED, OrderState.QUARANTINED, OrderState.FILLED)
    found = drawn(replace(view, orders=tuple(replace(order, state=state) for state in states)))
    assert (found.unknown_orders, found.held_orders) == (1, 2)


def armed(view, **changes):
    auto = AutoSetting(
        mode=AutoMode.ARMED, set_by="Tessa", set_at=view.at, until=view.at + timedelta(minutes=5),
        max_orders=20, max_turnover_usd=3e6, orders_used=5, turnover_used_usd=750_000.0,
    )  # fmt: skip
    return replace(view, auto=replace(auto, **changes))


def test_used_caps_are_bars_with_their_units(view):
    shown = automatic.panel(armed(view))
    assert "5 of 20</b> orders used" in shown
    assert "750,000 of 3,000,000</b> USD turnover used" in shown
    assert shown.count('style="width:25.0%"') == 2


def test_shadow_time_seen_is_shown_of_what_arming_takes(view):
    auto = AutoSetting(shadow_seconds_seen=899.9)
    shown = automatic.panel(replace(view, auto=auto, shadow_seconds_needed=3600.0))
    assert "14 of 60 min</b> seen in shadow, arming takes the rest" in shown
    enough = automatic.panel(
        replace(view, auto=replace(auto, shadow_seconds_seen=4000.0), shadow_seconds_needed=3600.0)
    )
    assert "arming takes the rest" not in enough


def test_where_arming_takes_no_shadow_time_there_is_no_bar(view):
    shown = automatic.panel(replace(view, shadow_seconds_needed=0.0))
    assert "0 min seen in shadow; arming takes none" in shown
    assert "desk-bar-fill" not in shown


def test_shadow_time_needed_that_is_not_known_is_said(view):
    shown = automatic.panel(replace(view, shadow_seconds_needed=None))
    assert "how much arming takes is not known yet" in shown


def test_another_person_must_arm_after_a_repetition(view):
    tripped = AutoSetting(tripped_by_use=f"7 sells {HOSTILE}", tripped_armed_by=HOSTILE)
    shown = automatic.panel(replace(view, auto=tripped))
    assert "Another person than &lt;img" in shown
    assert "<img" not in shown
