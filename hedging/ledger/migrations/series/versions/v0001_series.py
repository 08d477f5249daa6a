"""The first tables of the time series."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the view's one row, the samples and the runs."""
    op.create_table(
        "latest_view",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "exposure_sample",
        sa.Column("underlying", sa.Text, primary_key=True),
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("index_usd", sa.Float),
        sa.Column("delta_coin", sa.Float),
        sa.Column("band_lower_coin", sa.Float, nullable=False),
        sa.Column("band_upper_coin", sa.Float, nullable=False),
        sa.Column("ratio_held", sa.Float),
        sa.Column("ratio_wanted", sa.Float),
    )
    op.create_index("sample_at", "exposure_sample", ["at_ns"])
    op.create_table(
        "decision_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("underlying", sa.Text, nullable=False),
        sa.Column("first_ns", sa.BigInteger, nullable=False),
        sa.Column("last_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("underlying", "first_ns", name="one_run_per_start"),
    )
    op.create_index("run_last", "decision_run", ["last_ns"])
