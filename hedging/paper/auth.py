"""Who is asking, and what the key allows: signatures, tokens and scopes as Deribit has them."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hedging.paper.refusal import Code, Refused

SIGNATURE_TOLERANCE_MS = 60_000
TOKEN_LIFETIME_S = 31_536_000
_HEADER = re.compile(r"^deri-hmac-sha256\s+(?P<fields>.+)$", re.IGNORECASE)


class Scope(StrEnum):
    """A right of a key; the value is Deribit's word."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:read_write"
    TRADE_READ = "trade:read"
    TRADE_WRITE = "trade:read_write"
    WALLET_READ = "wallet:read"
    WALLET_WRITE = "wallet:read_write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account. ``name`` is what people call it; ``account`` is what it acts on."""

    name: str
    key: str
    secret: str
    scopes: frozenset[Scope]
    account: str

    def allows(self, scope: Scope) -> bool:
        """Whether the key has ``scope``, or the writing form of it."""
        return scope in self.scopes or Scope(f"{scope.value.split(':')[0]}:read_write") in self.scopes

    @property
    def scope_string(self) -> str:
        """The ``scope`` text that ``public/auth`` answers with: every right of the key, and its name."""
        rights = sorted(scope.value for scope in self.scopes)
        return " ".join(["connection", "mainaccount", f"name:{self.name}", *rights])


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The parts of an HTTP request that its signature covers; ``uri`` is the path with its query, as sent."""

    method: str
    uri: str
    body: str = ""

    def text(self, timestamp: str, nonce: str) -> str:
        """What is signed."""
        return f"{timestamp}\n{nonce}\n{self.method}\n{self.uri}\n{self.body}\n"


@dataclass(frozen=True, slots=True)
class Token:
    """An answer to ``public/auth``."""

    access: str
    refresh: str
    key: ApiKey


def random_key(name: str, account: str, scopes: Iterable[Scope]) -> ApiKey:
    """Make a key nobody can guess."""
    return ApiKey(name, secrets.token_urlsafe(6), secrets.token_urlsafe(32), frozenset(scopes), account)


def sign(secret: str, text: str) -> str:
    """Hexadecimal HMAC-SHA256 of ``text``."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class KeyRing:
    """The keys of the exchange and the tokens given out for them."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = {key.key: key for key in keys}
        self._access: dict[str, ApiKey] = {}
        self._refresh: dict[str, ApiKey] = {}

    @property
    def keys(self) -> list[ApiKey]:
        """Every key, in the order given."""
        return list(self._keys.values())

    def from_header(self, header: str, request: SignedRequest, now_ms: int) -> ApiKey:
        """Key that signed an HTTP request.

        Raises Refused: authorization_required without a header, invalid_credentials for an unknown key or
        a wrong signature, unauthorized for a time stamp outside the tolerance or an unknown token.
        """
        if not header:
            raise Refused(Code.AUTHORIZATION_REQUIRED, "no Authorization header")
        if header.lower().startswith("bearer "):
            return self.from_token(header[7:].strip())
        found = _HEADER.match(header)
        if not found:
            raise Refused(Code.INVALID_CREDENTIALS, "the Authorization header is not deri-hmac-sha256")
        parts = dict(field.strip().split("=", 1) for field in found["fields"].split(",") if "=" in field)
        timestamp, nonce = parts.get("ts", ""), parts.get("nonce", "")
        key = self._verified(parts.get("id", ""), request.text(timestamp, nonce), parts.get("sig", ""))
        _check_time(timestamp, now_ms)
        return key

    def from_token(self, token: str) -> ApiKey:
        """Key behind an access token. Raises Refused when it is unknown."""
        if token not in self._access:
            raise Refused(Code.UNAUTHORIZED, "invalid_token")
        return self._access[token]

    def by_signature(
        self, client_id: str, signed: tuple[str, str, str], signature: str, now_ms: int
    ) -> Token:
        """Answer ``client_signature``: ``signed`` is time stamp, nonce and data. Raises Refused."""
        key = self._verified(client_id, "\n".join(signed), signature)
        _check_time(signed[0], now_ms)
        return self._issue(key)

    def by_secret(self, client_id: str, secret: str) -> Token:
        """Answer ``client_credentials``. Raises Refused."""
        key = self._keys.get(client_id)
        if key is None or not hmac.compare_digest(key.secret.encode(), secret.encode()):
            raise Refused(Code.INVALID_CREDENTIALS, "wrong client_id or client_secret")
        return self._issue(key)

    def by_refresh(self, token: str) -> Token:
        """Answer ``refresh_token``. Raises Refused when it is unknown or was used."""
        key = self._refresh.pop(token, None)
        if key is None:
            raise Refused(Code.UNAUTHORIZED, "invalid_token")
        return self._issue(key)

    def _verified(self, client_id: str, text: str, signature: str) -> ApiKey:
        key = self._keys.get(client_id)
        if key is None or not hmac.compare_digest(sign(key.secret, text).encode(), signature.encode()):
            raise Refused(Code.INVALID_CREDENTIALS, "wrong key or signature")
        return key

    def _issue(self, key: ApiKey) -> Token:
        token = Token(secrets.token_urlsafe(32), secrets.token_urlsafe(32), key)
        self._access[token.access] = key
        self._refresh[token.refresh] = key
        return token


def require(key: ApiKey, scope: Scope) -> None:
    """Raise Refused (forbidden) when ``key`` lacks ``scope``."""
    if not key.allows(scope):
        raise Refused(Code.FORBIDDEN, f"the key {key.name} has no {scope.value}")


def _check_time(timestamp: str, now_ms: int) -> None:
    if not timestamp.isdecimal() or abs(now_ms - int(timestamp)) > SIGNATURE_TOLERANCE_MS:
        raise Refused(
            Code.UNAUTHORIZED, "bad_timestamp: the clocks differ by more than a minute", "timestamp"
        )
