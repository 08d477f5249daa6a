"""Scenarios and the exported book in front of a real browser and a real engine."""

import json
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]
PLOT = '[data-testid="plot-scenario"]'


def settled(window: Any) -> None:
    """Every widget's rerun is over."""
    window.page.wait_for_timeout(300)
    expect(window.page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=15_000)


def labels(window: Any) -> list[str]:
    """Numbers in the cells of the grid, bottom row first."""
    return window.page.locator(f"{PLOT} .scatterlayer .textpoint text").all_text_contents()


def titled(window: Any, words: str) -> object:
    return window.wait(
        words, lambda: words in window.page.locator(".desk-sheet-scenario .desk-title").inner_text()
    )


def test_a_trader_asks_what_if(open_window: Callable[..., Any]) -> None:
    window = open_window("/")
    window.wait("the live delta", lambda: window.number("delta-BTC") is not None, 60)
    window.page.keyboard.press("4")
    window.page.wait_for_url(re.compile("scenarios"))
    window.wait("the grid", lambda: len(labels(window)) == 9 * 17)
    assert labels(window)[4 * 17 + 8] == "0"
    assert window.number("worst-before") < 0
    assert "keep my coins" in window.text("scenario-numeraire")
    assert abs(window.number("live-delta") - window.number("live-delta-usd") / 103_000) < 2

    # The engine read a week of hours from the exchange at its start.
    window.wait("the tail", lambda: window.number("tail-historical-before-var-usd") is not None)
    assert (
        window.number("tail-historical-before-es-usd") >= window.number("tail-historical-before-var-usd") > 0
    )
    assert window.number("tail-delta-gamma-after-var-usd") is not None

    plot = window.page.locator(PLOT)
    plot.evaluate("node => { node.marked = true; }")
    drawn = int(plot.get_attribute("data-draws"))
    first = int(window.page.get_by_test_id("scenario-at").get_attribute("data-value"))
    window.wait(
        "a newer book",
        lambda: int(window.page.get_by_test_id("scenario-at").get_attribute("data-value")) > first,
    )
    window.wait("another drawing", lambda: int(plot.get_attribute("data-draws")) > drawn)
    assert plot.evaluate("node => node.marked") is True
    window.wait("its age", lambda: re.search(r", \d+ s ago", window.text("scenario-age")))

    window.page.locator(".st-key-scenario-show button", has_text="Delta").click()
    titled(window, "BTC delta, as it is")
    settled(window)
    window.page.locator(".st-key-scenario-underlying button", has_text="ETH").click()
    titled(window, "ETH delta, as it is")
    assert plot.evaluate("node => node.marked") is True


def test_a_position_is_changed_without_touching_the_live_book(open_window: Callable[..., Any]) -> None:
    window = open_window("/scenarios")
    window.wait("the grid", lambda: len(labels(window)) == 9 * 17, 60)
    settled(window)
    window.page.locator(".st-key-what-if-change button").first.click()
    amount = window.page.locator(".st-key-what-if-amount input")
    amount.fill("0")
    amount.press("Enter")
    settled(window)
    window.page.locator(".st-key-what-if-put button").click()
    window.wait("the changed book", lambda: window.number("what-if-delta") is not None)
    window.page.keyboard.press("Escape")
    assert window.number("what-if-delta") != window.number("live-delta")
    assert window.text("worst-before").startswith("With your changes, at worst: loses")
    window.page.locator(".st-key-what-if-reset button").click()
    window.wait("the live book", lambda: window.page.get_by_test_id("no-differences").count() == 1)
    assert window.number("what-if-delta") is None


def test_the_exported_book_gives_the_delta_of_the_screen_by_the_shown_command(
    stoppable, tmp_path: Path
) -> None:
    engine, opening = stoppable
    window = opening("/")
    window.wait(
        "both deltas", lambda: all(window.number(f"delta-{name}") is not None for name in ("BTC", "ETH")), 60
    )
    window.wait("the command", lambda: "--numeraire" in window.page.locator(".desk-export code").inner_text())
    engine.send_signal(signal.SIGSTOP)
    window.page.wait_for_timeout(1500)
    shown = {name: window.number(f"delta-{name}") for name in ("BTC", "ETH")}
    with window.page.expect_download() as started:
        window.page.locator(".st-key-export-book button").click()
    started.value.save_as(tmp_path / "book.zip")
    engine.send_signal(signal.SIGCONT)
    with zipfile.ZipFile(tmp_path / "book.zip") as packed:
        packed.extractall(tmp_path)
    command = shlex.split(window.page.locator(".desk-export code").inner_text())
    assert command[:3] == ["python", "-m", "hedging"]
    done = subprocess.run(
        [sys.executable, *command[1:], "--format", "json"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {row["underlying"]: row["delta_coin"] for row in json.loads(done.stdout)["exposures"]}
    assert found == pytest.approx(shown, rel=1e-9)
