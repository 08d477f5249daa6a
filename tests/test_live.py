"""The producer: encodes once, sends what changed, never queues; tickets open the socket once."""

import asyncio
import json

import pytest
from starlette.websockets import WebSocketDisconnect

from hedging import clock, live
from hedging.errors import LedgerError
from hedging.live import CLOSE_REFUSED, Holder, LiveSocket, Producer, Slot, TicketOffice, Use, frame

HOLDER = Holder("Tessa", "trader")


class Source:
    def __init__(self):
        self.mark = 1
        self.topics = {"strip": {"at": 1}, "tiles": {"delta": 2.0}}
        self.composed = 0
        self.broken = ""

    def changed(self):
        if self.broken:
            raise LedgerError(self.broken)
        return self.mark

    def compose(self):
        self.composed += 1
        return tuple(self.topics.items())


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def producer(source):
    return Producer(source.changed, source.compose)


def test_nothing_new_composes_nothing(source, producer):
    assert producer.produce() is True
    assert producer.produce() is False
    assert source.composed == 1


def test_only_topics_whose_bytes_changed_are_sent(source, producer):
    slot = Slot()
    slot.want(["strip", "tiles", "absent"])
    producer.produce()
    assert set(slot.take(producer.board)) == {"strip", "tiles"}
    source.mark, source.topics = 2, {"strip": {"at": 2}, "tiles": {"delta": 2.0}}
    producer.produce()
    assert slot.take(producer.board) == {"strip": b'{"at":2}'}
    assert slot.take(producer.board) == {}


def test_a_newcomer_gets_everything_it_wants_and_nothing_else(source, producer):
    producer.produce()
    slot = Slot()
    assert slot.take(producer.board) == {}
    slot.want(["tiles"])
    assert slot.take(producer.board) == {"tiles": b'{"delta":2.0}'}


def test_a_slow_viewer_skips_to_the_newest(source, producer):
    slot = Slot()
    slot.want(["strip"])
    for at in range(2, 50):
        source.mark, source.topics = at, {"strip": {"at": at}}
        producer.produce()
    assert slot.take(producer.board) == {"strip": b'{"at":49}'}
    assert slot.take(producer.board) == {}


def test_a_hidden_tab_gets_nothing_and_all_of_it_when_it_returns(source, producer):
    slot = Slot()
    slot.want(["strip"])
    producer.produce()
    slot.take(producer.board)
    slot.want([])
    source.mark, source.topics = 2, {"strip": {"at": 2}}
    producer.produce()
    assert slot.take(producer.board) == {}
    slot.want(["strip"])
    assert slot.take(producer.board) == {"strip": b'{"at":2}'}


def test_a_tab_that_returns_gets_a_full_frame_though_nothing_changed(producer):
    slot = Slot()
    slot.want(["strip"])
    producer.produce()
    slot.take(producer.board)
    slot.want([])
    slot.want(["strip"])
    assert slot.take(producer.board) == {"strip": b'{"at":1}'}


def test_a_viewer_cannot_want_without_bound():
    slot = Slot()
    slot.want(str(number) for number in range(10_000))
    assert len(slot.wants) == live.MOST_TOPICS


async def until(condition):
    for _ in range(5_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    pytest.fail("it never came true")


async def test_an_unreadable_ledger_is_waited_for(source, producer, monkeypatch):
    monkeypatch.setattr(live, "POLL_SECONDS", 0.001)
    source.broken = "database is locked"
    running = asyncio.create_task(producer.run())
    await until(lambda: producer.trouble)
    assert json.loads(frame({}, producer.trouble))["trouble"] == "database is locked"
    source.broken = ""
    await until(lambda: producer.board)
    assert producer.trouble == ""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_frame_is_json_with_the_servers_time():
    message = json.loads(frame({"a:b": b"[1,2]", "c": b"{}"}, ""))
    assert message["topics"] == {"a:b": [1, 2], "c": {}}
    assert abs(message["now"] - clock.now_ns() / 1e6) < 5_000


class TestTickets:
    def test_a_socket_ticket_opens_once(self):
        office = TicketOffice(Use.ONCE, 60)
        token = office.issue(HOLDER)
        assert office.redeem(token) == HOLDER
        assert office.redeem(token) is None

    def test_a_halt_ticket_may_be_used_again(self):
        office = TicketOffice(Use.MANY, 60)
        token = office.issue(HOLDER)
        assert office.redeem(token) == office.redeem(token) == HOLDER

    @pytest.mark.parametrize("use", list(Use))
    def test_an_old_ticket_is_worth_nothing(self, use):
        office = TicketOffice(use, -1)
        assert office.redeem(office.issue(HOLDER)) is None

    def test_a_guess_is_worth_nothing(self):
        assert TicketOffice(Use.ONCE, 60).redeem("") is None

    def test_the_office_never_grows_without_bound(self, monkeypatch):
        monkeypatch.setattr(live, "MOST_TICKETS", 3)
        office = TicketOffice(Use.MANY, 60)
        tokens = [office.issue(HOLDER) for _ in range(5)]
        assert [office.redeem(token) is None for token in tokens] == [True, True, False, False, False]


class FakeSocket:
    """A browser's end: what it says is queued, what it hears is kept."""

    def __init__(self, ticket=""):
        self.query_params = {"ticket": ticket}
        self.says = asyncio.Queue()
        self.hears = asyncio.Queue()
        self.closed = None

    async def accept(self):
        return None

    async def close(self, code=1000, reason=""):
        self.closed = code
        await self.says.put(WebSocketDisconnect(code))

    async def send_text(self, text):
        await self.hears.put(json.loads(text))

    async def receive_text(self):
        said = await self.says.get()
        if isinstance(said, Exception):
            raise said
        return said


class TestSocket:
    @pytest.fixture
    def office(self):
        return TicketOffice(Use.ONCE, 60)

    @pytest.fixture
    def route(self, producer, office):
        producer.produce()
        return LiveSocket(lambda: producer, office)

    async def test_no_ticket_no_figures(self, route, producer):
        socket = FakeSocket("guess")
        await route.endpoint(socket)
        assert socket.closed == CLOSE_REFUSED
        assert socket.hears.empty()
        assert producer.viewers == 0

    async def test_the_first_word_is_the_next_ticket_then_what_was_asked_for(self, route, office, producer):
        socket = FakeSocket(office.issue(HOLDER))
        serving = asyncio.create_task(route.endpoint(socket))
        following = (await socket.hears.get())["ticket"]
        await socket.says.put('{"want":["tiles"]}')
        news = {}
        while not news:
            news = (await socket.hears.get())["topics"]
        assert news == {"tiles": {"delta": 2.0}}
        assert producer.viewers == 1
        await socket.says.put(WebSocketDisconnect(1001))
        await serving
        assert producer.viewers == 0
        assert office.redeem(following) == HOLDER

    async def test_a_pulse_comes_though_nothing_changes(self, route, office, monkeypatch):
        monkeypatch.setattr(live, "PULSE_SECONDS", 0.01)
        socket = FakeSocket(office.issue(HOLDER))
        serving = asyncio.create_task(route.endpoint(socket))
        await socket.hears.get()
        pulses = [await socket.hears.get() for _ in range(3)]
        assert all(pulse["topics"] == {} for pulse in pulses)
        await socket.says.put(WebSocketDisconnect(1001))
        await serving

    async def test_nonsense_closes_the_socket(self, route, office, producer):
        socket = FakeSocket(office.issue(HOLDER))
        await socket.says.put("{]")
        await route.endpoint(socket)
        assert socket.closed == 1003
        assert producer.viewers == 0
