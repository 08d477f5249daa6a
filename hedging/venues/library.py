"""The exchange library's clients of our exchanges, without importing the hundred others beside them.

The library's packages import every exchange they know when they are imported: half a second and 60 MB that
the engine's start would wait for. Here the packages stand empty until somebody asks for more than what is
loaded; then they run in full, so that nothing sees a difference. Source: PEP 562, module ``__getattr__``.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

EXCHANGE = "deribit"  # the one we send to: its clients are needed by every engine


def _packages_on_demand(*names: str) -> None:
    """Put packages in place that run their own code at the first use of what they do not have yet."""
    for name in names:
        if name not in sys.modules:
            _put_in_place(name)


def _put_in_place(name: str) -> None:
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"the package {name} is not installed: pip install -r requirements.txt")
    loader, package = spec.loader, module_from_spec(spec)

    def whole(attribute: str) -> Any:
        if attribute in {"__path__", "__all__"}:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    package.__dict__["__getattr__"] = whole
    sys.modules[name] = package
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, package)


def _client(package: str, exchange: str = EXCHANGE) -> Any:
    """The client class, bound in its package as the package itself would bind it."""
    client = getattr(import_module(f"{package}.{exchange}"), exchange)
    setattr(sys.modules[package], exchange, client)
    return client


def sync_client(exchange: str) -> Any:
    """The synchronous client class of an exchange, by the library's name of it; imported when asked for."""
    return _client("ccxt", exchange)


def _bind_what_parts_ask_for() -> None:
    """Bind in the library's package, as it does itself, what its own websocket part looks for there."""
    package, errors = sys.modules["ccxt"], import_module("ccxt.base.errors")
    for name in errors.__all__:
        setattr(package, name, getattr(errors, name))
    setattr(package, "Exchange", import_module("ccxt.base.exchange").Exchange)  # noqa: B010 the type is dynamic


_packages_on_demand("ccxt", "ccxt.async_support", "ccxt.pro")
_bind_what_parts_ask_for()
SyncClient = _client("ccxt")
LibraryError: type[Exception] = sys.modules["ccxt.base.errors"].BaseError
KeyRefused: type[Exception] = sys.modules["ccxt.base.errors"].AuthenticationError
AsyncClient = _client("ccxt.async_support")
PushBase = _client("ccxt.pro")
