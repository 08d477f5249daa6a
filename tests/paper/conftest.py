"""A paper exchange on its own thread for clients, and one with a market that stands still for its parts."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

import pytest
from paper_wire import PaperWire

from hedging.paper.account import Account
from hedging.paper.auth import ApiKey
from hedging.paper.conduct import Conduct
from hedging.paper.control_client import ControlClient
from hedging.paper.exchange import Exchange, Placed
from hedging.paper.listing import Listing, ListingKind, listings
from hedging.paper.market_nouns import Funding, Level, Mark, SyntheticBook
from hedging.paper.orders import Order, OrderRequest
from hedging.paper.server import PaperOptions, PaperServer
from hedging.units import Side

START_NS = 1_795_348_800 * 1_000_000_000  # Sunday 22 November 2026, 12:00 UTC
SPOT = {"BTC": 100_000.0, "ETH": 4_000.0}


class RunningPaper:
    """A paper exchange served from a thread of its own."""

    def __init__(self, **options: object) -> None:
        self.ready = threading.Event()
        self.options = PaperOptions(print_ready=lambda _: None, **options)  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self.ready.wait(20), "the paper exchange did not start"

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self.ended = asyncio.get_running_loop(), asyncio.Event()
        self.server = PaperServer(self.options)
        await self.server.start()
        self.ready.set()
        await self.ended.wait()
        await self.server.stop()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self._thread.join(20)

    @property
    def rest(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/ws/api/v2"

    def key(self, name: str) -> ApiKey:
        return next(key for key in self.server.keys.keys if key.name == name)

    def config(self, name: str = "trader", **more: object) -> dict[str, object]:
        """Settings of an unmodified ccxt client."""
        key = self.key(name)
        return {
            "apiKey": key.key,
            "secret": key.secret,
            "urls": {"api": {"rest": self.rest, "ws": self.ws}},
            "enableRateLimit": False,
            **more,
        }

    @property
    def control(self) -> ControlClient:
        return ControlClient(f"{self.rest}/control", self.server.control_token)


@pytest.fixture
def paper() -> Iterator[RunningPaper]:
    running = RunningPaper()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shared_paper() -> Iterator[RunningPaper]:
    """One exchange for the tests of a module that leave each other alone."""
    running = RunningPaper()
    yield running
    running.stop()


class StillMarket:
    """A market whose marks, books and prints are set by the test."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.listings: dict[str, Listing] = {row.name: row for row in listings(START_NS, SPOT)}
        self.expired: dict[str, Listing] = {}
        self.spot = dict(SPOT)
        self.books: dict[str, SyntheticBook] = {}
        self.tape: list[object] = []
        self.rate = 0.0
        self.option_mark = {"mark": 0.05, "delta": 0.5}

    def advance(self, to_ns: int) -> None:
        self.now_ns = to_ns

    def index(self, index_name: str) -> float:
        return self.spot[index_name.split("_", maxsplit=1)[0].upper()]

    settlement_index = index

    def mark(self, name: str) -> Mark:
        listing = self.listings[name]
        spot = self.spot[listing.underlying]
        if listing.kind is not ListingKind.OPTION:
            return Mark(name, spot, spot, spot, listing.index_name, delta=1.0)
        sign = 1 if name.endswith("C") else -1
        price = self.option_mark["mark"] * (1.0 if listing.inverse else spot)
        delta = sign * self.option_mark["delta"]
        return Mark(name, price, spot, spot, "SYN", 0.6, 0.0, delta, 1e-5, 100.0, -50.0, 20.0)

    def marks(self, names: list[str]) -> list[Mark]:
        return [self.mark(name) for name in names]

    def funding(self, name: str) -> Funding:
        return Funding(0.0, 0.0, 0.0)

    def funding_rate_value(self, name: str, start_ns: int, end_ns: int) -> float:
        return self.rate

    def book(self, name: str) -> SyntheticBook:
        return self.books.get(name, SyntheticBook((), (), 1))

    def prints(self, since_ns: int) -> list[object]:
        tape, self.tape = self.tape, []
        return tape

    def set_book(self, name: str, bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> None:
        self.books[name] = SyntheticBook(
            tuple(Level(*row) for row in bids), tuple(Level(*row) for row in asks), 1
        )


@dataclass
class Sharing(Conduct):
    """An exchange on which only a share of an order trades."""

    share: Decimal = Decimal(1)

    def may_fill(self, order: Order, lot: Decimal) -> Decimal:
        return (order.remaining * self.share / lot).to_integral_value(rounding=ROUND_FLOOR) * lot

    @property
    def holds_resting(self) -> bool:
        return self.share < 1


@dataclass
class Desk:
    """An exchange with two funded accounts over a still market."""

    market: StillMarket = field(default_factory=StillMarket)

    def __post_init__(self) -> None:
        self.account, self.rival = Account("desk"), Account("rival")
        self.conduct = Sharing()
        self.exchange = Exchange(
            self.market,  # type: ignore[arg-type]
            [self.account, self.rival],
            conduct=self.conduct,
        )
        for account in (self.account, self.rival):
            for currency, amount in (("BTC", 10.0), ("ETH", 100.0), ("USDC", 100_000.0)):
                self.exchange.transfer(account, currency, amount)
        self.market.set_book(
            "BTC-PERPETUAL",
            [(99_999.5, 1000.0), (99_999.0, 2000.0), (99_998.0, 5000.0)],
            [(100_000.0, 1000.0), (100_000.5, 2000.0), (100_001.0, 5000.0)],
        )

    def order(self, side: Side, amount: float, price: float | None = None, **more: object) -> Placed:
        account = more.pop("account", self.account)
        name = more.pop("instrument", "BTC-PERPETUAL")
        real_ms = more.pop("real_ms", 0)
        request = OrderRequest(
            name,
            side,
            Decimal(str(amount)),
            price=None if price is None else Decimal(str(price)),
            **more,  # type: ignore[arg-type]
        )
        return self.exchange.submit(account, request, real_ms)  # type: ignore[arg-type]

    def later(self, seconds: float) -> None:
        self.exchange.advance(self.market.now_ns + int(seconds * 1e9))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="session")
def new_desk() -> type[Desk]:
    """Makes desks: for tests that need one for each example."""
    return Desk


@pytest.fixture(scope="module")
def module_wire(shared_paper: RunningPaper) -> PaperWire:
    return PaperWire(shared_paper)


@pytest.fixture
def wire(module_wire: PaperWire) -> Iterator[PaperWire]:
    """A client of the module's exchange; no fault is on before or after."""
    module_wire.control.clear_faults()
    yield module_wire
    module_wire.control.clear_faults()
