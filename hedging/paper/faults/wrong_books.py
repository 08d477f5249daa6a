"""Order books that no market has, by REST, quote, ticker and book channels alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from hedging.paper.faults.base import Levels
from hedging.paper.faults.wrong_prices import MarketDataFault

Touch = tuple[float, float]
"""Best price and its amount; 0 and 0 where nobody is."""


@dataclass(frozen=True)
class BookFault(MarketDataFault):
    """A fault of the books; orders still trade against the true ones."""

    def book(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Levels as they are shown, best first."""
        return bids, asks

    def levels(self, name: str, bids: Levels, asks: Levels) -> tuple[Levels, Levels] | None:
        """Of the chosen instruments."""
        return self.book(bids, asks) if self.underlying.holds(name) else None

    def row(self, row: Mapping[str, object]) -> Mapping[str, object]:
        """With another touch, and other levels where it has any."""
        if "type" in row or not {"best_bid_price", "bid_price"} & set(row):
            return row  # a message of a book channel comes with its levels changed; an index has no book
        told = dict(row)
        if isinstance(row.get("bids"), list):
            shown = self.book(_levels(row["bids"]), _levels(row["asks"]))
            told |= {
                side: [list(level) for level in rows]
                for side, rows in zip(("bids", "asks"), shown, strict=True)
            }
        bids, asks = self.book(_touch(row, "bid"), _touch(row, "ask"))
        for side, level in (("bid", bids), ("ask", asks)):
            price, amount = level[0] if level else (0.0, 0.0)
            if f"{side}_price" in row:
                told[f"{side}_price"] = price or None
            else:
                told |= {f"best_{side}_price": price, f"best_{side}_amount": amount}
        if "mid_price" in row:
            told["mid_price"] = (bids[0][0] + asks[0][0]) / 2 if bids and asks else None
        return told


def _levels(rows: object) -> Levels:
    return [(float(price), float(amount)) for price, amount in rows] if isinstance(rows, list) else []


def _touch(row: Mapping[str, object], side: str) -> Levels:
    price = row.get(f"best_{side}_price") or row.get(f"{side}_price")
    amount = row.get(f"best_{side}_amount", 1.0)
    if not isinstance(price, int | float) or not isinstance(amount, int | float):
        return []
    return [(float(price), float(amount))]
