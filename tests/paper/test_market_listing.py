"""Contract terms and calendar against Deribit's own payloads and rules."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.paper.listing import (
    DAY_NS,
    NEVER_NS,
    Listing,
    ListingKind,
    OptionType,
    SettlementPeriod,
    calendar,
    expiry_tag,
    listings,
    strikes,
)

START_NS = int(datetime(2026, 11, 22, 15, 30, tzinfo=UTC).timestamp()) * 10**9
SPOTS = {"BTC": 103_400.0, "ETH": 3_420.0}
PAYLOADS = Path(__file__).parents[2].parent / "shared" / "venue_payloads"


@pytest.fixture(scope="module")
def rows() -> dict[str, Listing]:
    return {row.name: row for row in listings(START_NS, SPOTS)}


def _recorded(relative: str, name: str) -> dict[str, object]:
    path = PAYLOADS / relative
    if not path.exists():
        pytest.skip(f"no recorded payloads at {path.name}'s place beside the project")
    payload = json.loads(path.read_text())
    found = payload["result"] if isinstance(payload, dict) else payload
    return next(row for row in found if row["instrument_name"] == name)


def test_the_board_has_what_a_desk_needs(rows: dict[str, Listing]) -> None:
    assert 900 <= len(rows) <= 1_100
    for coin in ("BTC", "ETH"):
        assert f"{coin}-PERPETUAL" in rows
        assert f"{coin}_USDC-PERPETUAL" in rows
        assert rows[f"{coin}_USDC"].kind is ListingKind.SPOT
        mine = [row for row in rows.values() if row.underlying == coin]
        assert sum(row.kind is ListingKind.FUTURE for row in mine) == 4
        options = [row for row in mine if row.kind is ListingKind.OPTION and row.inverse]
        chains = {
            row.expiration_ns: {one.strike for one in options if one.expiration_ns == row.expiration_ns}
            for row in options
        }
        assert len(chains) >= 8
        assert min(len(chain) for chain in chains.values()) >= 20
        assert all(min(chain) < SPOTS[coin] < max(chain) for chain in chains.values() if None not in chain)
        assert max(chains) - START_NS > 270 * DAY_NS
    linear = {
        row.expiration_ns for row in rows.values() if row.kind is ListingKind.OPTION and not row.inverse
    }
    assert len(linear) >= 3


def test_names_are_deribits(rows: dict[str, Listing]) -> None:
    assert {"BTC-27NOV26", "BTC-25DEC26", "BTC-26MAR27", "BTC-25JUN27"} <= set(rows)
    option = rows["BTC-4DEC26-100000-C"]
    assert (option.strike, option.option_type) == (100_000.0, OptionType.CALL)
    assert option.settlement_period is SettlementPeriod.WEEK
    assert rows["ETH_USDC-PERPETUAL"].expiration_ns == NEVER_NS
    assert any(name.startswith("BTC_USDC-25DEC26-") and name.endswith("-P") for name in rows)


@pytest.mark.parametrize(
    ("relative", "recorded", "ours"),
    [
        ("ccxt_static/deribit/markets_info.json", "BTC-26JAN24-39000-C", "BTC-4DEC26-100000-C"),
        ("ccxt_static/deribit/markets_info.json", "BTC_USDT-PERPETUAL", "BTC_USDC-PERPETUAL"),
        ("ccxt_examples/deribit/fetch_markets_2.json", "BTC-27MAY22", "BTC-25DEC26"),
        ("ccxt_examples/deribit/fetch_markets_2.json", "BTC-PERPETUAL", "BTC-PERPETUAL"),
    ],
)
def test_terms_are_those_deribit_sent(
    relative: str, recorded: str, ours: str, rows: dict[str, Listing]
) -> None:
    payload, row = _recorded(relative, recorded), rows[ours]
    assert float(str(payload["contract_size"])) == row.contract_size
    assert float(str(payload["min_trade_amount"])) == row.min_trade_amount
    assert float(str(payload["tick_size"])) == row.tick_size
    for field in ("base_currency", "quote_currency", "counter_currency", "settlement_currency"):
        assert str(payload[field]).replace("USDT", "USDC") == getattr(row, field)
    if "tick_size_steps" in payload:
        steps = payload["tick_size_steps"]
        assert isinstance(steps, list)
        assert tuple((step["above_price"], step["tick_size"]) for step in steps) == row.tick_size_steps


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.integers(0, 4000), st.floats(0.0, 0.999), st.floats(0.05, 20.0))
def test_calendar_and_strikes_hold_at_any_time_and_price(day: int, part: float, factor: float) -> None:
    now_ns = START_NS + int((day + part) * DAY_NS)
    schedule = calendar(now_ns)
    assert 8 <= len(schedule.options) <= 12
    assert len(schedule.futures) == 4
    assert len(schedule.linear_options) == 3
    assert set(schedule.futures) | set(schedule.linear_options) <= set(schedule.options)
    for at_ns in schedule.options:
        at = datetime.fromtimestamp(at_ns / 1e9, tz=UTC)
        assert (at.hour, at.minute, at.second) == (8, 0, 0)
        assert schedule.period[at_ns] is SettlementPeriod.DAY or at.weekday() == 4
        assert at_ns > now_ns
        chain = strikes("ETH", 3_420.0 * factor, (at_ns - now_ns) / (365 * DAY_NS))
        assert len(set(chain)) == len(chain) == 21
        assert chain[0] > 0


def test_expiry_tag_has_no_leading_zero() -> None:
    assert expiry_tag(int(datetime(2026, 12, 4, 8, tzinfo=UTC).timestamp()) * 10**9) == "4DEC26"


@pytest.mark.parametrize(
    "spots", [{"BTC": 1.0}, {"BTC": -1.0, "ETH": 1.0}, {"BTC": float("nan"), "ETH": 1.0}]
)
def test_a_missing_or_senseless_spot_is_refused(spots: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        listings(START_NS, spots)
