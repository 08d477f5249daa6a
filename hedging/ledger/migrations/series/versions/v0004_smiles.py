"""What smiles need: the recorded options of the minimum-variance regression, and the latest picture."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "option_listed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("underlying", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, sa.CheckConstraint("kind IN (1, -1)"), nullable=False),
        sa.Column("settlement", sa.Text, nullable=False),
        sa.Column("expiry_ns", sa.BigInteger, nullable=False),
        sa.Column("strike", sa.Float, sa.CheckConstraint("strike > 0"), nullable=False),
        sa.UniqueConstraint("venue", "name", "expiry_ns", name="one_row_per_option"),
    )
    op.create_table(
        "option_point",
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("option_id", sa.Integer, sa.ForeignKey("option_listed.id"), primary_key=True),
        sa.Column("index_usd", sa.Float),
        sa.Column("forward_usd", sa.Float, sa.CheckConstraint("forward_usd > 0"), nullable=False),
        sa.Column("mark", sa.Float, sa.CheckConstraint("mark > 0"), nullable=False),
        sa.Column("iv", sa.Float, sa.CheckConstraint("iv > 0"), nullable=False),
        sa.Column("delta", sa.Float, nullable=False),
        sa.Column("vega_usd", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "smile_picture",
        sa.Column("underlying", sa.Text, primary_key=True),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
