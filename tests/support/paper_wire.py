"""A plain client of the paper exchange: one fresh connection a call, nothing sent again, nothing guessed."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

BTC = "BTC-PERPETUAL"


class NoAnswer(Exception):
    """No JSON came back: silence, a cut, a page, half an answer."""


class Refusal(Exception):
    """The exchange's error, with its code."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.code = error["code"]


class PaperWire:
    """Calls of one account, with a token of its own."""

    def __init__(self, paper: Any, name: str = "trader") -> None:
        self.paper, self.control = paper, paper.control
        self.address = urlsplit(paper.rest)
        key = paper.key(name)
        self.credentials = {
            "grant_type": "client_credentials",
            "client_id": key.key,
            "client_secret": key.secret,
        }
        self.token = ""
        self.token = self.ask("public/auth", **self.credentials)["access_token"]

    def raw(self, method: str, timeout: float = 0.6, **params: object) -> tuple[int, str, bytes]:
        """Status, content type and bytes of an answer."""
        connection = self.connection(timeout)
        try:
            return self.over(connection, method, **params)
        finally:
            connection.close()

    def connection(self, timeout: float = 0.6) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=timeout)

    def path(self, method: str, **params: object) -> str:
        plain = {
            key: json.dumps(value) if isinstance(value, bool) else value for key, value in params.items()
        }
        return f"/api/v2/{method}?{urlencode(plain)}"

    def over(
        self, connection: http.client.HTTPConnection, method: str, **params: object
    ) -> tuple[int, str, bytes]:
        try:
            connection.request(
                "GET", self.path(method, **params), headers={"Authorization": f"Bearer {self.token}"}
            )
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(repr(error)) from error

    def ask(self, method: str, **params: object) -> Any:
        """The result. Raises Refusal or NoAnswer."""
        _, _, body = self.raw(method, **params)
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise NoAnswer(repr(body[:80])) from error
        if "error" in answer:
            raise Refusal(answer["error"])
        return answer["result"]

    def order(self, side: str, label: str, amount: float = 10, **more: object) -> Any:
        """A marketable immediate-or-cancel order in the BTC perpetual, unless ``more`` says otherwise."""
        asked = {
            "instrument_name": BTC,
            "amount": amount,
            "type": "limit",
            "price": self.far(side),
            "time_in_force": "immediate_or_cancel",
            "label": label,
            **more,
        }
        return self.ask(f"private/{side}", **asked)

    def resting(self, label: str, amount: float = 100, away: float = 0.03) -> Any:
        """A buy order that nothing reaches."""
        price = round(self.ticker()["mark_price"] * (1 - away))
        return self.order("buy", label, amount, price=price, time_in_force="good_til_cancelled")["order"]

    def far(self, side: str) -> float:
        """A price that every level of the book meets."""
        mark = self.paper.server.exchange.mark(BTC).mark_price
        return round(mark * (1.02 if side == "buy" else 0.98))

    def ticker(self, name: str = BTC) -> Any:
        return self.ask("public/ticker", instrument_name=name)

    def position(self, name: str = BTC) -> float:
        """Size by the exchange's own book, whatever its endpoint says."""
        exchange = self.paper.server.exchange
        return float(exchange.accounts["desk"].position(exchange.market.listings[name]).size)

    def orders(self, label: str) -> list[Any]:
        """Orders of a label by the exchange's own book."""
        orders = self.paper.server.exchange.accounts["desk"].orders.values()
        return [order for order in orders if order.label == label]

    def accepted(self, label: str) -> int:
        return len(self.orders(label))

    def requested(self, label: str) -> int:
        return self.control.state().order_requests.get(label, 0)

    def option(self) -> str:
        """An option that the account holds, settled in its coin."""
        account = self.paper.server.exchange.accounts["desk"]
        return next(
            item.listing.name for item in account.held("BTC") if item.is_option and item.listing.inverse
        )
