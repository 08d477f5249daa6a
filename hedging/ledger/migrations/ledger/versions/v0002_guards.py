"""Rules the database keeps by itself, whoever writes to it (SQLite's triggers; none on PostgreSQL yet)."""

from alembic import op

revision = "0002"
down_revision = "0001"

FROZEN_ORDER = ("ticket_id", "leg", "clip", "account", "venue", "instrument", "side", "amount", "limit_price")
LIVE = "('new', 'sent', 'acked', 'partial', 'unknown')"
ANOTHER_IS_LIVE = f"""NEW.state IN {LIVE} AND EXISTS (SELECT 1 FROM orders WHERE state IN {LIVE}
    AND account = NEW.account AND venue = NEW.venue AND instrument = NEW.instrument
    AND client_id <> NEW.client_id)"""  # noqa: S608 - constants of this file alone


def upgrade() -> None:
    """Add the guards to the tables as they are."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("record", "fill", "inputs"):
        for change in ("UPDATE", "DELETE"):
            _guard(
                f"{table}_no_{change.lower()}",
                f"{change} ON {table}",
                "1",
                f"{table}: entries are never changed",
            )
    for table in ("ticket", "orders", "command", "trading", "lease", "chain_head"):
        _guard(f"{table}_no_delete", f"DELETE ON {table}", "1", f"{table}: rows are never deleted")
    _guard(
        "record_follows",
        "INSERT ON record",
        "NOT EXISTS (SELECT 1 FROM chain_head"
        " WHERE NEW.sequence = sequence + 1 AND NEW.previous_hash = hash)",
        "record: does not follow the last one",
    )
    _guard(
        "ticket_content_is_frozen",
        "UPDATE ON ticket",
        "NEW.content_hash <> OLD.content_hash OR NEW.proposed_by <> OLD.proposed_by",
        "ticket: its content was fixed when it was proposed",
    )
    changed = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FROZEN_ORDER)
    _guard(
        "order_is_frozen",
        "UPDATE ON orders",
        changed,
        "orders: what an order asks for was fixed when it was made",
    )
    _guard(
        "one_live_order",
        "INSERT ON orders",
        ANOTHER_IS_LIVE,
        "orders: another order is live in this account and instrument",
    )
    _guard("token_grows", "UPDATE ON lease", "NEW.token < OLD.token", "lease: the token only grows")


def _guard(name: str, change: str, condition: str, refusal: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {change} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )
