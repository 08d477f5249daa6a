"""PostgreSQL gets the guards that SQLite has, and a lease's end is sealed."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from hedging.ledger.migrations.guards import not_emptied
from hedging.ledger.migrations.ledger.versions import v0002_guards, v0003_terms

revision = "0004"
down_revision = "0003"

TABLES = (
    "record",
    "chain_head",
    "ticket",
    "orders",
    "fill",
    "command",
    "trading",
    "terms",
    "inputs",
    "lease",
)


def upgrade() -> None:
    """Add the column with its value for the rows that are there; then the guards."""
    op.add_column("lease", sa.Column("seal", sa.Text, nullable=False, server_default=""))
    _seal_leases()
    if op.get_bind().dialect.name == "sqlite":
        return
    for guard in (*v0002_guards.GUARDS, *v0003_terms.GUARDS):
        for statement in guard.on_postgresql():
            op.execute(statement)
    for table in TABLES:
        for statement in not_emptied(table):
            op.execute(statement)


def _seal_leases() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT book, holder, token, expires_ns, record FROM lease")).all()
    for row in rows:
        text = json.dumps(list(row), separators=(",", ":"), ensure_ascii=False)
        connection.execute(
            sa.text("UPDATE lease SET seal = :seal WHERE book = :book"),
            {"seal": hashlib.sha256(text.encode()).hexdigest(), "book": row.book},
        )
