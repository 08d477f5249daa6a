"""Which answers of OKX, Bybit and Binance prove that nothing was accepted, as the library raises them."""

import json

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import VenueRejected, VenueUnclear
from hedging.venues.refusals import DIALECTS
from hedging.venues.translation import ALREADY_KNOWN, Dialect, answer_in, write_error

VENUES = ["okx", "bybit", "binance"]
CODES = st.sampled_from([51008, 110007, -2019, 10009, 51016, -1007, 0]) | st.integers()
TEXTS = st.text(max_size=8)
NESTED = st.recursive(
    st.none() | st.floats() | TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=8
)
OF_OKX = st.lists(st.fixed_dictionaries({"sCode": CODES.map(str), "sMsg": TEXTS}), max_size=2)
BODIES = st.one_of(
    st.fixed_dictionaries({"code": CODES | CODES.map(str), "msg": TEXTS | st.none()}),
    st.fixed_dictionaries({"code": st.just("1"), "msg": TEXTS, "data": OF_OKX | NESTED}),
    st.fixed_dictionaries({"retCode": CODES, "retMsg": TEXTS, "result": NESTED}),
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "error": st.fixed_dictionaries({"code": CODES, "message": TEXTS})}
    ),
    NESTED,
)


def body(venue: str, code: int) -> str:
    if venue == "okx":
        entry = {"clOrdId": "a", "ordId": "", "sCode": str(code), "sMsg": "told"}
        return json.dumps({"code": "1", "msg": "Operation failed.", "data": [entry]})
    if venue == "bybit":
        return json.dumps({"retCode": code, "retMsg": "told", "result": {}, "time": 1})
    return json.dumps({"code": code, "msg": "told"})


def raised(venue: str, text: str) -> Exception:
    return ccxt.ExchangeError(f"{venue} {text}")


def outcome(venue: str, error: Exception) -> type[Exception]:
    return type(write_error(error, "order a", (), DIALECTS[venue]))


@pytest.mark.parametrize("venue", VENUES)
def test_a_listed_code_proves_it_and_no_other_does(venue: str) -> None:
    dialect: Dialect = DIALECTS[venue]
    listed = dialect.proves_not_accepted
    for code in sorted(listed):
        assert outcome(venue, raised(venue, body(venue, code))) is VenueRejected, code
    near = {code + step for code in listed for step in (-1, 1)} - listed - {0}
    for code in sorted(near | dialect.not_open | dialect.not_found):
        assert outcome(venue, raised(venue, body(venue, code))) is VenueUnclear, code


@pytest.mark.parametrize(
    ("venue", "codes"),
    [
        ("okx", [50001, 50004, 50013, 50026, 51016, 51603]),
        ("bybit", [10000, 10014, 10016, 110072, 110001]),
        ("binance", [-1000, -1001, -1006, -1007, -1008, -2010, -2011, -2013, -4116]),
    ],
)
def test_a_service_in_trouble_proves_nothing(venue: str, codes: list[int]) -> None:
    for code in codes:
        assert code not in DIALECTS[venue].proves_not_accepted


@pytest.mark.parametrize(("venue", "code"), [("okx", 51016), ("bybit", 110072), ("binance", -4116)])
def test_a_known_client_id_means_that_the_order_is_there(venue: str, code: int) -> None:
    error = write_error(raised(venue, body(venue, code)), "order a", (), DIALECTS[venue])
    assert isinstance(error, VenueUnclear)
    assert f"order a: {ALREADY_KNOWN}: {code} told" in str(error)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    "text",
    [
        "POST https://example.org/order",
        "502 Bad Gateway <html>{}</html>",
        '{"code": "51008"',
        "[]",
        "{}",
        "null",
        '{"code": "fifty", "msg": "x"}',
        '{"code": 0, "msg": "x"}',
        '{"code": true, "msg": "x"}',
        '{"code": null, "msg": "x"}',
        '{"code": "-1e3", "msg": "x"}',
        '{"retCode": 0, "retMsg": "OK"}',
    ],
)
def test_what_is_no_error_of_the_exchange_proves_nothing(venue: str, text: str) -> None:
    error = raised(venue, text)
    assert answer_in(error, DIALECTS[venue]) is None
    assert outcome(venue, error) is VenueUnclear


@given(
    venue=st.sampled_from([*VENUES, "deribit"]),
    parsed=BODIES,
    before=st.sampled_from(["", "429 Slow ", "<p>"]),
)
def test_no_text_can_break_the_translation(venue: str, parsed: object, before: str) -> None:
    dialect = DIALECTS[venue]
    error = ccxt.ExchangeError(f"{venue} {before}{json.dumps(parsed)}")
    answer = answer_in(error, dialect)
    proved = answer is not None and answer.code in dialect.proves_not_accepted
    assert type(write_error(error, "order a", (), dialect)) is (VenueRejected if proved else VenueUnclear)


@pytest.mark.parametrize("venue", [*VENUES, "deribit"])
def test_a_body_nested_too_deep_proves_nothing(venue: str) -> None:
    deep = '{"data":' + "[" * 100_000
    assert outcome(venue, raised(venue, deep)) is VenueUnclear


@pytest.mark.parametrize("venue", VENUES)
def test_another_exchange_s_words_prove_nothing(venue: str) -> None:
    other = VENUES[VENUES.index(venue) - 1]
    code = min(DIALECTS[other].proves_not_accepted)
    assert outcome(venue, raised(other, body(other, code))) is VenueUnclear


def test_words_that_the_library_puts_before_an_answer_of_binance() -> None:
    limited = raised("binance", '429 Too Many Requests {"code":-1003,"msg":"Way too many requests"}')
    assert outcome("binance", limited) is VenueRejected
    off = 'order price is invalid, i.e. exceeds allowed price precision {"code":-4014,"msg":"PRICE_FILTER"}'
    assert outcome("binance", raised("binance", off)) is VenueRejected
    page = '502 Bad Gateway <html>{"code":-1003,"msg":"quoted"}'
    assert outcome("binance", raised("binance", page)) is VenueUnclear


def test_an_okx_answer_without_orders_speaks_of_the_request() -> None:
    assert (
        outcome("okx", raised("okx", '{"code":"50011","msg":"Too Many Requests","data":[]}')) is VenueRejected
    )
    several = {"code": "1", "msg": "", "data": [{"sCode": "51008", "sMsg": "a"}, {"sCode": "0", "sMsg": ""}]}
    assert outcome("okx", raised("okx", json.dumps(several))) is VenueUnclear
