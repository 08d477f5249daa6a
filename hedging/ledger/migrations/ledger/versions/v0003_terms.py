"""Versions of the desk's terms: only their state changes, one is in force, author and approver are two."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

FROZEN = ("based_on", "at_ns", "source", "author", "content_hash")
OVER = "('rejected', 'withdrawn', 'superseded')"


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
    _guard("terms_no_delete", "DELETE ON terms", "1", "rows are never deleted")
    changed = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FROZEN)
    _guard("terms_are_frozen", "UPDATE ON terms", changed, "a version is never changed")
    _guard("terms_end_once", "UPDATE ON terms", f"OLD.state IN {OVER}", "this version is over")
    back = "NEW.state = 'proposed' AND OLD.state = 'in force'"
    _guard("terms_do_not_go_back", "UPDATE ON terms", back, "a version in force is no proposal again")
    replaced = "OLD.approver <> '' AND NEW.approver <> OLD.approver"
    _guard("terms_keep_their_approver", "UPDATE ON terms", replaced, "who approved it does not change")


def _guard(name: str, change: str, condition: str, refusal: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {change} WHEN {condition}"
        f" BEGIN SELECT RAISE(ABORT, 'terms: {refusal}'); END"
    )
