"""A client of the paper exchange's control endpoint, for the demo page, tests and drills."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from hedging.errors import VenueRejected, VenueUnreachable

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault as the exchange lists it; ``parameters`` maps a name to its present value.

    ``group`` is a word for what it is about; ``hits`` counts how often it struck since it was last switched
    on; one that is not ``lasting`` acts once when it is switched on, and is off again.
    ``left_seconds`` is how long it stays on, None without end.
    """

    name: str
    sentence: str
    is_on: bool
    parameters: Mapping[str, str | float | bool]
    group: str = ""
    hits: int = 0
    lasting: bool = True
    left_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """What the paper exchange says of itself; counts by method and by order label."""

    simulated_ms: int
    speed: float
    faults_on: tuple[str, ...]
    requests: Mapping[str, int]
    order_requests: Mapping[str, int]
    orders_accepted: Mapping[str, int]
    index: Mapping[str, float]


class ControlClient:
    """Sends one request a call over a fresh connection; thread-safe for that reason.

    Every method raises VenueUnreachable when no answer came and VenueRejected when the answer was a refusal.
    """

    def __init__(self, url: str, token: str, timeout_seconds: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise VenueRejected(f"the control address {url!r} is not an http:// address")
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path
        self._token = token
        self._timeout = timeout_seconds

    def price_shock(self, underlying: str, relative: float) -> None:
        """Move the prices of BTC or ETH by a fraction, such as -0.08."""
        self._post("price_shock", {"underlying": underlying, "relative": relative})

    def vol_shock(self, underlying: str, absolute: float) -> None:
        """Move implied volatility of BTC or ETH, 0.10 being ten points."""
        self._post("vol_shock", {"underlying": underlying, "absolute": absolute})

    def trade(self, instrument: str, side: str, amount: float) -> Json:
        """Trade at market in the demo account, ``side`` buy or sell, ``amount`` in Deribit's unit."""
        return self._post("trade", {"instrument_name": instrument, "side": side, "amount": amount})

    def faults(self) -> list[FaultRow]:
        """Every fault the exchange knows."""
        return _fault_rows(self._call("GET", "faults", None))

    def set_fault(self, name: str, **parameters: str | float | bool) -> list[FaultRow]:
        """Switch a fault on; parameters not given keep their defaults.

        Every fault also takes ``times`` (the next so many), ``for_seconds`` and ``chance`` (0 to 1).
        """
        return _fault_rows(self._post("faults", {"name": name, "on": True, "parameters": parameters}))

    def clear_fault(self, name: str) -> list[FaultRow]:
        """Switch a fault off."""
        return _fault_rows(self._post("faults", {"name": name, "on": False}))

    def clear_faults(self) -> list[FaultRow]:
        """Switch every fault off."""
        return _fault_rows(self._post("faults", {"on": False}))

    def state(self) -> ExchangeState:
        """What the exchange says of itself."""
        raw = self._call("GET", "state", None)
        return ExchangeState(
            simulated_ms=int(str(raw["simulated_ms"])),
            speed=float(str(raw["speed"])),
            faults_on=tuple(str(name) for name in _list(raw["faults_on"])),
            requests=_counts(raw["requests"]),
            order_requests=_counts(raw["order_requests"]),
            orders_accepted=_counts(raw["orders_accepted"]),
            index={name: float(str(value)) for name, value in _object(raw["index"]).items()},
        )

    def _post(self, what: str, body: Json) -> Json:
        return self._call("POST", what, json.dumps(body))

    def _call(self, method: str, what: str, body: str | None) -> Json:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"{self._path}/{what}", body, headers)
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise VenueUnreachable(
                f"the paper exchange's control endpoint does not answer: {error}"
            ) from error
        finally:
            connection.close()
        answer = _object(json.loads(text))
        if status != 200:
            raise VenueRejected(f"the paper exchange refused {what}: {answer.get('error')}")
        return answer


def _fault_rows(answer: Json) -> list[FaultRow]:
    rows = []
    for item in map(_object, _list(answer["faults"])):
        parameters = map(_object, _list(item["parameters"]))
        values = {str(entry["name"]): _scalar(entry["value"]) for entry in parameters}
        rows.append(
            FaultRow(
                str(item["name"]),
                str(item["sentence"]),
                item["on"] is True,
                values,
                str(item["group"]),
                int(str(item["hits"])),
                item["lasting"] is True,
                None if item["left_seconds"] is None else float(str(item["left_seconds"])),
            )
        )
    return rows


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise VenueRejected(f"expected an object from the control endpoint, got {value!r}")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise VenueRejected(f"expected a list from the control endpoint, got {value!r}")
    return value


def _counts(value: object) -> dict[str, int]:
    return {name: int(str(count)) for name, count in _object(value).items()}


def _scalar(value: object) -> str | float | bool:
    if isinstance(value, str | int | float):
        return value
    raise VenueRejected(f"expected a plain value from the control endpoint, got {value!r}")
