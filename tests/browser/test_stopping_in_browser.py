"""Reducing in a real browser with the real engine: asked by one press, seen by all, ended by two people."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def press(window, key):
    window.page.locator(f".st-key-{key} button").first.click()


def resume(window, name):
    window.become(name)
    button = window.page.locator(".st-key-shell-resume button")
    window.wait(f"{name} may resume", lambda: button.count() and button.is_enabled())
    button.click()


def test_only_reduce_from_the_strip_reaches_the_engine_and_two_people_end_it(open_window):
    window = open_window("/limits")
    window.wait("trading", lambda: window.text("strip-state") == "ACTIVE", 60)
    state = window.page.locator('[data-testid^="check-C2-"]')
    window.wait("the engine's checks", lambda: state.count() and "active" in state.inner_text())
    window.page.get_by_test_id("stops-key").click()
    window.page.get_by_test_id("stop-why").fill("before the <b>fixing</b>")
    window.page.get_by_test_id("stop-reduce").click()
    window.wait("reducing on the strip", lambda: window.text("strip-state") == "REDUCING")
    window.wait("the banner", lambda: "Tessa: before the <b>fixing</b>" in window.text("reducing"))
    assert "two people bring trading back" in window.text("way-back")
    window.wait("the check that is not met", lambda: state.get_attribute("data-tone") == "breach")
    window.shot("reducing-limits")
    resume(window, "Rafael")
    window.wait("who asked", lambda: "Rafael (risk) asks to resume" in window.text("way-back"))
    resume(window, "Renate")
    window.wait("trading again", lambda: window.text("strip-state") == "ACTIVE")
    window.wait("no banner", lambda: not window.page.get_by_test_id("reducing").count())
    window.go("Ledger")
    words = window.page.locator(".st-key-ledger-words input")
    window.wait("the ledger", words.count)
    words.fill("fixing")
    words.press("Enter")
    log = window.page.locator('[data-testid="stDataFrame"]')
    window.wait("the reason in the ledger", lambda: log.count() and not window.text("log-empty"))


def test_automatic_off_from_the_strip_ends_shadow(open_window):
    window = open_window("/tickets")
    window.wait("the panel", lambda: window.text("auto-mode"), 60)
    window.page.get_by_role("button", name=re.compile("^shadow", re.IGNORECASE)).first.click()
    window.wait("shadow", lambda: "shadow" in window.text("strip-auto"))
    window.page.get_by_test_id("stops-key").click()
    window.page.keyboard.press("Escape")
    assert window.page.get_by_test_id("stops").is_hidden()
    window.page.get_by_test_id("stops-key").click()
    window.page.get_by_test_id("stop-auto").click()
    window.wait("off", lambda: window.text("strip-auto") == "off")
    assert window.text("strip-state") == "ACTIVE"
    assert window.page.get_by_test_id("stops").is_hidden()
    window.wait("who did it", lambda: "switched off by Tessa" in window.page.inner_text(".desk-auto"))


def test_a_fault_is_found_switched_for_a_time_and_all_go_off_at_once(open_window):
    window = open_window()
    window.wait("the demo", lambda: window.text("strip-mode") == "PAPER", 60)
    window.go("Demo")
    window.wait("the faults", lambda: window.text("faults-on") == "none is on", 60)
    words = window.page.locator(".st-key-demo-fault-filter input")
    words.fill("delayed")
    words.press("Enter")
    switch = window.page.locator(".st-key-demo-switch-delayed_messages button")
    window.wait(
        "only what has the word", lambda: not window.page.locator(".st-key-demo-switch-venue_down").count()
    )
    switch.click()
    line = window.page.get_by_test_id("fault-on-delayed_messages")
    window.wait("it on top with its time", lambda: line.count() and "expires in 0:" in line.inner_text())
    window.shot("demo-faults")
    press(window, "demo-clear")
    window.wait("all off", lambda: window.text("faults-on") == "none is on")
