import json

import ccxt
import pytest

from hedging.errors import VenueRejected, VenueUnclear, VenueUnreachable
from hedging.venues.translation import PROVES_NOT_ACCEPTED, answer_in, read_error, write_error

CLASSES = sorted(
    {getattr(ccxt, name) for name in ccxt.errors.__all__ if name != "error_hierarchy"},
    key=lambda one: one.__name__,
)
# Codes of a service in trouble: the order may have been accepted.
UNCLEAR = (10001, 10004, 10030, 10040, 10048, 11031, 11051, 11094, 13008, 13028, 13888, 424242)


def body(code: object, **more: object) -> str:
    return "deribit " + json.dumps({"jsonrpc": "2.0", "error": {"code": code, "message": "m", **more}})


@pytest.mark.parametrize(
    "raised", [*CLASSES, TypeError, KeyError, AttributeError, ValueError], ids=lambda c: c.__name__
)
def test_every_exception_without_an_answer_is_unclear_for_a_write(raised: type[Exception]) -> None:
    error = raised("deribit GET https://www.deribit.com/api/v2/private/buy?label=x")
    assert type(write_error(error, "order a", ())) is VenueUnclear
    assert type(read_error(raised("x"), "positions", ())) is VenueUnreachable


def test_the_table_of_exceptions_is_not_empty() -> None:
    assert len(CLASSES) >= 40


@pytest.mark.parametrize("raised", CLASSES, ids=lambda c: c.__name__)
def test_an_answer_decides_whatever_class_carries_it(raised: type[Exception]) -> None:
    assert type(write_error(raised(body(10009)), "order a", ())) is VenueRejected
    assert type(write_error(raised(body(13888)), "order a", ())) is VenueUnclear


@pytest.mark.parametrize("code", sorted(PROVES_NOT_ACCEPTED))
def test_codes_that_prove_nothing_was_accepted(code: int) -> None:
    error = write_error(ccxt.ExchangeError(body(code, data={"reason": "why"})), "order a", ())
    assert type(error) is VenueRejected
    assert str(error) == f"order a: {code} m (why)"


@pytest.mark.parametrize("code", UNCLEAR)
def test_codes_of_a_service_in_trouble_prove_nothing(code: int) -> None:
    assert type(write_error(ccxt.ExchangeError(body(code)), "order a", ())) is VenueUnclear


@pytest.mark.parametrize(
    "text",
    [
        body(10009)[:-1],
        body("10009"),
        body(10009.0),
        "deribit GET https://h/x 400 Bad Request " + body(10009),
        "deribit <html>10009</html>",
        'deribit {"error":{"code":10009}}',
        'deribit {"jsonrpc":"2.0","result":{}}',
        "deribit []",
        "okx " + body(10009).removeprefix("deribit "),
        "",
    ],
)
def test_what_is_not_exactly_an_answer_is_none(text: str) -> None:
    assert answer_in(ccxt.ExchangeError(text)) is None


def test_an_exception_without_arguments_is_no_answer() -> None:
    assert answer_in(ccxt.ExchangeError()) is None


def test_texts_are_redacted() -> None:
    error = ccxt.NetworkError("deribit GET https://h/api/v2/private/buy?label=hm1&sig=topsecret hunter2")
    translated = write_error(error, "order a", ("hunter2",))
    for text in (str(translated), str(error)):
        assert "topsecret" not in text
        assert "hunter2" not in text
        assert "https://h/api/v2/private/buy" in text
