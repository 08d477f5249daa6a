"""What scenarios need: saved what-if books, and hourly closes of the hedging instruments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "saved_scenario",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "hourly_close",
        sa.Column("instrument", sa.Text, primary_key=True),
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("price_usd", sa.Float, sa.CheckConstraint("price_usd > 0"), nullable=False),
        sqlite_with_rowid=False,
    )
