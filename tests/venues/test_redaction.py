import traceback

import pytest

from hedging.venues.redaction import redact, redact_chain

PLANTED = "pLaNtEd0SeCrEt"
SAMPLES = [
    f"deribit GET https://www.deribit.com/api/v2/private/buy?amount=1&label={PLANTED}",
    f"HTTPConnectionPool(host='h', port=1): failed with url: /api/v2/public/auth?signature={PLANTED}",
    f"binance GET https://fapi.binance.com/fapi/v1/order?symbol=X&signature={PLANTED}",
    f"wss://host/ws?listenKey={PLANTED} closed",
    f"Authorization: deri-hmac-sha256 id={PLANTED},ts=1,sig={PLANTED},nonce=1",
    f"{{'Authorization': 'deri-hmac-sha256 id=a,ts=1,sig={PLANTED},nonce=1'}}",
    f"Authorization: Bearer {PLANTED}",
    f'{{"access_token": "{PLANTED}", "refresh_token":"{PLANTED}"}}',
    f"{{'client_secret': '{PLANTED}'}}",
    f"client_id={PLANTED}&client_secret={PLANTED}",
    f"apiKey={PLANTED} secret: {PLANTED}, password={PLANTED}",
    f"X-MBX-APIKEY: {PLANTED} OK-ACCESS-SIGN={PLANTED}; OK-ACCESS-PASSPHRASE: {PLANTED}",
    f"https://user:{PLANTED}@proxy.host/path",
    f"secretKey={PLANTED}",
    f"api-key: '{PLANTED}'",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_planted_secrets_do_not_survive(text: str) -> None:
    cleaned = redact(text)
    assert PLANTED not in cleaned
    assert "[hidden]" in cleaned


def test_known_secrets_are_hidden_anywhere() -> None:
    assert redact(f"odd place {PLANTED}!", (PLANTED, "")) == "odd place [hidden]!"
    assert redact("abcdef abc", ("abc", "abcdef")) == "[hidden] [hidden]"


@pytest.mark.parametrize(
    "text",
    [
        'deribit {"jsonrpc":"2.0","error":{"code":10009,"message":"not_enough_funds"}}',
        "BTC-PERPETUAL: price is 0, expected a number above 0",
        "deribit GET https://www.deribit.com/api/v2/public/get_time 503 Service Unavailable",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_printed_traceback_is_clean() -> None:
    def refuse() -> None:
        raise ConnectionError(ValueError(f"url: /api/v2/x?signature={PLANTED}"))

    def fail() -> None:
        try:
            refuse()
        except ConnectionError as inner:
            raise RuntimeError(f"GET https://h/api/v2/x?sig={PLANTED}", 7) from inner

    with pytest.raises(RuntimeError) as caught:
        fail()
    assert PLANTED in "".join(traceback.format_exception(caught.value))
    redact_chain(caught.value)
    assert PLANTED not in "".join(traceback.format_exception(caught.value))
    assert caught.value.args[1] == 7
