"""The tables of scenarios in the time series: saved what-if books and hourly closes."""

from sqlalchemy import BigInteger, Column, Float, Table, Text

from hedging.ledger.series_schema import SERIES_METADATA

SAVED = Table(
    "saved_scenario",
    SERIES_METADATA,
    Column("name", Text, primary_key=True),
    Column("author", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

CLOSES = Table(
    "hourly_close",
    SERIES_METADATA,
    Column("instrument", Text, primary_key=True),
    Column("at_ns", BigInteger, primary_key=True),
    Column("price_usd", Float, nullable=False),
    sqlite_with_rowid=False,
)
