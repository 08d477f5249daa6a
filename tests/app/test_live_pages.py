"""Pages in a browser on one view that stands still: the numbers of the panel, and hostile words as words."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from installed import chromium
from playwright.sync_api import expect, sync_playwright

from components.numeraires import COMPARED_SHARE, hedging_of
from hedging.model.gates import Reading
from hedging.model.snapshot import Gap, GapReason
from hedging.model.trading import Order, OrderState, TradingState
from hedging.model.view import ControlView
from hedging.risk.numeraires import side_by_side
from hedging.units import Side

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=http://evil.example/x onerror=alert(1)> ![x](http://evil.example/y)"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = FakeEngine(tmp_path_factory.mktemp("still"))
    made.seed_history(minutes=1)
    yield made
    made.ledger.close()
    made.series.close()


@pytest.fixture(scope="module")
def url(engine):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "HEDGING_STATE": str(engine.folder)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture
def page(url):
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        opened = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        opened.outside = []
        own = (url, url.replace("http", "ws"), "data:", "blob:")
        opened.on("request", lambda sent: sent.url.startswith(own) or opened.outside.append(sent.url))
        yield opened
        browser.close()


def test_the_numeraire_panel_shows_what_the_risk_layer_finds_in_the_same_view(engine, url, page):
    view = engine.step()
    each = view.underlyings[0]
    own = tuple(p for p in view.positions if p.instrument.underlying == each.underlying)
    wanted = side_by_side(each.exposure, own, hedging_of(view, each), COMPARED_SHARE)
    page.goto(url)
    table = page.get_by_test_id("table-numeraires")
    expect(table.locator("tbody tr")).to_have_count(4, timeout=20_000)
    for number, row in enumerate(wanted, start=1):
        cells = table.locator("tbody tr").nth(number).locator("td")
        shown = [float(cells.nth(at).get_attribute("data-value")) for at in range(1, 8)]
        assert shown == [
            row.delta, row.hedge_coin, float(row.hedge_amount), row.down_hedged.coin, row.down_hedged.usd,
            row.up_hedged.coin, row.up_hedged.usd,
        ]  # fmt: skip


def hostile(view):
    """The view with every word that comes from outside replaced by one that would like to be markup."""
    instruments = {
        p.instrument.name: replace(p.instrument, name=f"{HOSTILE} {n}") for n, p in enumerate(view.positions)
    }
    positions = tuple(
        replace(p, account=HOSTILE, instrument=instruments[p.instrument.name]) for p in view.positions
    )
    underlyings = tuple(
        replace(
            each,
            proofs=tuple(replace(p, account=HOSTILE, currency=HOSTILE, why=HOSTILE) for p in each.proofs),
            decision=replace(each.decision, reason=HOSTILE),
        )
        for each in view.underlyings
    )
    limits = tuple(
        replace(u, limit=replace(u.limit, scope=replace(u.limit.scope, name=HOSTILE)))
        if u.limit.underlying is None
        else u
        for u in view.limits
    )
    gap = Gap(what=HOSTILE, reason=GapReason.STALE, detail=HOSTILE, underlying="BTC")
    wider = tuple(u.limit for u in limits if u.limit.underlying is None)
    version = replace(
        view.terms,
        author=HOSTILE,
        approver=HOSTILE,
        reason=HOSTILE,
        terms=replace(view.terms.terms, wider=wider),
    )
    waits = replace(version, number=version.number + 1, based_on=version.number)
    reading = Reading(HOSTILE, HOSTILE, f"no {HOSTILE}", HOSTILE)
    controls = (ControlView(control=HOSTILE, sentence=HOSTILE, underlying=HOSTILE, readings=(reading,)),)
    held = Order(
        client_id=HOSTILE,
        ticket_id=HOSTILE,
        leg=0,
        clip=0,
        account=HOSTILE,
        venue=HOSTILE,
        instrument=HOSTILE,
        underlying=HOSTILE,
        side=Side.BUY,
        amount=Decimal(10),
        limit_price=Decimal(10),
        reduce_only=False,
        state=OrderState.QUARANTINED,
        created_at=view.at,
        fence_at=view.at,
        actor=HOSTILE,
        approver=HOSTILE,
        decision_price=Decimal(10),
        detail=HOSTILE,
    )
    return replace(
        view,
        positions=positions,
        underlyings=underlyings,
        limits=limits,
        gaps=(gap,),
        terms=version,
        proposals=(waits,),
        controls=controls,
        orders=(held,),
        trading_state=TradingState.REDUCING,
        reduced_because=HOSTILE,
        resume_asked_by=HOSTILE,
        auto=replace(view.auto, tripped_by_use=HOSTILE, tripped_armed_by=HOSTILE, ended_because=HOSTILE),
        auto_refusals=(HOSTILE,),
    )


@pytest.mark.parametrize("path", ["", "drift", "limits", "tickets"])
def test_hostile_words_stay_words(engine, url, page, path):
    view = hostile(engine.step())
    engine.sequence += 1
    engine.series.put_view(replace(view, sequence=engine.sequence))
    page.goto(f"{url}/{path}")
    expect(page.get_by_text("<img src=http://evil.example").first).to_be_attached(timeout=20_000)
    page.wait_for_timeout(1500)
    assert page.locator('img[src*="evil"]').count() == 0
    assert page.outside == []
