"""Terms in a real browser: a trader proposes and cannot approve, risk does, the engine takes it."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def fill(window, key, text):
    field = window.page.locator(f".st-key-{key} input").first
    field.fill(text)
    field.press("Tab")
    window.page.wait_for_timeout(500)


def words(window, name):
    return window.page.locator(f'[data-testid="{name}"]').all_inner_texts()


def test_two_people_narrow_the_band(open_window):
    trader = open_window("/limits")
    trader.wait("the form", lambda: trader.page.locator(".st-key-terms-BTC-1-lower input").count(), 40)
    trader.wait("the band in force", lambda: "−5 … +5 BTC" in " ".join(words(trader, "table-terms")))
    fill(trader, "terms-BTC-1-lower", "-3")
    fill(trader, "terms-BTC-1-upper", "3")
    trader.wait("the change in words", lambda: "−5 … +5 BTC → −3 … +3 BTC" in trader.text("terms-changes"))
    assert "outside the band −3 … 3" in trader.text("at-once")
    fill(trader, "terms-why", "the desk wants to be closer to flat")
    trader.page.locator(".st-key-terms-propose button").click()
    trader.wait("the waiting card", lambda: trader.page.locator('[data-testid="proposal-2"]').count())
    assert "You proposed this" in trader.text("cannot-approve")
    assert trader.page.locator(".st-key-terms-approve-2 button").is_disabled()
    trader.wait("the strip says so", lambda: "1 waiting" in trader.text("strip-terms"))
    trader.wait("the engine's answer", lambda: "version 2 is proposed" in trader.text("answer"))
    trader.wait("no second one", lambda: trader.page.locator(".st-key-terms-propose button").is_disabled())
    trader.shot("limits-waiting")

    risk = open_window("/limits")
    risk.wait(
        "the card for a second person", lambda: risk.page.locator('[data-testid="proposal-2"]').count(), 40
    )
    risk.become("Rafael")
    approve = risk.page.locator(".st-key-terms-approve-2 button")
    risk.wait("a button that may be pressed", approve.is_enabled)
    approve.click()
    risk.wait("the confirmation", lambda: "exactly version 2" in risk.text("confirming-terms"))
    risk.page.locator(".st-key-terms-confirm-2 button").click()

    for window in (risk, trader):
        window.wait("version 2 in the strip", lambda window=window: window.text("strip-terms") == "v2")
        panel = window.page.locator('[data-testid="board-terms"]')
        window.wait(
            "both names beside the terms",
            lambda panel=panel: "version 2, proposed by Tessa, approved by Rafael" in panel.inner_text(),
        )
        assert "−3 … +3 BTC" in panel.inner_text()
    assert risk.number("band-BTC") is not None
    risk.wait(
        "both names in the history",
        lambda: any("Tessa" in row and "Rafael" in row for row in words(risk, "table-versions")),
    )
    risk.go("Exposure")
    risk.wait(
        "the band on the tile", lambda: "band −3 … +3" in risk.page.inner_text('[data-testid="tile-BTC"]')
    )
