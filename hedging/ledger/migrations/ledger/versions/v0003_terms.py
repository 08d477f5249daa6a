"""Versions of the desk's terms: only their state changes, one is in force, author and approver are two."""

import sqlalchemy as sa
from alembic import op

from hedging.ledger.migrations.guards import ALWAYS, Guard

revision = "0003"
down_revision = "0002"

FROZEN = ("based_on", "at_ns", "source", "author", "content_hash")
CHANGED = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FROZEN)
OVER = "('rejected', 'withdrawn', 'superseded')"

GUARDS = tuple(
    Guard(name, change, "terms", condition, f"terms: {refusal}")
    for name, change, condition, refusal in (
        ("terms_no_delete", "DELETE", ALWAYS, "rows are never deleted"),
        ("terms_are_frozen", "UPDATE", CHANGED, "a version is never changed"),
        ("terms_end_once", "UPDATE", f"OLD.state IN {OVER}", "this version is over"),
        (
            "terms_do_not_go_back",
            "UPDATE",
            "NEW.state = 'proposed' AND OLD.state = 'in force'",
            "a version in force is no proposal again",
        ),
        (
            "terms_keep_their_approver",
            "UPDATE",
            "OLD.approver <> '' AND NEW.approver <> OLD.approver",
            "who approved it does not change",
        ),
    )
)


def upgrade() -> None:
    """Create the table, empty, with the rules that the database keeps by itself."""
    texts = ("source", "author", "approver", "state", "content_hash", "body")
    op.create_table(
        "terms",
        sa.Column("book", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("based_on", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in texts],
        sa.Column("record", sa.BigInteger, sa.ForeignKey("record.sequence"), nullable=False),
        sa.CheckConstraint(
            "lower(trim(approver)) <> lower(trim(author))", name="a_person_does_not_approve_their_own_terms"
        ),
        sa.CheckConstraint(
            "state <> 'in force' OR trim(approver) <> ''", name="terms_in_force_were_approved"
        ),
    )
    op.create_index(
        "one_version_in_force",
        "terms",
        ["book"],
        unique=True,
        sqlite_where=sa.text("state = 'in force'"),
        postgresql_where=sa.text("state = 'in force'"),
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for guard in GUARDS:
        op.execute(guard.on_sqlite())
