"""Routes of the launcher and the life of the demo child, without a browser."""

import asyncio
import json
import sys

import pytest
import streamlit as st
from starlette.requests import Request

from components import assets, child, serving
from hedging.desk import DOORWAY, KILL_FILE, Denied, Desk, Phase, Standing
from hedging.errors import SettingsError
from hedging.live import HALT_TICKETS, Holder
from hedging.model.trading import CommandKind


@pytest.fixture
def desk(fake, tmp_path):
    opened = Desk.open(tmp_path, has_demo=False)
    DOORWAY.set(Standing(phase=Phase.RUNNING, desk=opened))
    yield opened
    DOORWAY.set(Standing())
    opened.close()


def request(path="/halt", body=b"", headers=(), **path_params):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": list(headers),
        "path_params": path_params,
        "server": ("127.0.0.1", 8501),
        "scheme": "http",
    }
    return Request(scope, receive)


def ask(ticket, key="k1"):
    return request(body=json.dumps({"ticket": ticket, "key": key, "why": "pressed Halt"}).encode())


class TestHalt:
    async def test_with_a_ticket_sets_both_latches_once_per_key(self, fake, desk, tmp_path):
        ticket = HALT_TICKETS.issue(Holder("Vera", "viewer"))
        for _ in range(3):
            answer = await serving.halt(ask(ticket))
            assert answer.status_code == 200
            assert json.loads(answer.body)["latches"] == ["file", "ledger"]
        assert len(fake.ledger.commands()) == 1
        assert json.loads((tmp_path / KILL_FILE).read_text())["user"] == "Vera"

    @pytest.mark.parametrize(
        ("body", "status"),
        [(b"", 400), (b"[]", 400), (b'{"ticket":"guess","key":"k"}', 401), (b'{"key":"k"}', 400)],
    )
    async def test_without_a_ticket_nothing_happens(self, fake, desk, tmp_path, body, status):
        answer = await serving.halt(request(body=body))
        assert answer.status_code == status
        assert json.loads(answer.body)["refused"]
        assert fake.ledger.commands() == ()
        assert not (tmp_path / KILL_FILE).exists()

    @pytest.mark.parametrize("kind", [CommandKind.REDUCE, CommandKind.AUTO_OFF])
    async def test_a_milder_stop_is_anybodys_command_and_no_latch(self, kind, fake, desk, tmp_path):
        ticket = HALT_TICKETS.issue(Holder("Vera", "viewer"))
        for _ in range(3):
            body = {"ticket": ticket, "key": "k1", "why": "the fixing", "what": kind.value}
            answer = await serving.halt(request(body=json.dumps(body).encode()))
            assert (answer.status_code, json.loads(answer.body)["latches"]) == (200, ["ledger"])
        found = [(each.kind, each.user, each.reason) for each in fake.ledger.commands()]
        assert found == [(kind, "Vera", "the fixing")]
        assert not (tmp_path / KILL_FILE).exists()

    @pytest.mark.parametrize("what", ["resume", "approve", "", "auto arm"])
    async def test_by_this_road_one_can_only_stop(self, what, fake, desk):
        ticket = HALT_TICKETS.issue(Holder("Rafael", "risk"))
        body = {"ticket": ticket, "key": "k1", "what": what}
        assert (await serving.halt(request(body=json.dumps(body).encode()))).status_code == 400
        assert fake.ledger.commands() == ()

    async def test_a_ledger_that_takes_no_milder_stop_is_said(self, fake, desk, monkeypatch):
        monkeypatch.setattr(desk, "act", lambda *_: Denied("the disk is full"))
        body = {"ticket": HALT_TICKETS.issue(Holder("Tessa", "trader")), "key": "k", "what": "reduce"}
        answer = await serving.halt(request(body=json.dumps(body).encode()))
        assert (answer.status_code, json.loads(answer.body)) == (503, {"refused": "the disk is full"})

    async def test_before_there_is_an_engine_it_says_so(self):
        DOORWAY.set(Standing())
        answer = await serving.halt(ask(HALT_TICKETS.issue(Holder("Tessa", "trader"))))
        assert answer.status_code == 409


class TestBoardFiles:
    async def test_served_gzipped_and_for_ever_under_their_hash(self):
        version = assets.base().removeprefix("/board/")
        zipped = [(b"accept-encoding", b"gzip, br")]
        answer = await serving.board_file(request(headers=zipped, version=version, name="plotly.js"))
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        assert len(answer.body) < 600_000
        plain = await serving.board_file(request(version=version, name="board.js"))
        assert "content-encoding" not in plain.headers

    @pytest.mark.parametrize("name", ["../board.py", "absent.js", "style.css/", ""])
    async def test_nothing_else_is_served(self, name):
        version = assets.base().removeprefix("/board/")
        assert (await serving.board_file(request(version=version, name=name))).status_code == 404

    async def test_an_old_version_is_gone(self):
        assert (await serving.board_file(request(version="0" * 16, name="board.js"))).status_code == 404


def test_front_page_loads_our_script_before_streamlits():
    page = serving.front_page("/")
    assert page.index("first.js") < page.index('type="module"')
    assert "plotly.js" in page
    assert "plotly.js" not in serving.front_page("/ledger")


def test_only_loopback_is_served(monkeypatch):
    serving.refuse_open_address()
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0")
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1"):
        serving.refuse_open_address()


SPEAKS = """
import json, sys
print("noise", flush=True)
print(json.dumps({"event": "ready", "state": sys.argv[1], "mode": "paper",
                  "control": {"url": "http://127.0.0.1:1/control", "token": "t"}}), flush=True)
sys.stdin.read()
open(sys.argv[1] + "/ended", "w").close()
"""


async def until(condition):
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came true")


class TestChild:
    async def test_attaches_on_its_line_and_ends_it_with_its_input(self, fake, tmp_path, monkeypatch):
        monkeypatch.setattr(child, "COMMAND", (sys.executable, "-c", SPEAKS, str(tmp_path)))
        keeping = asyncio.create_task(child.keep_demo())
        await until(lambda: DOORWAY.standing.phase is Phase.RUNNING)
        assert DOORWAY.standing.control_url == "http://127.0.0.1:1/control"
        assert DOORWAY.standing.desk.has_demo
        DOORWAY.standing.desk.close()
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
        assert (tmp_path / "ended").exists()
        DOORWAY.set(Standing())

    async def test_a_child_that_dies_is_said_with_its_last_words(self, monkeypatch, capsys):
        words = "import sys; sys.stderr.write('port taken\\n'); sys.exit(3)"
        monkeypatch.setattr(child, "COMMAND", (sys.executable, "-c", words))
        await child.keep_demo()
        assert DOORWAY.standing.phase is Phase.FAILED
        assert "code 3" in DOORWAY.standing.note
        assert "port taken" in DOORWAY.standing.note
        DOORWAY.set(Standing())

    async def test_attaching_waits_for_the_folder(self, fake, tmp_path):
        await serving.attach(tmp_path)
        assert DOORWAY.standing.phase is Phase.RUNNING
        assert not DOORWAY.standing.desk.has_demo
        DOORWAY.standing.desk.close()
        DOORWAY.set(Standing())
