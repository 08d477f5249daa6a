"""What a JSON-RPC method is: a handler, the right it needs, the bucket it draws from."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hedging.paper.account import Account
from hedging.paper.auth import ApiKey, KeyRing, Scope, require
from hedging.paper.exchange import Exchange
from hedging.paper.params import Params
from hedging.paper.rate_limit import RateLimiter, RateLimits, RequestClass
from hedging.paper.refusal import Code, Refused


class Connection(Protocol):
    """What a method may do to the websocket it came over."""

    @property
    def number(self) -> int:
        """Number of the connection, unique while the exchange runs."""
        ...

    def login(self, key: ApiKey) -> None:
        """Make ``key`` the connection's own."""
        ...

    def cancel_on_disconnect(self, *, on: bool) -> None:
        """Cancel this connection's orders when it ends."""
        ...

    def heartbeat(self, seconds: int | None) -> None:
        """Ask for a sign of life every so often, or no longer."""
        ...

    def subscribe(self, channels: list[str]) -> list[str]:
        """Add channels; returns those that exist."""
        ...

    def unsubscribe(self, channels: list[str] | None) -> list[str]:
        """Take channels off, or all; returns those taken off."""
        ...


@dataclass(frozen=True, slots=True)
class House:
    """What every method may reach."""

    exchange: Exchange
    keys: KeyRing
    limiter: RateLimiter
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key of an authenticated call, the websocket if it came over one, real time.

    ``past`` is the account as it was, where a read is answered from an old state.
    """

    house: House
    real_now_ms: int
    key: ApiKey | None = None
    connection: Connection | None = None
    past: Account | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange."""
        return self.house.exchange

    @property
    def account(self) -> Account:
        """Account of the caller. Raises Refused when nobody is logged in."""
        if self.key is None:
            raise Refused(Code.UNAUTHORIZED, "not authenticated")
        return self.past or self.exchange.accounts[self.key.account]

    @property
    def websocket(self) -> Connection:
        """The websocket. Raises Refused when the call came over HTTP."""
        if self.connection is None:
            raise Refused(Code.BAD_REQUEST, "must be a websocket request")
        return self.connection


Handler = Callable[[Caller, Params], object | Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method; ``scope`` is None when it is public."""

    handler: Handler
    scope: Scope | None = None
    kind: RequestClass = RequestClass.OTHER


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed call."""

    method: str
    params: Params = field(default_factory=lambda: Params({}))


def admit(methods: Mapping[str, Method], request: Request, caller: Caller, now_ns: int) -> Method:
    """Find the method and check right and rate. Raises Refused."""
    if request.method not in methods:
        raise Refused(Code.METHOD_NOT_FOUND, request.method)
    method = methods[request.method]
    if method.scope is not None:
        if caller.key is None:
            raise Refused(Code.UNAUTHORIZED, "not authenticated")
        require(caller.key, method.scope)
    who = caller.key.key if caller.key else "public"
    caller.house.limiter.spend(who, method.kind, now_ns)
    return method
