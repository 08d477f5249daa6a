"""The tables of smiles in the time series: recorded options, and the latest picture of each underlying."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from hedging.ledger.series_schema import SERIES_METADATA

LISTED = Table(
    "option_listed",
    SERIES_METADATA,
    Column("id", Integer, primary_key=True),
    Column("venue", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("underlying", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("settlement", Text, nullable=False),
    Column("expiry_ns", BigInteger, nullable=False),
    Column("strike", Float, nullable=False),
    UniqueConstraint("venue", "name", "expiry_ns", name="one_row_per_option"),
)

POINTS = Table(
    "option_point",
    SERIES_METADATA,
    Column("at_ns", BigInteger, primary_key=True),
    Column("option_id", Integer, ForeignKey("option_listed.id"), primary_key=True),
    Column("index_usd", Float),
    Column("forward_usd", Float, nullable=False),
    Column("mark", Float, nullable=False),
    Column("iv", Float, nullable=False),
    Column("delta", Float, nullable=False),
    Column("vega_usd", Float, nullable=False),
    sqlite_with_rowid=False,
)

PICTURES = Table(
    "smile_picture",
    SERIES_METADATA,
    Column("underlying", Text, primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
