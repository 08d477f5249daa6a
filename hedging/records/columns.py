"""The columns of each kind of record: name, type, unit and meaning, as every file says them too."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from hedging.ledger.series_points import Kind


class Type(Enum):
    """What a column holds; the value is how a file names it."""

    TIME = "time, UTC"
    TEXT = "text"
    NUMBER = "number"
    COUNT = "whole number"


ARROW: Mapping[Type, pa.DataType] = {
    Type.TIME: pa.timestamp("us", "UTC"),
    Type.TEXT: pa.string(),
    Type.NUMBER: pa.float64(),
    Type.COUNT: pa.int64(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``unit`` is "" for texts."""

    name: str
    type: Type
    unit: str
    meaning: str


def _time(name: str, meaning: str) -> Column:
    return Column(name, Type.TIME, "UTC", meaning)


def _text(name: str, meaning: str) -> Column:
    return Column(name, Type.TEXT, "", meaning)


def _number(name: str, unit: str, meaning: str) -> Column:
    return Column(name, Type.NUMBER, unit, meaning)


AT = _time("at", "the engine's clock when the point was taken")
UNDERLYING = _text("underlying", "coin whose delta it is")
MISSING = _text("missing", "why a value of the row is blank; blank where none is, or where it does not apply")
GAPS = Column("gaps", Type.COUNT, "gaps", "inputs that lacked; blank in points of earlier versions")

_COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    Kind.EXPOSURE: (
        AT,
        UNDERLYING,
        _number("index_usd", "USD", "index price"),
        _number("equity_coin", "coin", "equity of all accounts in this coin"),
        _number("delta_coin", "coin", "delta that is hedged: net transaction delta + hedged_share * equity"),
        _number("delta_net_coin", "coin", "net transaction delta"),
        _number("delta_hedge_coin", "coin", "the part of delta_coin that is in hedging instruments"),
        _number("delta_after_expiry_coin", "coin", "delta_coin without what expires next; blank: nothing"),
        _number("smile_shift_coin", "coin", "what the chosen smile convention adds to delta_coin"),
        _number("gamma_coin", "coin per relative move of 1", "slope of delta_coin"),
        _number("gamma_black_coin", "coin per relative move of 1", "slope of Black's delta alone"),
        _number("vega_usd", "USD per 1.00 of volatility", "vega"),
        _number("theta_usd", "USD per year", "theta"),
        _number("gross_notional_usd", "USD", "sizes of all derivatives at the index"),
        _number("hedge_position_coin", "coin", "position in the hedging instrument"),
        _number("hedged_share", "share of equity", "numeraire: 0 keeps coins, 1 keeps dollars"),
        GAPS,
        MISSING,
    ),
    Kind.DRIFT: (
        AT,
        UNDERLYING,
        _text("state", "inside, above or below the band"),
        _number("band_lower_coin", "coin", "below this a hedge is proposed"),
        _number("band_centre_coin", "coin", "centre of the band"),
        _number("band_upper_coin", "coin", "above this a hedge is proposed"),
        _number("target_coin", "coin", "delta that a hedge would aim at"),
        _number("beyond_coin", "coin", "distance outside the band, signed; 0 inside"),
        _number("ratio_held", "1", "minus delta of hedges / delta of the primary position"),
        _number("ratio_wanted", "1", "the ratio that would bring the delta to the centre"),
        MISSING,
    ),
    Kind.LIMITS: (
        AT,
        _text("scope", "what the limit is on"),
        _text("measure", "what is limited"),
        _text("unit", "in what value, soft and hard are counted"),
        _number("value", "see unit", "present value; blank where it could not be computed"),
        _number("soft", "see unit", "warns at"),
        _number("hard", "see unit", "refuses at"),
        _text("level", "inside, soft, hard or unknown"),
        GAPS,
    ),
    Kind.MARKS: (
        AT,
        _text("venue", "exchange"),
        _text("instrument", "the exchange's name of it"),
        _number("mark", "the instrument's price unit", "mark price: coin for inverse options, USD otherwise"),
        _number("index_usd", "USD", "index price"),
        _number("forward_usd", "USD", "forward of the expiry"),
        _number("iv", "1.00 = 100 %", "volatility of the mark"),
        _number("bid", "the instrument's price unit", "best bid"),
        _number("ask", "the instrument's price unit", "best ask"),
        _number("age_seconds", "s", "how long before the point the quote had arrived"),
        MISSING,
    ),
    Kind.MARGIN: (
        AT,
        _text("account", "account's name in the configuration"),
        _text("currency", "currency of the row; blank where no balance has arrived"),
        _number("equity", "the currency", "equity"),
        _number("available", "the currency", "available"),
        _number("initial_margin", "the currency", "initial margin"),
        _number("maintenance_margin", "the currency", "maintenance margin"),
        _number("delta_total_coin", "coin", "the exchange's own delta, where the currency margins one coin"),
        _text("delta_totals", "the same of each, where it is another coin or several: BTC=1.5 ETH=-2.25"),
        MISSING,
    ),
    Kind.DECISIONS: (
        _time("first_at", "first cycle of the run"),
        _time("last_at", "last cycle of the run"),
        UNDERLYING,
        Column("cycles", Type.COUNT, "cycles", "successive cycles that decided the same"),
        _text("outcome", "what was decided"),
        _text("reason", "why, at the last cycle"),
        _number("delta_coin", "coin", "delta at the last cycle; blank where it was not known"),
        _text("ticket_id", "ticket it is about"),
        _text("inputs_hash", "SHA-256 of the last cycle's inputs"),
        _text("verdicts", "each check with its answer and reason, as JSON"),
    ),
}  # fmt: skip


def columns(kind: Kind) -> tuple[Column, ...]:
    """Columns of one kind, in their order."""
    return _COLUMNS[kind]


def schema(kind: Kind) -> pa.Schema:
    """The same for Arrow and Parquet: unit and meaning are metadata of each field."""
    fields = [
        pa.field(each.name, ARROW[each.type], metadata={"unit": each.unit, "meaning": each.meaning})
        for each in columns(kind)
    ]
    return pa.schema(fields, metadata={"record": kind.value})
