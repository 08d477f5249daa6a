"""Rules the database keeps by itself, whoever writes to it (on SQLite; 0004 brings them to PostgreSQL)."""

from alembic import op

from hedging.ledger.migrations.guards import ALWAYS, Guard

revision = "0002"
down_revision = "0001"

FROZEN_ORDER = ("ticket_id", "leg", "clip", "account", "venue", "instrument", "side", "amount", "limit_price")
CHANGED_ORDER = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FROZEN_ORDER)
LIVE = "('new', 'sent', 'acked', 'partial', 'unknown')"
ANOTHER_IS_LIVE = f"""NEW.state IN {LIVE} AND EXISTS (SELECT 1 FROM orders WHERE state IN {LIVE}
    AND account = NEW.account AND venue = NEW.venue AND instrument = NEW.instrument
    AND client_id <> NEW.client_id)"""  # noqa: S608 - constants of this file alone

GUARDS = (
    *(
        Guard(f"{table}_no_{change.lower()}", change, table, ALWAYS, f"{table}: entries are never changed")
        for table in ("record", "fill", "inputs")
        for change in ("UPDATE", "DELETE")
    ),
    *(
        Guard(f"{table}_no_delete", "DELETE", table, ALWAYS, f"{table}: rows are never deleted")
        for table in ("ticket", "orders", "command", "trading", "lease", "chain_head")
    ),
    Guard(
        "record_follows",
        "INSERT",
        "record",
        "NOT EXISTS (SELECT 1 FROM chain_head"
        " WHERE NEW.sequence = sequence + 1 AND NEW.previous_hash = hash)",
        "record: does not follow the last one",
    ),
    Guard(
        "ticket_content_is_frozen",
        "UPDATE",
        "ticket",
        "NEW.content_hash <> OLD.content_hash OR NEW.proposed_by <> OLD.proposed_by",
        "ticket: its content was fixed when it was proposed",
    ),
    Guard(
        "order_is_frozen",
        "UPDATE",
        "orders",
        CHANGED_ORDER,
        "orders: what an order asks for was fixed when it was made",
    ),
    Guard(
        "one_live_order",
        "INSERT",
        "orders",
        ANOTHER_IS_LIVE,
        "orders: another order is live in this account and instrument",
    ),
    Guard("token_grows", "UPDATE", "lease", "NEW.token < OLD.token", "lease: the token only grows"),
)


def upgrade() -> None:
    """Add the guards to the tables as they are."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for guard in GUARDS:
        op.execute(guard.on_sqlite())
