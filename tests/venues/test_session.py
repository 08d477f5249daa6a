import asyncio
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hedging.errors import SettingsError, UnsafeKeyError, VenueError, VenueRejected, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.snapshot import GapReason
from hedging.model.trading import Order, OrderState
from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.session import PAGE, AccountSession
from hedging.venues.wire import Pacing

POSITION = {"instrument_name": "BTC-PERPETUAL", "size": -50.0, "direction": "sell", "delta": -0.001}
FAILURES = ["BEFORE", "BODY", "HTML", "HTML_OK", "TRUNCATED", "SILENT", "EMPTY"]


class Clock:
    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def session(script: Any, kit: Any, perpetual: Instrument, clock: Clock) -> Iterator[AccountSession]:
    opened = AccountSession(kit.paper_address(script.address), clock, Pacing.UNPACED, timeout_seconds=0.6)
    opened.instruments = {perpetual.name: perpetual}
    yield opened
    opened.close()


def listed(name: str, base: str = "BTC", **changes: object) -> dict[str, object]:
    raw: dict[str, object] = {
        "instrument_name": name,
        "kind": "future",
        "base_currency": base,
        "counter_currency": "USD",
        "settlement_currency": base,
        "settlement_period": "perpetual",
        "contract_size": 10.0,
        "min_trade_amount": 10.0,
        "tick_size": 0.5,
        "expiration_timestamp": 32503708800000,
        "is_active": True,
    }
    return raw | changes


def markets(script: Any, *raws: dict[str, object]) -> None:
    script.answers["get_currencies"] = [{"currency": "BTC", "coin_type": "BTC"}]
    script.answers["get_instruments"] = list(raws)


def test_instruments_are_loaded_and_refusals_named(session: AccountSession, script: Any) -> None:
    month = {"settlement_period": "month", "expiration_timestamp": 1798185600000}
    markets(
        script,
        listed("BTC-PERPETUAL"),
        listed("ETH-PERPETUAL", "ETH"),
        listed("BTC-25DEC26", **month, min_trade_amount=0),
        listed("BTC-FS-25DEC26_PERP", kind="future_combo"),
    )
    loaded = session.load()
    assert set(loaded) == {"BTC-PERPETUAL", "ETH-PERPETUAL"} == set(session.instruments)
    assert loaded["BTC-PERPETUAL"].symbol == "BTC/USD:BTC"
    assert session.refused == {
        "BTC/USD:BTC-261225": "instrument of 'BTC-25DEC26': min_trade_amount is 0, expected a number above 0"
    }
    assert session.settlement_currencies == ("BTC", "ETH")


def test_a_base_without_instruments_is_a_failure(session: AccountSession, script: Any) -> None:
    without = listed("ETH-PERPETUAL", "ETH")
    del without["counter_currency"]  # dropped by the library without a word
    markets(script, listed("BTC-PERPETUAL"), without)
    with pytest.raises(VenueUnreachable, match="no usable instrument of ETH among 1 listed"):
        session.load()
    assert set(session.load(("BTC",))) == {"BTC-PERPETUAL"}


def test_an_instrument_listed_later_is_found_by_one_reload(
    session: AccountSession, script: Any, clock: Clock
) -> None:
    markets(script, listed("BTC-PERPETUAL"))
    session.load(("BTC",))
    with pytest.raises(UnknownInstrument, match="BTC-NEW"):
        session.reload_once("BTC-NEW")
    markets(script, listed("BTC-PERPETUAL"), listed("BTC-NEW", counter_currency="EUR"))
    with pytest.raises(UnknownInstrument):
        session.reload_once("BTC-NEW")  # not asked again within the minute
    assert script.count("get_instruments") == 2
    clock.now += timedelta(minutes=1)
    markets(script, listed("BTC-NEW", counter_currency="EUR"))
    assert session.reload_once("BTC-NEW").name == "BTC-NEW"
    assert session.reload_once("BTC-PERPETUAL").name == "BTC-PERPETUAL"
    assert script.count("get_instruments") == 3


def test_a_position_in_a_new_instrument_reloads(session: AccountSession, script: Any) -> None:
    markets(script, listed("BTC-PERPETUAL"), listed("BTC-NEW", counter_currency="EUR"))
    session._bases = ("BTC",)
    script.answers["get_positions"] = [POSITION, POSITION | {"instrument_name": "BTC-NEW"}]
    assert [position.instrument.name for position in session.positions()] == ["BTC-PERPETUAL", "BTC-NEW"]
    script.answers["get_positions"] = [POSITION, POSITION | {"instrument_name": "BTC-GONE"}]
    assert [position.instrument.name for position in session.positions()] == ["BTC-PERPETUAL"]
    (gap,) = session.gaps  # of the whole book: nobody can say which delta it has
    assert (gap.what, gap.reason, gap.underlying) == ("BTC-GONE", GapReason.UNKNOWN_INSTRUMENT, None)
    assert gap.detail == "desk holds BTC-GONE, which deribit does not list"
    script.answers["get_positions"] = [POSITION]
    session.positions()
    assert session.gaps == ()


def test_a_position_that_cannot_be_read_fails_the_read(session: AccountSession, script: Any) -> None:
    script.answers["get_positions"] = [POSITION, POSITION | {"direction": "buy"}]
    with pytest.raises(VenueUnreachable, match="direction"):
        session.positions()


def test_the_library_is_a_second_reader_of_positions(session: AccountSession, script: Any) -> None:
    script.answers["get_positions"] = [POSITION | {"average_price": 90000.0, "floating_profit_loss": 0.001}]
    session.positions()
    assert session.gaps == ()
    session._client.parse_position = lambda raw: {"contracts": 50.0, "side": "long", "entryPrice": 90000.0}
    (position,) = session.positions()
    assert position.amount == Decimal("-50.0")  # ours stays the value
    assert [gap.reason for gap in session.gaps] == [GapReason.IMPLAUSIBLE] * 2
    assert {gap.underlying for gap in session.gaps} == {"BTC"}


def test_positions_of_every_currency_in_one_request(
    session: AccountSession, script: Any, now: datetime
) -> None:
    script.answers["get_positions"] = [POSITION, POSITION | {"size": 0, "direction": "zero"}]
    (position,) = session.positions()
    assert (position.amount, position.account, position.received_at) == (Decimal("-50.0"), "desk", now)
    assert script.requests == [("get_positions", {"currency": "any"})]
    script.answers["get_positions"] = []
    assert session.positions() == ()


@pytest.mark.parametrize("failure", [*FAILURES, 13009, 10028, 13021])
@pytest.mark.parametrize(
    ("read", "method"),
    [
        (lambda s, o: s.positions(), "get_positions"),
        (lambda s, o: s.balances(), "get_account_summaries"),
        (lambda s, o: s.open_orders(), "get_open_orders"),
        (lambda s, o: s.fills("BTC", s._clock()), "get_user_trades_by_currency_and_time"),
        (lambda s, o: s.fills_of("BTC-1"), "get_user_trades_by_order"),
        (lambda s, o: s.find(o), "get_order_state_by_label"),
        (lambda s, o: s.ticker("BTC-PERPETUAL"), "ticker"),
        (lambda s, o: s.server_time_offset(), "get_time"),
    ],
    ids=["positions", "balances", "open orders", "fills", "fills of", "find", "ticker", "time"],
)
def test_a_failed_read_is_never_an_answer(
    session: AccountSession, script: Any, kit: Any, order: Order, read: Any, method: str, failure: Any
) -> None:
    script.answers[method] = (
        kit.Cut[failure] if isinstance(failure, str) else {"code": failure, "message": "no"}
    )
    with pytest.raises(VenueUnreachable):
        read(session, order)
    assert script.count(method) == 1


@pytest.mark.parametrize("answer", [None, {}, {"trades": None}, "x", 5, [1], [None], [{}]])
def test_an_answer_of_the_wrong_shape_is_no_answer(
    session: AccountSession, script: Any, answer: object
) -> None:
    for method in ("get_positions", "get_open_orders", "get_user_trades_by_order", "get_account_summaries"):
        script.answers[method] = answer
    for read in (session.positions, session.open_orders, session.balances, lambda: session.fills_of("x")):
        with pytest.raises(VenueUnreachable):
            read()


def test_finding_asks_both_places_before_it_says_none(
    session: AccountSession, script: Any, kit: Any, order: Order
) -> None:
    script.answers |= {"get_order_state_by_label": [], "get_open_orders_by_label": []}
    assert session.find(order) is None
    asked = {"currency": "BTC", "label": "hm-abc-1-1"}
    assert script.requests == [("get_order_state_by_label", asked), ("get_open_orders_by_label", asked)]
    script.answers["get_open_orders_by_label"] = [kit.raw_order(order_state="open", filled_amount=0)]
    found = session.find(order)
    assert found is not None
    assert found.state is OrderState.ACKED


def test_not_found_as_an_error_means_none_but_only_for_one_place(
    session: AccountSession, script: Any, kit: Any, order: Order
) -> None:
    script.answers["get_order_state_by_label"] = {"code": 10004, "message": "order_not_found"}
    script.answers["get_open_orders_by_label"] = kit.Cut.BEFORE
    with pytest.raises(VenueUnreachable):
        session.find(order)
    script.answers["get_open_orders_by_label"] = []
    assert session.find(order) is None


def test_an_order_of_another_label_is_not_ours(
    session: AccountSession, script: Any, kit: Any, order: Order
) -> None:
    script.answers["get_order_state_by_label"] = [kit.raw_order(label="hm-abc-1-12")]
    script.answers["get_open_orders_by_label"] = []
    assert session.find(order) is None


def test_two_orders_of_one_label_need_a_person(
    session: AccountSession, script: Any, kit: Any, order: Order
) -> None:
    script.answers["get_order_state_by_label"] = [kit.raw_order(), kit.raw_order(order_id="BTC-2")]
    with pytest.raises(VenueError, match="2 orders carry this id"):
        session.find(order)


def test_finding_needs_the_instrument(session: AccountSession, script: Any, order: Order) -> None:
    with pytest.raises(UnknownInstrument):
        session.find(replace(order, instrument="ETH-PERPETUAL"))
    assert script.requests == []


def test_open_orders_are_ours_and_others(session: AccountSession, script: Any, kit: Any) -> None:
    resting = {"order_state": "open", "filled_amount": 0}
    script.answers["get_open_orders"] = [
        kit.raw_order(**resting),
        kit.raw_order(**resting, label="", order_id="B"),
    ]
    assert [order.client_id for order in session.open_orders()] == ["hm-abc-1-1", ""]


def test_fills_are_read_page_by_page(session: AccountSession, script: Any, kit: Any, now: datetime) -> None:
    start = 1795348800000
    pages = iter(
        [
            {"trades": [kit.raw_trade(trade_id="1", timestamp=start)], "has_more": True},
            {
                "trades": [
                    kit.raw_trade(trade_id="1", timestamp=start),
                    kit.raw_trade(trade_id="2", timestamp=start + 5),
                ],
                "has_more": False,
            },
        ]
    )
    method = "get_user_trades_by_currency_and_time"

    class Pages(dict):
        def get(self, key: str, default: object = None) -> object:
            return next(pages) if key == method else super().get(key, default)

    script.answers = Pages()
    assert [fill.trade_id for fill in session.fills("USDC", now - timedelta(minutes=1))] == ["1", "2"]
    (_, first), (_, second) = script.requests
    assert (first["currency"], first["count"], first["start_timestamp"]) == (
        "USDC",
        str(PAGE),
        "1795348740000",
    )
    assert second["start_timestamp"] == "1795348800000"
    assert int(second["end_timestamp"]) > start


def test_pages_that_do_not_end_are_a_failure(
    session: AccountSession, script: Any, kit: Any, now: datetime
) -> None:
    script.answers["get_user_trades_by_currency_and_time"] = {"trades": [kit.raw_trade()], "has_more": True}
    with pytest.raises(VenueUnreachable, match="do not end"):
        session.fills("BTC", now)


def test_fills_of_an_order_in_either_shape(session: AccountSession, script: Any, kit: Any) -> None:
    for answer in ([kit.raw_trade()], {"trades": [kit.raw_trade()], "has_more": False}):
        script.answers["get_user_trades_by_order"] = answer
        assert [fill.trade_id for fill in session.fills_of("BTC-1")] == ["T-1"]


def test_balances(session: AccountSession, script: Any, now: datetime) -> None:
    summary = {
        "currency": "BTC",
        "equity": 100.0,
        "available_funds": 90.0,
        "initial_margin": 8.0,
        "maintenance_margin": 6.0,
        "delta_total": -1.5,
    }
    script.answers["get_account_summaries"] = {"id": 1, "summaries": [summary]}
    (balance,) = session.balances()
    assert (balance.equity, balance.delta_total, balance.received_at) == (100.0, (("BTC", -1.5),), now)


def test_the_clock_offset(session: AccountSession, script: Any, now: datetime) -> None:
    script.answers["get_time"] = int(now.timestamp() * 1000) + 1500
    assert session.server_time_offset() == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("answer", "raised", "text"),
    [
        ({"scope": "trade:read_write wallet:read_write"}, UnsafeKeyError, "wallet:read_write"),
        ({"access_token": "t"}, UnsafeKeyError, "did not say"),
        ({"code": 13004, "message": "invalid_credentials"}, VenueRejected, "13004 invalid_credentials"),
    ],
)
def test_a_key_that_will_not_do(
    session: AccountSession, script: Any, answer: object, raised: type[Exception], text: str
) -> None:
    script.answers["auth"] = answer
    with pytest.raises(raised, match=text):
        session.check_key()


def test_a_key_is_checked_without_sending_its_secret(session: AccountSession, script: Any, kit: Any) -> None:
    script.answers["auth"] = {"scope": "connection account:read trade:read_write", "access_token": "t"}
    scopes = session.check_key()
    assert (scopes.can_trade, scopes.can_read_account) == (True, True)
    ((_, sent),) = script.requests
    assert (sent["grant_type"], sent["client_id"]) == ("client_signature", kit.KEY)
    assert kit.SECRET not in str(sent)
    script.answers["auth"] = kit.Cut.BEFORE
    with pytest.raises(VenueUnreachable) as caught:
        session.check_key()
    assert kit.KEY not in str(caught.value)
    assert sent["signature"] not in str(caught.value)


def test_nothing_secret_is_logged(
    session: AccountSession, script: Any, kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script.answers["get_positions"] = []
    session.positions()
    script.answers["auth"] = {"scope": "trade:read_write"}
    session.check_key()
    for word in (kit.KEY, kit.SECRET, "signature", "sig="):
        assert word not in caplog.text


async def test_work_runs_on_one_thread_of_its_own(session: AccountSession, script: Any) -> None:
    script.answers["get_positions"] = []
    names = await asyncio.gather(*(session.run(lambda: threading.current_thread().name) for _ in range(5)))
    assert len(set(names)) == 1
    assert names[0].startswith("venue-desk")
    assert await session.run(session.positions) == ()


def test_threads_take_turns(session: AccountSession, script: Any) -> None:
    script.answers["get_positions"] = [POSITION]
    busy, most = 0, 0
    inner = session._client.session.request

    def counted(*args: Any, **named: Any) -> Any:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        try:
            return inner(*args, **named)
        finally:
            busy -= 1

    session._client.session.request = counted
    threads = [threading.Thread(target=session.positions) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, script.count("get_positions")) == (1, 8)


@pytest.mark.parametrize(
    ("venue", "mode", "rest", "ws", "named"),
    [
        ("kraken", VenueMode.LIVE, None, None, "'kraken' is not known"),
        ("okx", VenueMode.LIVE, None, None, "a key of OKX has a passphrase"),
        ("bybit", VenueMode.PAPER, "https://api.elsewhere.org", None, "a server on this machine"),
        ("bybit", VenueMode.PAPER, "http://127.0.0.1.elsewhere.org", None, "a server on this machine"),
        ("bybit", VenueMode.PAPER, None, None, "a server on this machine"),
        ("binance", VenueMode.PAPER, "http://127.0.0.1:1", "ws://127.0.0.1:1", "no ws"),
        ("binance", VenueMode.LIVE, "http://127.0.0.1:1", None, "paper"),
        ("deribit", VenueMode.PAPER, "http://127.0.0.1:1", None, "ws address"),
        ("deribit", VenueMode.PAPER, None, "ws://127.0.0.1:1", "rest"),
        ("deribit", VenueMode.LIVE, "http://127.0.0.1:1", None, "paper"),
        ("deribit", VenueMode.TESTNET, None, "ws://127.0.0.1:1", "paper"),
    ],
)
def test_addresses_that_do_not_fit(
    venue: str, mode: VenueMode, rest: str | None, ws: str | None, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        AccountAddress("desk", venue, mode, "k", "s", rest, ws)


def test_an_address_hides_its_key(kit: Any) -> None:
    shown = repr(kit.paper_address("http://127.0.0.1:1")) + str(kit.paper_address("http://127.0.0.1:1"))
    assert kit.KEY not in shown
    assert kit.SECRET not in shown


@pytest.mark.parametrize(
    ("mode", "rest"),
    [(VenueMode.TESTNET, "https://test.deribit.com"), (VenueMode.LIVE, "https://www.deribit.com")],
)
def test_modes_lead_to_the_right_exchange(mode: VenueMode, rest: str) -> None:
    session = AccountSession(AccountAddress("desk", "deribit", mode, "k", "s"), lambda: datetime.now(UTC))
    assert session._client.urls["api"]["rest"] == rest
    session.close()
