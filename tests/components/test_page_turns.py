"""Requests of a page that was left: what the server hears, frame by frame."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from components.page_turns import PageTurn, PageTurns


def rerun(page, fragment="", *, name="", auto=False, pressed=""):
    message = BackMsg()
    message.rerun_script.page_script_hash = page
    message.rerun_script.page_name = name
    message.rerun_script.fragment_id = fragment
    message.rerun_script.is_auto_rerun = auto
    if pressed:
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = pressed, True
    return message.SerializeToString()


def heard(turn, frame):
    message = BackMsg()
    message.ParseFromString(turn.ask(frame))
    return message.rerun_script


def session(page, *fragments):
    message = ForwardMsg()
    message.new_session.page_script_hash = page
    message.metadata.run.script_run_id = "run"
    message.metadata.run.fragment_ids.extend(fragments)
    return message.SerializeToString()


def navigation(page):
    message = ForwardMsg()
    message.navigation.page_script_hash = page
    return message.SerializeToString()


@pytest.fixture
def turn():
    """A browser on the page demo, which it found by its path."""
    turn = PageTurn()
    turn.ask(rerun("", name="demo"))
    turn.answer(session("main"))
    turn.answer(navigation("demo"))
    return turn


def test_what_belongs_to_the_page_is_heard_as_it_is(turn):
    for frame in (rerun("demo", "halted"), rerun("demo"), rerun("demo", "halted", auto=True)):
        assert turn.ask(frame) is frame


def test_a_fragment_of_the_page_before_becomes_a_run_of_the_page_asked_for(turn):
    turn.ask(rerun("tickets"))
    said = heard(turn, rerun("demo", "halted", auto=True, pressed="shell-resume"))
    assert (said.page_script_hash, said.fragment_id, said.is_auto_rerun) == ("tickets", "", False)
    assert [(each.id, each.trigger_value) for each in said.widget_states.widgets] == [("shell-resume", True)]
    own = rerun("tickets", "halted")
    assert turn.ask(own) is own


def test_the_last_of_several_pages_counts(turn):
    turn.ask(rerun("tickets"))
    turn.answer(session("tickets"))
    turn.ask(rerun("ledger"))
    turn.answer(navigation("tickets"))
    assert heard(turn, rerun("tickets", "halted")).page_script_hash == "ledger"
    assert heard(turn, rerun("demo", "halted")).page_script_hash == "ledger"


def test_a_page_that_is_gone_leaves_the_one_that_was_drawn_instead(turn):
    turn.ask(rerun("gone"))
    turn.answer(session("gone"))
    turn.answer(navigation("exposure"))
    frame = rerun("exposure", "halted")
    assert turn.ask(frame) is frame


def test_a_fragments_own_session_says_nothing_about_the_page(turn):
    turn.ask(rerun("tickets"))
    turn.answer(session("tickets", "halted"))
    turn.answer(navigation("demo"))
    assert heard(turn, rerun("demo", "halted")).page_script_hash == "tickets"


@pytest.mark.parametrize("frame", [b"\xff\xff\xff", BackMsg(stop_script=True).SerializeToString()])
def test_anything_else_passes(turn, frame):
    assert turn.ask(frame) is frame
    turn.answer(b"\xff\xff\xff")


@pytest.mark.parametrize(("path", "page"), [("/_stcore/stream", "tickets"), ("/live", "demo")])
async def test_only_streamlits_own_socket_is_listened_to(path, page):
    frames = [rerun("tickets"), rerun("demo", "halted")]
    pressed = ({"type": "websocket.receive", "bytes": frame} for frame in frames)
    arriving = iter([{"type": "websocket.connect"}, *pressed])
    sent, got = [], []

    async def receive():
        return next(arriving)

    async def send(message):
        sent.append(message)

    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": session("tickets")})
        got.extend([(await receive())["bytes"], (await receive())["bytes"]])

    await PageTurns(app)({"type": "websocket", "path": path}, receive, send)
    message = BackMsg()
    message.ParseFromString(got[1])
    assert got[0] == frames[0]
    assert message.rerun_script.page_script_hash == page
    assert [each["type"] for each in sent] == ["websocket.accept", "websocket.send"]
