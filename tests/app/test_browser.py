"""A real browser against a real server and the fake engine: live, silent, restarted, attacked."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from installed import chromium
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        environment = {**os.environ, "HEDGING_STATE": str(self.folder)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.1)
        pytest.fail("the app did not come up")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    fake = ROOT / "tests" / "support" / "fake_engine.py"
    process = subprocess.Popen(
        [sys.executable, str(fake), str(folder), "0.3"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert "ready" in process.stdout.readline()
    process.folder = folder
    yield process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(5)
    process.stdout.close()


@pytest.fixture(scope="module")
def server(engine):
    made = Server(engine.folder)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.troubles = []
    opened.on("console", lambda said: said.type == "error" and opened.troubles.append(said.text))
    opened.on("pageerror", lambda error: opened.troubles.append(str(error)))
    opened.on("request", lambda sent: _note_outside(opened, sent.url, server.url))
    yield opened
    context.close()


def _note_outside(page, url, own):
    if not url.startswith((own, own.replace("http", "ws"), "blob:", "data:")):
        page.troubles.append(f"outside request: {url}")


def live(page):
    expect(page.get_by_test_id("delta-BTC")).to_have_attribute(
        "data-value", re.compile(r"\d"), timeout=20_000
    )


# The first test of this module meets a fresh server: nothing has run there yet.
def test_a_deep_link_on_a_fresh_server_goes_through_the_frame(page, server):
    page.goto(f"{server.url}/drift")
    expect(page.get_by_test_id("halt")).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("strip-mode")).to_have_text("PAPER")
    expect(page.get_by_test_id("board-drift")).to_be_visible()
    expect(page.get_by_test_id("plot-delta").locator("svg.main-svg").first).to_be_visible(timeout=20_000)
    assert page.troubles == []


def test_the_first_page_is_live_and_whole_at_1440_by_900(page, server):
    page.goto(server.url)
    live(page)
    for name in ("BTC", "ETH"):
        for figure in ("delta", "delta-usd", "ratio-wanted", "gamma", "vega", "theta", "proof"):
            expect(page.get_by_test_id(f"{figure}-{name}")).to_be_visible()
    first = page.get_by_test_id("delta-BTC").get_attribute("data-value")
    expect(page.get_by_test_id("delta-BTC")).not_to_have_attribute("data-value", first)
    assert page.evaluate("document.querySelector('.stMain').scrollHeight") <= 900
    assert page.troubles == []


def test_zoom_survives_ten_refreshes_and_nothing_is_mounted_again(page, server):
    page.goto(server.url)
    live(page)
    plot = page.get_by_test_id("plot-profile")
    expect(plot.locator("svg.main-svg").first).to_be_visible()
    mounted = page.get_by_test_id("board-exposure").get_attribute("data-mount")
    zoom = "plot => window.Plotly.relayout(plot, {'xaxis.range': [99000, 104000]})"
    plot.evaluate(zoom)
    page.evaluate("document.querySelector('[data-testid=plot-profile] svg').dataset.mine = 'yes'")
    draws = int(plot.get_attribute("data-draws"))
    page.wait_for_function(
        "least => Number(document.querySelector('[data-testid=plot-profile]').dataset.draws) >= least",
        arg=draws + 10,
    )
    seen = page.evaluate("document.querySelector('[data-testid=plot-profile]')._fullLayout.xaxis.range")
    assert seen == [99000, 104000]
    assert page.evaluate("document.querySelector('[data-testid=plot-profile] svg').dataset.mine") == "yes"
    assert page.get_by_test_id("board-exposure").get_attribute("data-mount") == mounted
    assert page.troubles == []


def test_a_silent_engine_greys_the_board_and_claims_nothing(page, server, engine):
    page.goto(server.url)
    live(page)
    engine.send_signal(signal.SIGSTOP)
    try:
        expect(page.get_by_test_id("strip-engine")).to_have_text(re.compile("silent since"), timeout=12_000)
        expect(page.get_by_test_id("strip-state")).to_have_text("unknown")
        expect(page.get_by_test_id("strip-breaches")).to_have_text(re.compile("unknown|BREACH"))
        expect(page.locator(".desk-tile .desk-age").first).to_be_visible()
        shade = "getComputedStyle(document.querySelector('.desk-tile')).filter"
        assert "grayscale(1)" in page.evaluate(shade)
        expect(page.get_by_text("inside the band")).to_have_count(0)
    finally:
        engine.send_signal(signal.SIGCONT)
    expect(page.get_by_test_id("strip-state")).to_have_text("ACTIVE", timeout=12_000)


def test_halt_is_one_press_and_resuming_takes_two_people(page, server):
    page.goto(f"{server.url}/tickets")
    expect(page.get_by_test_id("strip-state")).to_have_text("ACTIVE", timeout=20_000)
    page.keyboard.press("Shift+H")
    expect(page.get_by_test_id("halted")).to_be_visible()
    expect(page.get_by_test_id("strip-state")).to_have_text("HALTED")
    assert (server.folder / "KILL").exists()
    resume = page.locator(".st-key-shell-resume button")
    expect(resume).to_be_disabled()
    for name in ("Rafael", "Renate"):
        page.locator('.st-key-desk-who [role="combobox"]').click()
        page.get_by_role("option", name=name).click()
        expect(resume).to_be_enabled()
        resume.click()
        if name == "Rafael":
            expect(page.get_by_text("Rafael (risk) asks to resume")).to_be_visible()
    expect(page.get_by_test_id("strip-state")).to_have_text("ACTIVE")


def test_the_page_lives_again_after_the_app_restarts(page, server):
    page.goto(server.url)
    live(page)
    server.stop()
    expect(page.get_by_test_id("strip-engine")).to_have_text(re.compile("app not answering"), timeout=12_000)
    server.start()
    expect(page.get_by_test_id("strip-state")).to_have_text("ACTIVE", timeout=30_000)


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def status_of(server, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/live?ticket=guess", "/_stcore/stream"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
        {},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
    ids=["site", "port", "null", "none", "rebound"],
)
def test_no_foreign_socket_opens(server, path, headers):
    assert status_of(server, "GET", path, HANDSHAKE | headers) == 403
    assert status_of(server, "GET", path, HANDSHAKE | {"Origin": server.url}) == 101


def test_a_foreign_page_cannot_halt_and_a_guess_is_not_a_ticket(server):
    body = '{"ticket": "guess", "key": "k"}'
    assert status_of(server, "POST", "/halt", {}, body) == 403
    assert status_of(server, "POST", "/halt", {"Origin": "http://evil.example"}, body) == 403
    assert status_of(server, "POST", "/halt", {"Origin": server.url}, body) == 401
