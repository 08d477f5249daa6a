"""The launcher: an ASGI app with live routes, a guard, and a lifespan that finds or starts an engine."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from components import serving
from components.navigation import MENU, Entry
from components.page_turns import PageTurns
from hedging.live import LiveSocket
from hedging.web_guard import WebGuard
from pages import demo, drift, exposure, ledger, limits, scenarios, tickets

ROOT = Path(__file__).resolve().parent

PAGES = (
    Entry(render=exposure.render, title="Exposure", path="exposure"),
    Entry(render=drift.render, title="Drift", path="drift"),
    Entry(render=tickets.render, title="Tickets", path="tickets"),
    Entry(render=scenarios.render, title="Scenarios", path="scenarios"),
    Entry(render=limits.render, title="Limits", path="limits"),
    Entry(render=ledger.render, title="Ledger", path="ledger"),
    Entry(render=demo.render, title="Demo", path="demo", paper_only=True),
)
MENU.set(PAGES)

app = st.App(
    ROOT / "components" / "shell.py",
    lifespan=serving.lifespan,
    routes=[
        WebSocketRoute("/live", LiveSocket(lambda: serving.PRODUCER).endpoint),
        Route("/halt", serving.halt, methods=["POST"]),
        Route("/board/{version}/{name}", serving.board_file),
        Route("/", serving.front),
        *(Route(f"/{page.path}", serving.front) for page in PAGES[1:]),
    ],
    middleware=[
        Middleware(WebGuard, hosts=serving.allowed_hosts(), policy=serving.policy()),
        Middleware(PageTurns),
    ],
)
