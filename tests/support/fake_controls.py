"""What a fake engine's pre-trade checks compare: every kind of reading that gates make."""

from collections.abc import Mapping

from hedging.model.gates import OF_THE_ORDER, BoundKind, Reading
from hedging.model.trading import TradingStatus
from hedging.model.view import ControlView

MOST_COIN = {"BTC": 25.0, "ETH": 400.0}
MOST_ORDER = {"BTC": 10.0, "ETH": 150.0}


def controls(status: TradingStatus, hedges: Mapping[str, float], feed_age: float) -> tuple[ControlView, ...]:
    """The checks of each underlying's hedge; ``hedges`` in coin, ``feed_age`` in seconds."""
    found = []
    for name, held in hedges.items():
        for control, sentence, readings in _checks(name, held, status, feed_age):
            found.append(ControlView(control=control, sentence=sentence, underlying=name, readings=readings))
    return tuple(found)


def _checks(name, held, status, age):
    auto = status.auto
    return (
        ("C1", "no kill latch is set", (Reading("kill latches set", 0.0, 0.0),)),
        ("C23", "ticket, actor and approver are named", ()),
        ("C2", "the trading state allows it", (Reading("trading", status.state.value, "active"),)),
        ("C24", "the market is sane", (Reading("market", "sane", "sane"),)),
        ("C19", "the venue answers and accepts our key", (Reading("paper", "open", "open"),)),
        ("C16", "no expiry, settlement or maintenance is near", (
            Reading("from settlement", 26_400.0, 60.0, "s", BoundKind.LEAST),
            Reading(f"{name}-PERPETUAL", "open", "open"),
        )),
        ("C18", "automatic mode is armed, or a person approved", (
            Reading("orders used", float(auto.orders_used), float(auto.max_orders or 20)),
            Reading("turnover used", auto.turnover_used_usd, auto.max_turnover_usd or 3e6, "USD"),
        )),
        ("C8", "automatic mode does not repeat itself", (
            Reading("changes of side", 1.0, 3.0),
            Reading("automatic sells", 5.0 if name == "BTC" else 0.0, 6.0, "per 10 min"),
        )),
        ("C14", "no own order rests on the other side", (Reading("own resting orders", 0.0, None),)),
        ("C10", "prices, marks, position, margin and clock are fresh", (
            Reading("age of the book", age, 2.0, "s"),
            Reading("age of the marks", 2 * age, 5.0, "s"),
            Reading("clock offset", None if name == "ETH" else 0.012, 0.5, "s"),
        )),
        ("C3", "the price is inside the collar", (
            Reading("reference", 103_410.0 if name == "BTC" else 3_870.0, None, "USD"),
            Reading("price away from it", OF_THE_ORDER, 310.5, "USD"),
        )),
        ("C4", "the order is not too large", (
            Reading("order value", OF_THE_ORDER, 2_500_000.0, "USD"),
            Reading("order volume", OF_THE_ORDER, MOST_ORDER[name], name),
        )),
        ("C5/C7", "the position stays inside its hard limit in the worst case", (
            Reading("worst position", held, MOST_COIN[name], name),
        )),
        ("C5", "the initial margin leaves its headroom", (
            Reading("initial margin", 0.4213, 0.7, "share of equity"),
        )),
        ("C13", "what rests ends by itself when we are silent", (
            Reading("dead man's switch", 44.0, 60.0, "s"),
        )),
        ("C6", "the message budget allows it", (
            Reading("messages", 1.0, 4.0, "per 1 s"),
            Reading("messages", 7.0, 48.0, "per 60 s"),
            Reading("orders", 212.0, 5_000.0, "per day"),
        )),
    )  # fmt: skip
