"""ASGI middleware before everything: which host and origin may speak to us, and which headers go out."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_hashes(page: str) -> tuple[str, ...]:
    """CSP sources for the inline scripts of an HTML page.

    >>> inline_hashes("<script>a</script>")
    ("'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='",)
    """
    return tuple(
        "'sha256-" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + "'"
        for body in _INLINE.findall(page)
    )


def content_policy(script_hashes: Iterable[str]) -> str:
    """Content security policy: our own origin, components' blob modules, inline styles, nothing outside."""
    scripts = " ".join(("'self'", "blob:", *script_hashes))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a request is refused; empty when it may pass."""

    refused: str = ""


def judge(scope: Scope, hosts: frozenset[str], ports: frozenset[int]) -> Verdict:
    """Whether this request comes from our own page, or from a tool that can only look.

    The Host must be one of ours with one of our ports; an Origin, where sent, must be exactly that
    host; websockets and writing methods must carry one.
    """
    headers = _headers(scope)
    host = headers.get("host", "")
    if not _host_allowed(host, hosts, ports):
        return Verdict(f"host {host[:80]!r} is not served here")
    scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
    origin = headers.get("origin")
    must_have = scope["type"] == "websocket" or scope.get("method") in WRITING
    if origin is None:
        return Verdict("an origin is needed" if must_have else "")
    if origin.lower() != f"{scheme}://{host.lower()}":
        return Verdict(f"origin {origin[:80]!r} is not this page")
    if headers.get("sec-fetch-site") in {"cross-site", "same-site"} and must_have:
        return Verdict("the browser says that another site asked")
    return Verdict()


def _headers(scope: Scope) -> Mapping[str, str]:
    """Headers by lower-case name; one that comes twice is joined, so that it cannot match."""
    joined: dict[str, str] = {}
    for name, value in scope.get("headers", []):
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joined[key] = f"{joined[key]},{text}" if key in joined else text
    return joined


def _host_allowed(host: str, hosts: frozenset[str], ports: frozenset[int]) -> bool:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "80"
    if not (port.isascii() and port.isdigit()):
        return False
    return name.lower() in hosts and (not ports or int(port) in ports)


class WebGuard:
    """Refuses what ``judge`` refuses, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], policy: str, ports: Iterable[int] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._ports = frozenset(ports)
        self._extra = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), usb=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with 403 (a websocket is closed before it is accepted)."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        verdict = judge(scope, self._hosts, self._ports or self._served_port(scope))
        if not verdict.refused:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": verdict.refused[:100]})
        else:
            await self._refuse(verdict, self._with_headers(send))

    @staticmethod
    def _served_port(scope: Scope) -> frozenset[int]:
        server = scope.get("server")
        return frozenset({int(server[1])}) if server and server[1] else frozenset()

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in self._extra}
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
                message = {**message, "headers": [*kept, *self._extra]}
            await send(message)

        return sending

    @staticmethod
    async def _refuse(verdict: Verdict, send: Send) -> None:
        body = f"refused: {verdict.refused}\n".encode()
        head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": head})
        await send({"type": "http.response.body", "body": body})
