"""Which columns a noun is stored under: the searched ones, its canonical body, and its reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table

from hedging.ledger.codec import decode, encode, nanoseconds
from hedging.ledger.schema import COMMANDS, FILLS, ORDERS, TERMS, TICKETS, TRADING
from hedging.model.terms import TermsVersion
from hedging.model.trading import Command, Fill, Order, Ticket, TradingStatus

Columns = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """A table, and the columns that name one of its rows there and (joined by ``/``) in the chain."""

    table: Table
    key: tuple[str, ...]

    def is_row(self, row: Mapping[str, object]) -> tuple[ColumnElement[bool], ...]:
        """Conditions that select the stored row with the key of ``row``."""
        return tuple(self.table.c[name] == row[name] for name in self.key)

    def ref_of(self, row: Mapping[str, object]) -> str:
        """Name a row in the chain."""
        return "/".join(str(row[name]) for name in self.key)


@dataclass(frozen=True, slots=True)
class Shelf(Place):
    """The place of one kind of noun: its record ``kind``, its class, and how it becomes columns."""

    kind: str
    noun: type[Any]
    columns: Callable[[Any], Columns]

    def row(self, noun: object) -> dict[str, object]:
        """All columns but those that only the database knows; raises LedgerError as ``encode``."""
        return {"body": encode(noun), **self.columns(noun)}

    def row_of_body(self, body: str) -> dict[str, object]:
        """Derive the columns again from a stored body; raises LedgerError where it is no such noun."""
        return {"body": body, **self.columns(self.noun_of(body))}

    def noun_of(self, body: str) -> Any:
        """Read a stored body; raises LedgerError where it is no such noun."""
        return decode(self.noun, body)


def _ticket(ticket: Ticket) -> Columns:
    return {
        "id": ticket.id,
        "version": ticket.version,
        "underlying": ticket.underlying,
        "state": ticket.state.value,
        "created_ns": nanoseconds(ticket.created_at),
        "expires_ns": nanoseconds(ticket.expires_at),
        "proposed_by": ticket.proposed_by,
        "decided_by": ticket.decided_by,
        "inputs_hash": ticket.inputs_hash,
        "content_hash": ticket.content_hash,
    }


def _order(order: Order) -> Columns:
    return {
        "client_id": order.client_id,
        "ticket_id": order.ticket_id,
        "leg": order.leg,
        "clip": order.clip,
        "account": order.account,
        "venue": order.venue,
        "venue_id": order.venue_id,
        "instrument": order.instrument,
        "underlying": order.underlying,
        "side": order.side.value,
        "state": order.state.value,
        "amount": str(order.amount),
        "limit_price": str(order.limit_price),
        "filled": str(order.filled),
        "created_ns": nanoseconds(order.created_at),
        "actor": order.actor,
        "approver": order.approver,
    }


def _fill(fill: Fill) -> Columns:
    return {
        "venue": fill.venue,
        "account": fill.account,
        "trade_id": fill.trade_id,
        "client_id": fill.client_id,
        "instrument": fill.instrument,
        "side": fill.side.value,
        "amount": str(fill.amount),
        "price": str(fill.price),
        "at_ns": nanoseconds(fill.at),
    }


def _command(command: Command) -> Columns:
    return {
        "key": command.key,
        "at_ns": nanoseconds(command.at),
        "user_name": command.user,
        "kind": command.kind.value,
        "ref": command.ref,
        "state": command.state.value,
    }


def _trading(status: TradingStatus) -> Columns:
    return {"state": status.state.value}


def _terms(version: TermsVersion) -> Columns:
    return {
        "number": version.number,
        "based_on": version.based_on,
        "at_ns": nanoseconds(version.at),
        "source": version.source.value,
        "author": version.author,
        "approver": version.approver,
        "state": version.state.value,
        "content_hash": version.content_hash,
    }


TICKET = Shelf(TICKETS, ("id",), "ticket", Ticket, _ticket)
ORDER = Shelf(ORDERS, ("client_id",), "order", Order, _order)
FILL = Shelf(FILLS, ("venue", "account", "trade_id"), "fill", Fill, _fill)
COMMAND = Shelf(COMMANDS, ("key",), "command", Command, _command)
TRADING_STATUS = Shelf(TRADING, ("book",), "trading", TradingStatus, _trading)
TERMS_VERSION = Shelf(TERMS, ("book", "number"), "terms", TermsVersion, _terms)

SHELVES = (TICKET, ORDER, FILL, COMMAND, TRADING_STATUS, TERMS_VERSION)
