"""The tables of the time series: the latest view, the records by kind, runs of equal decisions."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SERIES_METADATA = MetaData()

VIEWS = Table(
    "latest_view",
    SERIES_METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

EXPOSURES = Table(
    "exposure_point",
    SERIES_METADATA,
    Column("at_ns", BigInteger, primary_key=True),
    Column("underlying", Text, primary_key=True),
    Column("index_usd", Float),
    Column("equity_coin", Float),
    Column("delta_coin", Float),
    Column("delta_net_coin", Float),
    Column("delta_hedge_coin", Float),
    Column("delta_after_expiry_coin", Float),
    Column("smile_shift_coin", Float),
    Column("gamma_coin", Float),
    Column("gamma_black_coin", Float),
    Column("vega_usd", Float),
    Column("theta_usd", Float),
    Column("gross_notional_usd", Float),
    Column("hedge_position_coin", Float),
    Column("hedged_share", Float),
    Column("gaps", Integer),
    Column("missing", Text),
    sqlite_with_rowid=False,
)

DRIFTS = Table(
    "drift_point",
    SERIES_METADATA,
    Column("at_ns", BigInteger, primary_key=True),
    Column("underlying", Text, primary_key=True),
    Column("state", Text),
    Column("band_lower_coin", Float, nullable=False),
    Column("band_centre_coin", Float),
    Column("band_upper_coin", Float, nullable=False),
    Column("target_coin", Float),
    Column("beyond_coin", Float),
    Column("ratio_held", Float),
    Column("ratio_wanted", Float),
    Column("missing", Text),
    sqlite_with_rowid=False,
)

LIMIT_LINES = Table(
    "limit_line",
    SERIES_METADATA,
    Column("id", Integer, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("soft", Float, nullable=False),
    Column("hard", Float, nullable=False),
    Column("unit", Text, nullable=False),
    UniqueConstraint("scope", "measure", "soft", "hard", "unit", name="one_line_per_limit"),
)

LIMITS = Table(
    "limit_point",
    SERIES_METADATA,
    Column("at_ns", BigInteger, primary_key=True),
    Column("line_id", Integer, ForeignKey("limit_line.id"), primary_key=True),
    Column("value", Float),
    Column("level", Text, nullable=False),
    Column("gaps", Integer),
    sqlite_with_rowid=False,
)

MARK_LAYOUTS = Table(
    "mark_layout",
    SERIES_METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

MARK_FRAMES = Table(
    "mark_frame",
    SERIES_METADATA,
    Column("at_ns", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("layout_id", Integer, ForeignKey("mark_layout.id"), nullable=False),
    Column("instruments", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("frame_layout", "layout_id"),
)

MARGINS = Table(
    "margin_point",
    SERIES_METADATA,
    Column("at_ns", BigInteger, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("equity", Float),
    Column("available", Float),
    Column("initial_margin", Float),
    Column("maintenance_margin", Float),
    Column("delta_total_coin", Float),
    Column("delta_totals", Text),
    Column("missing", Text),
    sqlite_with_rowid=False,
)

RUNS = Table(
    "decision_run",
    SERIES_METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("underlying", Text, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("underlying", "first_ns", name="one_run_per_start"),
)
