"""The tables of the time series: the latest view, exposure samples, runs of equal decisions."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
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

SAMPLES = Table(
    "exposure_sample",
    SERIES_METADATA,
    Column("underlying", Text, primary_key=True),
    Column("at_ns", BigInteger, primary_key=True),
    Column("index_usd", Float),
    Column("delta_coin", Float),
    Column("band_lower_coin", Float, nullable=False),
    Column("band_upper_coin", Float, nullable=False),
    Column("ratio_held", Float),
    Column("ratio_wanted", Float),
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
