"""Signatures, tokens, scopes."""

import pytest

from hedging.paper.auth import ApiKey, KeyRing, Scope, SignedRequest, require, sign
from hedging.paper.refusal import Code, Refused

NOW_MS = 1_795_348_800_000
KEY = ApiKey("trader", "id1", "secret", frozenset({Scope.TRADE_WRITE, Scope.ACCOUNT_READ}), "desk")
REQUEST = SignedRequest("GET", "/api/v2/private/buy?amount=10&label=a%20b")


def header(secret="secret", key="id1", ts=NOW_MS, request=REQUEST):
    return f"deri-hmac-sha256 id={key},ts={ts},sig={sign(secret, request.text(str(ts), 'n1'))},nonce=n1"


def code(text, now_ms=NOW_MS, request=REQUEST):
    with pytest.raises(Refused) as info:
        KeyRing([KEY]).from_header(text, request, now_ms)
    return info.value.code


def test_a_signature_is_hmac_sha256_over_deribits_text():
    assert REQUEST.text("1", "2") == "1\n2\nGET\n/api/v2/private/buy?amount=10&label=a%20b\n\n"
    assert sign("key", "The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )
    assert KeyRing([KEY]).from_header(header(), REQUEST, NOW_MS) is KEY


def test_what_is_not_signed_by_the_secret_is_refused():
    assert code("") is Code.AUTHORIZATION_REQUIRED
    assert code("Basic abc") is Code.INVALID_CREDENTIALS
    assert code(header(secret="other")) is Code.INVALID_CREDENTIALS
    assert code(header(key="id2")) is Code.INVALID_CREDENTIALS
    assert code(header(), request=SignedRequest("GET", REQUEST.uri + "0")) is Code.INVALID_CREDENTIALS
    assert code("Bearer none") is Code.UNAUTHORIZED
    assert code("deri-hmac-sha256 id=id1,ts=ä,sig=ä,nonce=ä") is Code.INVALID_CREDENTIALS


@pytest.mark.parametrize("skew_ms", [60_001, -60_001])
def test_stale_times_are_refused(skew_ms):
    assert code(header(), now_ms=NOW_MS + skew_ms) is Code.UNAUTHORIZED
    assert KeyRing([KEY]).from_header(header(), REQUEST, NOW_MS + skew_ms // 2)


def test_writing_includes_reading_and_nothing_else():
    require(KEY, Scope.TRADE_READ)
    require(KEY, Scope.TRADE_WRITE)
    for scope in (Scope.ACCOUNT_WRITE, Scope.WALLET_READ):
        with pytest.raises(Refused) as info:
            require(KEY, scope)
        assert info.value.code is Code.FORBIDDEN


def test_tokens_stand_for_the_key_and_a_refresh_works_once():
    ring = KeyRing([KEY])
    token = ring.by_secret("id1", "secret")
    assert ring.from_token(token.access) is KEY
    assert ring.by_refresh(token.refresh).key is KEY
    for attempt in (lambda: ring.by_refresh(token.refresh), lambda: ring.by_secret("id1", "wrong")):
        with pytest.raises(Refused):
            attempt()
    signed = (str(NOW_MS), "n", "data")
    good = sign("secret", "\n".join(signed))
    assert ring.by_signature("id1", signed, good, NOW_MS).key is KEY
    with pytest.raises(Refused):
        ring.by_signature("id1", signed, good[:-1] + "x", NOW_MS)


def test_the_scope_text_names_every_right():
    words = KEY.scope_string.split()
    assert {"account:read", "trade:read_write", "name:trader"} <= set(words)
    assert not any(word.startswith("wallet") for word in words)
