"""The newcomer's path in a real browser: see the drift, approve, reject, automatic, halt."""

import http.client
import json
import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def waiting_ticket(window, underlying):
    cards = window.page.locator("[data-ticket]")
    for index in range(cards.count()):
        name = cards.nth(index).get_attribute("data-ticket")
        if name and name.endswith(underlying):
            return name
    return None


def settled_ticket(window):
    """The waiting ticket once the market has left it alone for a second: a shock replaces it at first."""
    seen = {}

    def same():
        name = waiting_ticket(window, "BTC")
        seen[name] = seen.get(name, 0) + 1
        return name if name and seen[name] > 10 else None

    return window.wait("a BTC ticket that stays", same, 30)


def press(window, key):
    window.page.locator(f".st-key-{key.replace(' ', '-')} button").first.click()


def test_a_deep_link_on_a_fresh_server_stays_inside_the_frame(open_window):
    window = open_window("/drift")
    window.wait("the strip around the page", lambda: window.text("strip-mode") == "PAPER", 40)
    window.wait("the page itself", lambda: window.page.locator('[data-testid="board-drift"]').count())
    assert window.page.get_by_test_id("halt").is_visible()


def test_the_delta_on_screen_is_the_exchanges_own(open_window):
    window = open_window()
    delta = window.wait("the BTC delta", lambda: window.number("delta-BTC"), 40)
    assert delta > 5
    sentence = window.page.locator('[data-testid^="proof-account-"]')
    window.wait("the delta proof", lambda: sentence.count() and "agrees" in sentence.first.inner_text())
    window.shot("newcomer-exposure")
    sentence.first.click()
    rows = window.page.locator('[data-testid="table-proof"] tbody tr')
    window.wait("every road", lambda: rows.count() >= 3)
    proofs = [rows.nth(index).locator("td").all_inner_texts() for index in range(rows.count())]
    btc = [row for row in proofs if row[2:4] == ["BTC", "net transaction"]]
    assert all(row[8] == "agrees" for row in btc), proofs
    assert {row[3] for row in proofs} >= {"net transaction", "sum of Black"}
    exchange = sum(float(row[5].replace("−", "-").replace("+", "")) for row in btc)
    assert abs(exchange - window.number("delta-BTC")) < 0.5


def test_a_person_approves_and_the_delta_comes_home(open_window):
    window = open_window("/tickets")
    ticket = window.wait("a BTC ticket", lambda: waiting_ticket(window, "BTC"), 40)
    sentence = window.text(f"sentence-{ticket}")
    assert re.search(
        r"BTC delta is \+1\d\.\d, band ±5; sell \d+\.\d BTC of BTC-PERPETUAL at [\d,.]+ or better", sentence
    )
    window.shot("newcomer-ticket")
    press(window, f"tickets-approve-{ticket}")
    window.wait("the confirmation", lambda: window.text("confirming").startswith("Send exactly this"))
    press(window, f"tickets-confirm-{ticket}")
    window.wait("the engine's answer", lambda: "approved; sending" in window.text("answer"))
    orders = window.page.locator('[data-testid="table-orders"] tbody tr')
    window.wait("fills in parts", lambda: sum("filled" in text for text in orders.all_inner_texts()) >= 2, 30)
    past = window.page.locator('[data-testid="table-past"] tbody tr')
    window.wait(
        "the ticket among the past",
        lambda: any(ticket in t and "done" in t for t in past.all_inner_texts()),
        30,
    )
    window.shot("newcomer-fills")
    window.go("Exposure")
    window.wait("BTC inside its band", lambda: abs(window.number("delta-BTC") or 99) < 5)


def test_a_person_rejects_with_a_reason(open_window):
    window = open_window("/demo")
    window.wait("the demo page", lambda: window.page.locator(".st-key-demo-trade button").count(), 40)
    window.page.locator(".st-key-demo-BTC-8-button, [class*='st-key-demo-BTC']").first.locator(
        "button"
    ).click()
    window.go("Tickets")
    ticket = settled_ticket(window)
    press(window, f"tickets-reject-{ticket}")
    window.wait(
        "a refusal without a reason", lambda: "reason" in window.text("answer") + window.text("denied")
    )
    ticket = settled_ticket(window)
    reason = window.page.locator(f".st-key-tickets-reason-{ticket} input")
    reason.fill("not before the fixing")
    reason.press("Tab")
    window.page.wait_for_timeout(500)
    press(window, f"tickets-reject-{ticket}")
    window.wait("the rejection", lambda: f"{ticket} rejected" in window.page.inner_text("body"))
    window.go("Ledger")
    words = window.page.locator(".st-key-ledger-words input")
    window.wait("the ledger", words.count)
    words.fill("nobody ever wrote this")
    words.press("Enter")
    window.wait("an empty log", lambda: window.text("log-empty"))
    words.fill("not before the fixing")
    words.press("Enter")
    window.wait("the reason in the ledger", lambda: not window.text("log-empty"))
    press(window, "ledger-verify")
    window.wait("a chain that holds", lambda: "record" in window.text("chain"))


def test_shadow_then_armed_then_halt(open_window):
    window = open_window("/tickets")
    window.wait("the panel", lambda: window.text("auto-mode"), 40)
    window.page.get_by_role("button", name=re.compile("shadow", re.I)).first.click()
    window.wait("shadow", lambda: "shadow" in window.text("strip-auto").lower())
    window.page.get_by_role("button", name=re.compile("^arm", re.I)).first.click()
    window.wait("armed", lambda: "armed" in window.text("strip-auto").lower())
    window.go("Demo")
    window.page.locator("[class*='st-key-demo-BTC']").first.locator("button").click()
    window.wait("BTC outside its band", lambda: abs(window.number("delta-BTC") or 0) > 5)
    # A rejection of a minute ago still holds where the delta did not get worse since.
    window.wait("hedged by itself", lambda: abs(window.number("delta-BTC") or 99) < 5, 100)
    window.shot("newcomer-automatic")
    window.page.get_by_test_id("halt").click()
    window.wait("halted", lambda: "halted" in window.text("strip-state").lower())
    window.page.locator("[class*='st-key-demo-BTC']").first.locator("button").click()
    window.go("Tickets")
    orders = window.page.locator('[data-testid="table-orders"] tbody tr')
    window.wait("the orders", orders.count)
    before = orders.all_inner_texts()
    window.page.wait_for_timeout(3000)
    assert waiting_ticket(window, "BTC") is None
    assert orders.all_inner_texts() == before
    window.shot("newcomer-halted")


def test_zoom_survives_and_nothing_is_mounted_again(open_window):
    window = open_window("/drift")
    plot = window.page.locator(".js-plotly-plot").first
    window.wait("a drawn chart", lambda: plot.count() and plot.locator(".scatterlayer .trace").count(), 40)
    mounts = window.page.locator('[data-testid="board-drift"]').get_attribute("data-mounts")
    box = plot.locator(".nsewdrag").first.bounding_box()
    window.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    window.page.mouse.down()
    window.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.3, steps=5)
    window.page.mouse.up()

    def shown():
        return plot.evaluate("node => node._fullLayout.xaxis.range.map(String)")

    window.page.wait_for_timeout(300)
    zoomed = shown()
    window.page.wait_for_timeout(3000)
    assert shown() == zoomed
    assert window.page.locator('[data-testid="board-drift"]').get_attribute("data-mounts") == mounts


@pytest.mark.parametrize("name", ["Exposure", "Drift", "Tickets", "Limits", "Ledger", "Demo"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_page_draws_in_both_themes(open_window, name, scheme):
    window = open_window(f"/{name.lower()}" if name != "Exposure" else "/", scheme)
    window.wait("the strip", lambda: window.text("strip-mode") == "PAPER", 40)
    window.page.wait_for_timeout(2500)
    window.shot(f"{name.lower()}-{scheme}")
    assert "Traceback" not in window.page.inner_text("body")


def test_the_halt_route_refuses_a_stranger(app):
    host = app.url.removeprefix("http://")
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:1"}):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("POST", "/halt", json.dumps({"key": "x"}), headers)
        assert connection.getresponse().status in {401, 403}
        connection.close()
