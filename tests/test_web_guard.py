"""The guard as an attacker sees it: of seven probes one connects."""

import base64
import hashlib

import pytest

from hedging.web_guard import WebGuard, content_policy, inline_hashes, judge

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
PORTS = frozenset({8501})


def scope(kind="websocket", method="GET", scheme=None, **headers):
    made = {
        "type": kind,
        "scheme": scheme or ("ws" if kind == "websocket" else "http"),
        "server": ("127.0.0.1", 8501),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    if kind == "http":
        made["method"] = method
    return made


PROBES = [
    ("own page", {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}, True),
    ("another site", {"host": "127.0.0.1:8501", "origin": "http://evil.example"}, False),
    ("rebound name", {"host": "evil.example:8501", "origin": "http://evil.example:8501"}, False),
    ("another local port", {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:3000"}, False),
    ("no origin", {"host": "127.0.0.1:8501"}, False),
    ("null origin", {"host": "127.0.0.1:8501", "origin": "null"}, False),
    ("other local name", {"host": "127.0.0.1:8501", "origin": "http://localhost:8501"}, False),
    ("https origin on http", {"host": "127.0.0.1:8501", "origin": "https://127.0.0.1:8501"}, False),
    ("host of another port", {"host": "127.0.0.1:9999", "origin": "http://127.0.0.1:9999"}, False),
    ("host with a user", {"host": "127.0.0.1@evil.example:8501", "origin": "http://127.0.0.1:8501"}, False),
    ("no host", {"origin": "http://127.0.0.1:8501"}, False),
]


@pytest.mark.parametrize(("name", "headers", "passes"), PROBES, ids=[probe[0] for probe in PROBES])
def test_websocket_probes(name, headers, passes):
    assert (judge(scope(**headers), HOSTS, PORTS).refused == "") is passes


def test_two_host_headers_are_refused():
    made = scope(host="127.0.0.1:8501", origin="http://127.0.0.1:8501")
    made["headers"].append((b"host", b"evil.example"))
    assert judge(made, HOSTS, PORTS).refused


def test_reading_needs_no_origin_but_a_foreign_one_is_refused():
    assert judge(scope("http", host="localhost:8501"), HOSTS, PORTS).refused == ""
    assert judge(scope("http", host="localhost:8501", origin="http://evil.example"), HOSTS, PORTS).refused


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writing_needs_our_origin(method):
    assert judge(scope("http", method, host="127.0.0.1:8501"), HOSTS, PORTS).refused
    own = scope("http", method, host="127.0.0.1:8501", origin="http://127.0.0.1:8501")
    assert judge(own, HOSTS, PORTS).refused == ""


def test_a_browser_that_names_another_site_is_believed():
    made = scope(
        "http", "POST", host="127.0.0.1:8501", origin="http://127.0.0.1:8501", sec_fetch_site="cross-site"
    )
    assert judge(made, HOSTS, PORTS).refused


async def run(guard, made):
    sent = []

    async def receive():
        return {"type": "websocket.connect" if made["type"] == "websocket" else "http.request"}

    async def send(message):
        sent.append(message)

    await guard(made, receive, send)
    return sent


def guarded(reached):
    async def app(_scope, _receive, send):
        reached.append(True)
        if _scope["type"] == "http":
            headers = [(b"content-security-policy", b"default-src *"), (b"x-own", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"page"})

    return WebGuard(app, hosts=HOSTS, policy=content_policy(()))


async def test_a_refused_websocket_never_reaches_the_app():
    reached = []
    sent = await run(guarded(reached), scope(host="127.0.0.1:8501", origin="http://evil.example"))
    assert reached == []
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_refused_request_is_403_with_the_headers_on_it():
    reached = []
    sent = await run(guarded(reached), scope("http", host="evil.example"))
    assert reached == []
    assert sent[0]["status"] == 403
    assert dict(sent[0]["headers"])[b"x-content-type-options"] == b"nosniff"


async def test_our_headers_replace_the_apps():
    sent = await run(guarded([]), scope("http", host="127.0.0.1:8501"))
    names = [name for name, _ in sent[0]["headers"]]
    headers = dict(sent[0]["headers"])
    assert names.count(b"content-security-policy") == 1
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"x-own"] == b"1"


async def test_the_served_port_counts_when_none_is_named():
    made = scope(host="127.0.0.1:8502", origin="http://127.0.0.1:8502")
    sent = await run(guarded([]), made)
    assert sent[0]["type"] == "websocket.close"


def test_the_policy_names_no_other_origin():
    policy = content_policy(inline_hashes("<script>let a = 1</script>"))
    digest = base64.b64encode(hashlib.sha256(b"let a = 1").digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "http" not in policy
    assert "*" not in policy
    assert "unsafe-eval" not in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in script
