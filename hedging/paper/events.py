"""What the exchange tells its connections after a command or a step of time."""

from dataclasses import dataclass

from hedging.paper.orders import Fill, Order, PublicTrade


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was accepted, edited, filled or cancelled."""

    order: Order


@dataclass(frozen=True, slots=True)
class Filled:
    """An account's order traded."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class Printed:
    """A trade for the public tape."""

    trade: PublicTrade


@dataclass(frozen=True, slots=True)
class WalletChanged:
    """A wallet or a position of an account changed."""

    account: str
    currency: str


Event = OrderChanged | Filled | Printed | WalletChanged
