"""The app as a user starts it, and headless Chromium in front of it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from installed import chromium
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, sync_playwright
from running import Exchange, child, ended, ready

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"


@dataclass
class Window:
    """A page with everything that went wrong in it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def wait(self, what: str, found: Callable[[], object], seconds: float = 20.0) -> object:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = found()
            if value:
                return value
            self.page.wait_for_timeout(100)
        ARTIFACTS.mkdir(exist_ok=True)
        picture = ARTIFACTS / f"failed-{re.sub('[^a-z0-9]+', '-', what.lower())}.png"
        self.page.screenshot(path=picture)
        raise AssertionError(f"not within {seconds} s: {what}; see {picture}")

    def number(self, name: str) -> float | None:
        """Raw number behind the figure ``name``, None while it is unknown."""
        node = self.page.locator(f'[data-testid="{name}"]').first
        value = node.get_attribute("data-value") if node.count() else None
        return float(value) if value not in (None, "", "null", "None") else None

    def text(self, name: str) -> str:
        return next(iter(self.page.locator(f'[data-testid="{name}"]').all_inner_texts()), "")

    def go(self, name: str) -> None:
        self.page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
        self.page.wait_for_url(re.compile(name.lower()) if name != "Exposure" else re.compile(":[0-9]+/"))

    def become(self, name: str) -> None:
        self.page.locator('.st-key-desk-who [role="combobox"]').click()
        self.page.get_by_role("option", name=name).click()

    def shot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@dataclass
class App:
    """A running app: its address and its process."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(**environment: str) -> Iterator[App]:
    """The app on a free port; nothing has looked at it before the test does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ("streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true")
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    try:
        yield App(url, process)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}


# Module scope: Playwright's loop runs as long as it is open, and asyncio tests of other modules need theirs.
@pytest.fixture(scope="module")
def playwright_here() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright_here: Playwright) -> Iterator[Browser]:
    started = playwright_here.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture(scope="module")
def app(browser: Browser) -> Iterator[App]:
    """The app as a newcomer starts it, with its demo."""
    with serving() as running:
        yield running


@pytest.fixture
def open_window(app: App, browser: Browser) -> Iterator[Callable[..., Window]]:
    """Opens windows on the demo, each a person of its own."""
    with windows(app, browser) as opening:
        yield opening


@pytest.fixture
def book_of_our_own(tmp_path: Path, browser: Browser) -> Iterator[tuple[Exchange, Callable[..., Window]]]:
    """A paper exchange whose key the test holds, an engine on it, and the app attached to that engine."""
    market = child("paper", "--port", "0", "--seed", "7", "--until-stdin-closes")
    exchange = Exchange(ready(market), tmp_path)
    engine = exchange.engine()
    ready(engine)
    with serving(HEDGING_STATE=str(tmp_path / "state")) as app, windows(app, browser) as opening:
        yield exchange, opening
    ended(engine)
    ended(market)


@pytest.fixture
def stoppable(
    tmp_path: Path, browser: Browser
) -> Iterator[tuple[subprocess.Popen[str], Callable[..., Window]]]:
    """An engine that the test may stop in its tracks (SIGSTOP), and the app attached to it."""
    market = child("paper", "--port", "0", "--seed", "7", "--until-stdin-closes")
    exchange = Exchange(ready(market), tmp_path)
    engine = exchange.engine()
    ready(engine)
    with serving(HEDGING_STATE=str(tmp_path / "state")) as app, windows(app, browser) as opening:
        yield engine, opening
    engine.send_signal(signal.SIGCONT)
    ended(engine)
    ended(market)


@contextmanager
def windows(app: App, browser: Browser) -> Iterator[Callable[..., Window]]:
    """Opens windows; at the end none may have shown an error or asked outside."""
    opened: list[Window] = []

    def opening(path: str = "/", scheme: str = "dark") -> Window:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
        context.add_init_script(f"localStorage.setItem('desk-theme', '{scheme.title()}')")
        window = Window(context.new_page())

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                window.errors.append(message.text)

        def asked(request: Request) -> None:
            if not request.url.startswith((app.url, "data:", "blob:", app.url.replace("http", "ws"))):
                window.outside.append(request.url)

        window.page.on("console", heard)
        window.page.on("pageerror", lambda error: window.errors.append(str(error)))
        window.page.on("request", asked)
        window.page.goto(f"{app.url}{path}")
        opened.append(window)
        return window

    yield opening
    for window in opened:
        window.page.context.close()
        assert window.outside == []
        assert window.errors == []
