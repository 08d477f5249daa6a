"""The ledger's tables as queries see them; the migrations build them.

Rows carry the columns that are searched, the whole noun as canonical JSON in ``body``, and in
``record`` the sequence of the record that wrote them. Times are nanoseconds UTC, decimals text.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

RECORDS = Table(
    "record",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

HEAD = Table(
    "chain_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)


def _record() -> Column[int]:
    return Column("record", BigInteger, ForeignKey("record.sequence"), nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _integer(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


TICKETS = Table(
    "ticket",
    METADATA,
    Column("id", Text, primary_key=True),
    _integer("version"),
    _text("underlying"),
    _text("state"),
    _integer("created_ns"),
    _integer("expires_ns"),
    _text("proposed_by"),
    _text("decided_by"),
    _text("inputs_hash"),
    _text("content_hash"),
    _text("body"),
    _record(),
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("ticket_id", Text, ForeignKey("ticket.id"), nullable=False),
    _integer("leg"),
    _integer("clip"),
    _text("account"),
    _text("venue"),
    _text("venue_id"),
    _text("instrument"),
    _text("underlying"),
    _integer("side"),
    _text("state"),
    _text("amount"),
    _text("limit_price"),
    _text("filled"),
    _integer("created_ns"),
    _text("actor"),
    _text("approver"),
    _text("body"),
    _record(),
    UniqueConstraint("ticket_id", "leg", "clip", name="one_attempt_per_intent"),
)

FILLS = Table(
    "fill",
    METADATA,
    Column("venue", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("trade_id", Text, primary_key=True),
    _text("client_id"),
    _text("instrument"),
    _integer("side"),
    _text("amount"),
    _text("price"),
    _integer("at_ns"),
    _text("body"),
    _record(),
)

COMMANDS = Table(
    "command",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    _integer("at_ns"),
    Column("user_name", Text, nullable=False),
    _text("kind"),
    _text("ref"),
    _text("state"),
    _text("body"),
    _record(),
)

TRADING = Table(
    "trading",
    METADATA,
    Column("book", Text, primary_key=True),
    _text("state"),
    _text("body"),
    _record(),
)

TERMS = Table(
    "terms",
    METADATA,
    Column("book", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _integer("based_on"),
    _integer("at_ns"),
    _text("source"),
    _text("author"),
    _text("approver"),
    _text("state"),
    _text("content_hash"),
    _text("body"),
    _record(),
)

INPUTS = Table(
    "inputs",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _record(),
)

LEASES = Table(
    "lease",
    METADATA,
    Column("book", Text, primary_key=True),
    _text("holder"),
    _integer("token"),
    _integer("expires_ns"),
    _record(),
    Column("seal", Text, nullable=False, server_default=""),
)
