"""What the launcher serves beside the pages: board files, the halt route, and the life of the process."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import msgspec
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components import assets, child, people, topics
from hedging import settings
from hedging.desk import DOORWAY, Denied, Desk, Person, Phase, Standing, Wish
from hedging.errors import HedgingError, LedgerError, SettingsError
from hedging.live import HALT_TICKETS, Producer
from hedging.model.trading import CommandKind, Role
from hedging.web_guard import content_policy, inline_hashes

STATE_VARIABLE = "HEDGING_STATE"
CONFIGURATION = child.ROOT / "hedging.toml"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
FOR_EVER = "public, max-age=31536000, immutable"
MOST_HALT_BYTES = 4096
MOST_REASON = 200  # characters
TABLE_LIBRARIES = ("pyarrow", "pandas", "streamlit.elements.arrow")
CHARTLESS = frozenset({"/ledger"})

PRODUCER = Producer(DOORWAY.mark, lambda: topics.topics(DOORWAY.scene()))


def allowed_hosts() -> tuple[str, ...]:
    """Names this server answers to: loopback, or what ``server.allowedHosts`` says beside it."""
    return tuple({*LOOPBACK, "[::1]", *(st.get_option("server.allowedHosts") or ())} - {"::1", "*"})


def policy() -> str:
    """Content security policy that fits the installed frontend's own page."""
    return content_policy(inline_hashes(_installed_page()))


def _installed_page() -> str:
    return files("streamlit").joinpath("static/index.html").read_text(encoding="utf-8")


@cache
def front_page(path: str) -> str:
    """The installed frontend's page with our first script in its head and what ``path`` draws preloaded."""
    base = assets.base()
    chart = "" if path in CHARTLESS else f'<link rel="preload" as="script" href="{base}/plotly.js">'
    head = (
        f'<script src="{base}/first.js"></script>'
        f'<link rel="stylesheet" href="{base}/style.css">'
        f'<link rel="modulepreload" href="{base}/board.js">'
        f"{chart}"
    )
    return _installed_page().replace("<title>Streamlit</title>", f"{head}<title>Hedge monitor</title>")


async def front(request: Request) -> Response:
    """The page that loads the app, at the address of each of its pages."""
    return Response(
        front_page(request.url.path), media_type="text/html", headers={"cache-control": "no-cache"}
    )


def refuse_open_address() -> None:
    """Refuse any address but loopback: nobody logs in here. Raises SettingsError."""
    address = st.get_option("server.address")
    if address not in LOOPBACK:
        raise SettingsError(
            f"server.address is {address!r}: without a login this app serves 127.0.0.1 alone; set it back"
        )


async def board_file(request: Request) -> Response:
    """One file of the board, gzipped where the browser takes it, cached for ever under its hash."""
    asset = assets.assets().get(request.path_params["name"])
    if asset is None or f"/board/{request.path_params['version']}" != assets.base():
        return Response("no such file", status_code=404)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"cache-control": FOR_EVER, "vary": "accept-encoding"}
    if zipped:
        headers["content-encoding"] = "gzip"
    return Response(asset.zipped if zipped else asset.body, media_type=asset.media_type, headers=headers)


class Stop(StrEnum):
    """The three ways to stop by one press."""

    HALT = "halt"
    REDUCE = "reduce"
    AUTO_OFF = "auto off"


class StopAsk(msgspec.Struct):
    """What the browser posts: its ticket, one key per press, why, and which way to stop."""

    ticket: str
    key: str
    why: str = ""
    what: Stop = Stop.HALT


async def halt(request: Request) -> Response:
    """Halt, or stop in a milder way, without waiting for any script; the guard checked host and origin."""
    body = await request.body()
    try:
        ask = msgspec.json.decode(body[:MOST_HALT_BYTES], type=StopAsk)
    except msgspec.DecodeError:
        return JSONResponse({"refused": "the request is not understood"}, status_code=400)
    holder = HALT_TICKETS.redeem(ask.ticket)
    if holder is None or not ask.key:
        return JSONResponse(
            {"refused": "this page is too old to halt: it is getting a new ticket"}, status_code=401
        )
    desk = DOORWAY.standing.desk
    if desk is None:
        return JSONResponse({"refused": "no engine runs yet: there is nothing to halt"}, status_code=409)
    person = Person(holder.name, Role(holder.role))
    if ask.what is not Stop.HALT:
        return await _milder(desk, person, ask)
    try:
        answer = await asyncio.to_thread(desk.halt, person, ask.why[:MOST_REASON], f"halt:{ask.key[:64]}")
    except HedgingError as error:
        return JSONResponse({"refused": str(error)}, status_code=503)
    latches = [name for name, taken in (("file", answer.by_file), ("ledger", answer.by_ledger)) if taken]
    return JSONResponse({"latches": latches, "detail": answer.detail})


async def _milder(desk: Desk, person: Person, ask: StopAsk) -> Response:
    """Append the command that stops less than a halt does; the engine answers it."""
    wish = Wish(kind=CommandKind(ask.what.value), reason=ask.why[:MOST_REASON])
    answer = await asyncio.to_thread(desk.act, person, wish, f"{wish.kind}:{ask.key[:64]}")
    if isinstance(answer, Denied):
        return JSONResponse({"refused": answer.reason}, status_code=503)
    return JSONResponse({"latches": ["ledger"], "detail": ""})


def address() -> str:
    """Where the browser finds the app."""
    return f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Attach to a running engine or start the demo, produce while serving, stop all of it at the end."""
    refuse_open_address()
    people.operator(os.environ.get(people.OPERATOR_VARIABLE, ""))
    print(f"Hedge monitor: {address()}", flush=True)
    assets.assets()
    finder = asyncio.create_task(find_engine(), name="find the engine")
    producing = asyncio.create_task(PRODUCER.run(), name="produce live figures")
    warming = asyncio.create_task(warm(), name="import what pages need")
    tasks = (finder, producing, warming)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        DOORWAY.set(Standing(note="stopped"))


async def warm() -> None:
    """Import what the first table would, while nobody waits, and keep it out of every collection."""
    for name in TABLE_LIBRARIES:
        await asyncio.to_thread(import_module, name)
    gc.collect()
    gc.freeze()


async def find_engine() -> None:
    """Set the doorway: the state folder that was named or configured, or a demo as long-lived as we are."""
    try:
        folder = await asyncio.to_thread(configured_state)
    except SettingsError as error:
        DOORWAY.set(Standing(phase=Phase.FAILED, note=str(error)))
        return
    if folder is None:
        await child.keep_demo()
    else:
        await attach(folder)


def configured_state() -> Path | None:
    """State folder of the engine to attach to: from the environment, else from hedging.toml, else None.

    Raises SettingsError when hedging.toml is there and cannot be used.
    """
    named = os.environ.get(STATE_VARIABLE, "")
    if named:
        return Path(named)
    if not CONFIGURATION.is_file():
        return None
    return CONFIGURATION.parent / settings.load(CONFIGURATION).state


async def attach(folder: Path) -> None:
    """Open a state folder; wait for it where it is not there yet."""
    while not await asyncio.to_thread(folder.is_dir):
        DOORWAY.set(Standing(note=f"waiting for the state folder {folder}"))
        await asyncio.sleep(1.0)
    try:
        desk = await asyncio.to_thread(Desk.open, folder, has_demo=False)
    except LedgerError as error:
        DOORWAY.set(Standing(phase=Phase.FAILED, note=f"the ledger cannot be opened: {error}"))
        return
    DOORWAY.set(Standing(phase=Phase.RUNNING, note="attached", desk=desk))
