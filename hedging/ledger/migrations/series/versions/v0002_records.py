"""The records of an engine: exposure, drift, limits, marks and margin, ordered by time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DRIFT = ("band_lower_coin", "band_upper_coin", "ratio_held", "ratio_wanted")


def upgrade() -> None:
    """Create the tables of records and carry the samples of the first version over."""
    _exposure_and_drift()
    _limits()
    _marks()
    _margin()
    why = sa.literal("recorded by an earlier version")
    old = sa.table(
        "exposure_sample",
        *(sa.column(name) for name in ("at_ns", "underlying", "index_usd", "delta_coin", *_DRIFT)),
    )
    _carry(old, "exposure_point", (old.c.at_ns, old.c.underlying, old.c.index_usd, old.c.delta_coin), why)
    _carry(old, "drift_point", (old.c.at_ns, old.c.underlying, *(old.c[name] for name in _DRIFT)), why)
    op.drop_table("exposure_sample")


def _carry(
    old: sa.TableClause, into: str, columns: tuple[sa.ColumnClause[object], ...], why: sa.BindParameter[str]
) -> None:
    names = [*(column.name for column in columns), "missing"]
    new = sa.table(into, *(sa.column(name) for name in names))
    op.execute(sa.insert(new).from_select(names, sa.select(*columns, why).select_from(old)))


def _exposure_and_drift() -> None:
    op.create_table(
        "exposure_point",
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("underlying", sa.Text, primary_key=True),
        sa.Column("index_usd", sa.Float),
        sa.Column("equity_coin", sa.Float),
        sa.Column("delta_coin", sa.Float),
        sa.Column("delta_net_coin", sa.Float),
        sa.Column("delta_hedge_coin", sa.Float),
        sa.Column("delta_after_expiry_coin", sa.Float),
        sa.Column("smile_shift_coin", sa.Float),
        sa.Column("gamma_coin", sa.Float),
        sa.Column("gamma_black_coin", sa.Float),
        sa.Column("vega_usd", sa.Float),
        sa.Column("theta_usd", sa.Float),
        sa.Column("gross_notional_usd", sa.Float),
        sa.Column("hedge_position_coin", sa.Float),
        sa.Column("hedged_share", sa.Float),
        sa.Column("gaps", sa.Integer),
        sa.Column("missing", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "drift_point",
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("underlying", sa.Text, primary_key=True),
        sa.Column("state", sa.Text),
        sa.Column("band_lower_coin", sa.Float, nullable=False),
        sa.Column("band_centre_coin", sa.Float),
        sa.Column("band_upper_coin", sa.Float, nullable=False),
        sa.Column("target_coin", sa.Float),
        sa.Column("beyond_coin", sa.Float),
        sa.Column("ratio_held", sa.Float),
        sa.Column("ratio_wanted", sa.Float),
        sa.Column("missing", sa.Text),
        sqlite_with_rowid=False,
    )


def _limits() -> None:
    op.create_table(
        "limit_line",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("soft", sa.Float, nullable=False),
        sa.Column("hard", sa.Float, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.UniqueConstraint("scope", "measure", "soft", "hard", "unit", name="one_line_per_limit"),
    )
    op.create_table(
        "limit_point",
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("line_id", sa.Integer, sa.ForeignKey("limit_line.id"), primary_key=True),
        sa.Column("value", sa.Float),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("gaps", sa.Integer),
        sqlite_with_rowid=False,
    )


def _marks() -> None:
    op.create_table(
        "mark_layout",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "mark_frame",
        sa.Column("at_ns", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("layout_id", sa.Integer, sa.ForeignKey("mark_layout.id"), nullable=False),
        sa.Column("instruments", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("frame_layout", "mark_frame", ["layout_id"])


def _margin() -> None:
    op.create_table(
        "margin_point",
        sa.Column("at_ns", sa.BigInteger, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("equity", sa.Float),
        sa.Column("available", sa.Float),
        sa.Column("initial_margin", sa.Float),
        sa.Column("maintenance_margin", sa.Float),
        sa.Column("delta_total_coin", sa.Float),
        sa.Column("delta_totals", sa.Text),
        sa.Column("missing", sa.Text),
        sqlite_with_rowid=False,
    )
