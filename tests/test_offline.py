"""Two files hold a book: what is read is what was written, and what is wrong is refused or a gap."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    future,
    linear_option,
    linear_perpetual,
    option,
    perpetual,
    position,
    quote,
    rules,
    snapshot,
    underlying_rules,
)

from hedging.__main__ import main
from hedging.decide import assess
from hedging.errors import BadInput
from hedging.model.instrument import OptionKind
from hedging.model.limits import Numeraire
from hedging.model.snapshot import Gap, GapReason
from hedging.offline import (
    MARKET_COLUMNS,
    POSITION_COLUMNS,
    export_book,
    offline_assessment,
    parsed_book,
)
from hedging.offline_report import EXPOSURE_COLUMNS, Format, Report, numeraire_of

PERPETUAL = perpetual()
FIGURES = (
    "index", "equity", "delta", "delta_net", "delta_hedge", "delta_primary", "gamma_coin",
    "gamma_black_coin", "vega_usd", "theta_usd", "gross_notional_usd", "hedge_position",
)  # fmt: skip

amounts = st.decimals(-40, 40, places=4).filter(lambda amount: amount != 0)
kinds = st.sampled_from(OptionKind)
strikes = st.sampled_from([70_000.0, 100_000.0, 133_333.3])
instruments = st.one_of(
    st.builds(option, kinds, strikes),
    st.builds(linear_option, kinds, strikes),
    st.just(PERPETUAL),
    st.just(linear_perpetual()),
    st.just(future()),
)
accounts = st.sampled_from(["main", "desk, two"])
books = st.lists(
    st.builds(lambda i, a, name: position(i, a, account=name), instruments, amounts, accounts),
    max_size=8,
    unique_by=lambda each: (each.account, each.instrument.name),
)
floats = st.floats(0.5, 1.9)


def market(held, mark=1.0, iv=1.0):
    names = {each.instrument.name: each.instrument for each in held} | {"BTC-PERPETUAL": PERPETUAL}
    return [
        quote(
            instrument,
            mark=(0.031 if instrument.strike else INDEX) * mark,
            forward=INDEX * 1.0123456789 * mark,
            iv=0.613 * iv,
            received_at=NOW - timedelta(microseconds=1_234_567),
        )
        for instrument in names.values()
    ]


BALANCES = (
    balance(equity=51.123456789012345),
    balance(account="desk, two", equity=-3.3),
    balance("USDC", 1e6),
)
HELD = (
    position(option(OptionKind.CALL, 100_000.0), 12),
    position(linear_option(OptionKind.PUT, 90_000.0), -7),
    position(PERPETUAL, -250_000, floating_pnl=0.25),
)
LIVE = snapshot(HELD, market(HELD), BALANCES)


def changed(text, line, column, cell):
    rows = list(csv.reader(io.StringIO(text)))
    rows[line][rows[0].index(column)] = cell
    return "\n".join(",".join(f'"{each}"' for each in row) for row in rows) + "\n"


def line_of(text, name):
    rows = list(csv.reader(io.StringIO(text)))
    return next(place for place, row in enumerate(rows) if name in row)


@given(held=books, share=st.sampled_from([0.0, 0.37, 1.0]), mark=floats, iv=floats)
def test_what_is_valued_from_the_files_is_what_the_snapshot_says(held, share, mark, iv):
    live = snapshot(held, market(held, mark, iv), BALANCES)
    book = parsed_book(*export_book(live, (PERPETUAL,)))
    found = offline_assessment(book, Numeraire(share))
    truth = assess(live, rules(underlying_rules(numeraire=Numeraire(share))))
    assert book.snapshot.at == NOW
    assert found.gaps == truth.gaps == ()
    for name in FIGURES:
        wanted = getattr(truth.exposures["BTC"], name)
        assert getattr(found.exposures["BTC"], name) == pytest.approx(wanted, rel=1e-12), name
    pairs = zip(found.positions, truth.positions, strict=True)
    for ours, theirs in pairs:
        assert replace(ours, instrument=theirs.instrument) == theirs


def test_gaps_and_missing_quotes_go_along():
    """Where the screen shows no figure, the files give none."""
    gap = Gap(what="ETH feed", reason=GapReason.UNREACHABLE, detail="no answer", underlying=None)
    broken = replace(LIVE, gaps=(gap,), quotes={"deribit:BTC-PERPETUAL": quote()})
    texts = export_book(broken, (PERPETUAL,))
    found = offline_assessment(parsed_book(*texts), Numeraire(0.0))
    truth = assess(broken, rules())
    assert found.gaps == truth.gaps
    assert found.exposures == {}
    assert len(found.positions) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mark": nan}, GapReason.NOT_FINITE),
        ({"iv": -0.1}, GapReason.NOT_FINITE),
        ({"forward": None}, GapReason.MISSING),
        ({"index": inf}, GapReason.NOT_FINITE),
        ({"received_at": NOW - timedelta(seconds=6)}, GapReason.STALE),
    ],
)
def test_a_mark_that_is_none_is_the_same_gap_as_on_screen(changes, reason):
    name = HELD[0].instrument.key
    live = replace(LIVE, quotes={**LIVE.quotes, name: replace(LIVE.quotes[name], **changes)})
    found = offline_assessment(parsed_book(*export_book(live, (PERPETUAL,))), Numeraire(0.0))
    assert [each.reason for each in found.gaps] == [reason]
    assert found.gaps == assess(live, rules()).gaps
    assert found.exposures == {}


def test_an_amount_or_an_equity_that_is_no_number_is_a_gap():
    positions, marks = export_book(LIVE, (PERPETUAL,))
    for name in (HELD[0].instrument.name, "BTC"):
        book = parsed_book(changed(positions, line_of(positions, name), "amount", "NaN"), marks)
        found = offline_assessment(book, Numeraire(0.0))
        assert [each.reason for each in found.gaps] == [GapReason.NOT_FINITE], name
        assert found.exposures == {}


def test_a_position_whose_instrument_is_not_in_the_market_touches_the_whole_book():
    positions, marks = export_book(LIVE, (PERPETUAL,))
    place = line_of(positions, HELD[1].instrument.name)
    book = parsed_book(changed(positions, place, "name", "BTC-NEW"), marks)
    found = offline_assessment(book, Numeraire(0.0))
    assert [(each.reason, each.what, each.underlying) for each in found.gaps] == [
        (GapReason.UNKNOWN_INSTRUMENT, "BTC-NEW", None)
    ]
    assert found.exposures == {}


def test_a_balance_that_is_missing_is_a_gap():
    live = replace(LIVE, balances=())
    found = offline_assessment(parsed_book(*export_book(live, (PERPETUAL,))), Numeraire(1.0))
    assert [(each.what, each.reason) for each in found.gaps] == [("BTC", GapReason.MISSING)]


def test_without_a_marked_hedge_the_perpetual_gives_the_index():
    book = parsed_book(*export_book(LIVE))
    assert {name: hedge.key for name, hedge in book.hedges.items()} == {"BTC": "deribit:BTC-PERPETUAL"}
    assert offline_assessment(book, Numeraire(0.0)).exposures["BTC"].index == INDEX


OPTION = HELD[0].instrument.name


@pytest.mark.parametrize(
    ("name", "column", "cell", "said"),
    [
        (OPTION, "iv", "61.3", "give a fraction"),
        (OPTION, "iv", "0_6", "no plausible number"),
        (OPTION, "mark", "abc", "no plausible number"),
        (OPTION, "forward", "1.2", "do not belong together"),
        (OPTION, "index", "1e16", "no plausible number"),
        ("BTC-PERPETUAL", "mark", "12", "do not belong together"),
        (OPTION, "kind", "warrant", "unknown; write one of: spot, perpetual, future, option"),
        (OPTION, "settlement", "quanto", "unknown"),
        (OPTION, "amount_unit", "lots", "unknown"),
        (OPTION, "option_kind", "straddle", "call or put"),
        (OPTION, "strike", "-5", "must be above 0"),
        (OPTION, "strike", "", "needs strike"),
        (OPTION, "strike", "nan", "must be above 0"),
        (OPTION, "expiry", "", "needs expiry"),
        ("BTC-PERPETUAL", "strike", "5", "has no strike"),
        (OPTION, "expiry", "tomorrow", "is not a time"),
        (OPTION, "expiry", "2026-12-25T08:00:00", "no time zone"),
        (OPTION, "as_of", "2026-11-20T12:00:01+00:00", "one instant"),
        (OPTION, "multiplier", "0", "must be above 0"),
        (OPTION, "multiplier", "", "is blank"),
        (OPTION, "lot", "x", "no plausible number"),
        (OPTION, "underlying", "", "is blank"),
        (OPTION, "instrument", "BTC-PERPETUAL", "twice|has no|needs"),
        (OPTION, "hedge", "maybe", "yes or no"),
        (OPTION, "hedge", "yes", "marked as hedge of BTC already"),
    ],
)
def test_a_market_that_cannot_be_is_refused_with_its_line(name, column, cell, said):
    positions, marks = export_book(LIVE, (PERPETUAL,))
    with pytest.raises(BadInput, match=said) as refused:
        parsed_book(positions, changed(marks, line_of(marks, name), column, cell))
    assert "market, line" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "column", "cell", "said"),
    [
        (OPTION, "row", "holding", "unknown; write one of: position, balance, gap"),
        (OPTION, "amount", "", "is blank"),
        (OPTION, "amount", "many", "no plausible number"),
        (OPTION, "amount", "1e300", "no plausible number"),
        (OPTION, "account", "", "is blank"),
        (OPTION, "name", "BTC-PERPETUAL", "twice"),
        (OPTION, "floating_pnl", "inf", "leave it blank"),
        ("USDC", "name", "BTC", "twice"),
        (OPTION, "row", "gap", "is blank"),
    ],
)
def test_positions_that_cannot_be_are_refused_with_their_line(name, column, cell, said):
    positions, marks = export_book(LIVE, (PERPETUAL,))
    with pytest.raises(BadInput, match=said) as refused:
        parsed_book(changed(positions, line_of(positions, name), column, cell), marks)
    assert "positions, line" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("row,account\n", "columns missing: name"),
        (",".join([*POSITION_COLUMNS, "name"]) + "\n", "more than once: name"),
        (",".join(POSITION_COLUMNS) + "\n", "no rows"),
        (",".join(POSITION_COLUMNS) + "\nbalance,main,BTC,1\n", "4 cells under 8 columns"),
        (",".join(POSITION_COLUMNS) + '\n"balance,main\n', "is not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(text, said):
    _, marks = export_book(LIVE, (PERPETUAL,))
    with pytest.raises(BadInput, match=said):
        parsed_book(text, marks)


def test_a_market_without_rows_is_refused():
    with pytest.raises(BadInput, match="no rows"):
        parsed_book(export_book(LIVE)[0], ",".join(MARKET_COLUMNS) + "\n")


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / "P.csv", tmp_path / "M.csv"
    for path, text in zip(paths, export_book(LIVE, (PERPETUAL,)), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def run(files, *more):
    named = ["--positions", str(files[0]), "--market", str(files[1])]
    return CliRunner().invoke(main, ["exposure", *named, *more])


def test_the_command_gives_json_with_every_digit(files):
    found = run(files, "--format", "json", "--numeraire", "40")
    assert found.exit_code == 0, found.output
    whole = json.loads(found.output)
    truth = assess(LIVE, rules(underlying_rules(numeraire=Numeraire(0.4)))).exposures["BTC"]
    assert whole["numeraire"] == "hedge 40% of equity"
    assert whole["exposures"][0]["delta_coin"] == truth.delta
    assert whole["exposures"][0]["delta_usd"] == truth.delta * INDEX
    assert whole["exposures"][0]["gamma_1pct_coin"] == truth.gamma_coin * 0.01
    black = sum(each["delta_black_coin"] for each in whole["positions"])
    assert whole["exposures"][0]["delta_black_coin"] == pytest.approx(black, rel=1e-14)
    assert [each["instrument"] for each in whole["positions"]] == [p.instrument.name for p in HELD]
    assert whole["gaps"] == []


def test_the_command_gives_a_table_and_names_what_is_not_known(files):
    assert run(files).exit_code == 0
    files[1].write_text(changed(files[1].read_text(), line_of(files[1].read_text(), OPTION), "forward", ""))
    found = run(files)
    assert found.exit_code == 1
    assert "NOT COMPLETE: 1 gaps" in found.output
    assert f"no forward for {OPTION} has arrived" in found.output
    exposures = found.output.split("\n\n")[2]
    assert exposures.count("not known") == len(EXPOSURE_COLUMNS) - 1
    assert json.loads(run(files, "--format", "json").output)["exposures"][0]["delta_coin"] is None


def test_a_volatility_that_is_not_given_is_implied_by_the_mark_and_says_so(files):
    given = json.loads(run(files, "--format", "json").output)["positions"]
    assert [each["iv_from"] for each in given] == ["mark" if p.instrument.strike else None for p in HELD]
    text = files[1].read_text()
    files[1].write_text(changed(text, line_of(text, OPTION), "iv", ""))
    found = json.loads(run(files, "--format", "json").output)["positions"]
    (implied,) = (each for each in found if each["instrument"] == OPTION)
    assert implied["iv_from"] == "mark price"
    assert 0.01 < implied["iv"] < 5
    text = files[1].read_text()
    files[1].write_text(changed(text, line_of(text, OPTION), "mark", "0.999"))
    found = run(files)
    assert found.exit_code == 1
    assert "NOT COMPLETE: 1 gaps" in found.output
    assert f"{OPTION} " in found.output.split("\n\n")[1]


def test_the_command_refuses_files_that_are_none(files, tmp_path):
    found = run((tmp_path / "none.csv", files[1]))
    assert found.exit_code == 2
    assert "cannot read" in found.output
    files[0].write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in run(files).output
    files[0].write_text("")
    assert "P.csv is empty" in run(files).output


@pytest.mark.parametrize("word", ["gold", "-1", "101", "nan", ""])
def test_a_numeraire_that_is_none_is_refused(files, word):
    found = run(files, "--numeraire", word)
    assert found.exit_code == 2
    assert "hedging:" in found.output


def test_every_column_is_documented(files):
    from pathlib import Path

    text = (Path(__file__).resolve().parents[1] / "docs" / "offline.md").read_text(encoding="utf-8")
    whole = json.loads(run(files, "--format", "json").output)
    reported = [name for table in ("exposures", "positions") for name in whole[table][0]]
    for name in (*POSITION_COLUMNS, *MARKET_COLUMNS, *reported):
        assert f"`{name}`" in text, name


def test_a_report_holds_no_number_that_is_none():
    report = Report.of(NOW, numeraire_of("usd"), ("BTC",), assess(replace(LIVE, quotes={}), rules()))
    assert json.loads(report.text(Format.JSON))["exposures"][0]["delta_coin"] is None


def test_two_venues_may_use_one_name(files):
    ours = HELD[0]
    theirs = replace(ours, account="other", instrument=replace(ours.instrument, venue="bybit"))
    quotes = {**LIVE.quotes, theirs.instrument.key: replace(LIVE.quotes[ours.instrument.key], venue="bybit")}
    both = replace(LIVE, positions=(*LIVE.positions, theirs), quotes=quotes)
    positions, marks = export_book(both, (PERPETUAL,))
    assert [p.instrument.key for p in parsed_book(positions, marks).snapshot.positions] == [
        p.instrument.key for p in both.positions
    ]
    bare = positions.replace(theirs.instrument.key, theirs.instrument.name)
    with pytest.raises(BadInput, match="several venues"):
        parsed_book(bare, marks)
    twice = positions + positions.splitlines()[1] + "\n"
    with pytest.raises(BadInput, match="twice"):
        parsed_book(twice, marks)
