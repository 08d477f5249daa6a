"""The two CSV commands: columns, full precision, and every way a table or a row can be wrong."""

import csv
import io
import math
import os

import numpy as np
import pytest

from hedging.csv_tools import (
    BLOCK,
    COIN_COLUMNS,
    USD_COLUMNS,
    implied_file,
    implied_table,
    price_file,
    price_table,
)
from hedging.errors import BadInput
from hedging.pricing import black76
from hedging.pricing.coin_numeraire import coin_greeks

HEADER = "kind,settlement,forward,strike,years,vol,rate"
QUOTES = "kind,settlement,forward,strike,years,price,rate"


def table(text, convert=price_table):
    out = io.StringIO()
    report = convert(io.StringIO(text, newline=""), out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert report.rows == len(rows)
    assert report.refused == sum(1 for row in rows if row["error"])
    return rows


def one(row, header=HEADER, convert=price_table):
    rows = table(f"{header}\n{row}\n", convert)
    assert len(rows) == 1
    return rows[0]


def test_a_linear_row_has_all_greeks_to_the_last_digit():
    row = one("call,linear,65000,70000,0.1,0.6,0.03")
    greeks = black76.greeks(1, 65000, 70000, 0.1, 0.6, 0.03)
    for name in USD_COLUMNS:
        assert float(row[name]) == float(getattr(greeks, name)), name
    assert all(row[name] == "" for name in (*COIN_COLUMNS, "error"))


def test_an_inverse_row_has_dollars_and_coins():
    row = one("put,inverse,65000,70000,0.1,0.6,")
    greeks, coin = (function(-1, 65000, 70000, 0.1, 0.6) for function in (black76.greeks, coin_greeks))
    for name in USD_COLUMNS:
        assert float(row[name]) == float(getattr(greeks, name)), name
    for name in COIN_COLUMNS:
        assert float(row[name]) == float(getattr(coin, name)), name
    assert row["error"] == ""


def test_columns_come_back_untouched_in_order_and_the_new_ones_after_them():
    out = io.StringIO()
    price_table(
        io.StringIO(
            "note,vol,years,strike,forward,settlement,kind,odd name\n"
            '"a, ""b""",0.60,1e-1, 70000,65000.0,linear,call,x\n'
        ),
        out,
    )
    header, row = csv.reader(io.StringIO(out.getvalue()))
    assert header[:8] == ["note", "vol", "years", "strike", "forward", "settlement", "kind", "odd name"]
    assert header[8:] == [*USD_COLUMNS, *COIN_COLUMNS, "error"]
    assert row[:8] == ['a, "b"', "0.60", "1e-1", " 70000", "65000.0", "linear", "call", "x"]


def test_numbers_carry_seventeen_digits_and_no_minus_zero():
    row = one("call,linear,100,90,0,0.5,0.05")
    assert row["charm"] == "0.050000000000000003"
    assert row["speed"] == "0"


def test_mark_crlf_quotes_case_and_blank_lines_are_read():
    rows = table(
        '\ufeff"Kind",SETTLEMENT,forward,strike,years,vol\r\n"CALL",Linear,100,90,0.1,0.5\r\n\r\nput,linear,100,90,0.1,0.5\r\n'
    )
    assert [row["error"] for row in rows] == ["", ""]
    assert float(rows[0]["price"]) - float(rows[1]["price"]) == pytest.approx(10.0)


def test_a_header_without_rows_gives_a_header_without_rows():
    assert table(HEADER) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\n\r\n", "empty"),
        ("kind,settlement,forward,strike,years\n", "missing: vol"),
        ("kind;settlement;forward\n", "missing: kind, settlement"),
        (f"{HEADER},vol\n", "vol more than once"),
        (f"{HEADER},Delta\n", "already has the columns delta"),
        (f"{HEADER},error\n", "already has the columns error"),
        (f'{HEADER}\n"call,linear,1,1,1,1,0', "not CSV"),
        (f'{HEADER}\n"call"x,linear,1,1,1,1,0\n', "line 2 is not CSV"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_whole(text, says):
    with pytest.raises(BadInput, match=says):
        table(text)


WRONG_ROWS = [
    ("callx,linear,100,90,0.1,0.5,0", "kind 'callx' is unknown; write call or put"),
    (",linear,100,90,0.1,0.5,0", "kind '' is unknown"),
    ("call,quanto,100,90,0.1,0.5,0", "settlement 'quanto' is unknown; write linear or inverse"),
    ("call,linear,abc,90,0.1,0.5,0", "forward 'abc' is not a number"),
    ("call,linear,1_000,90,0.1,0.5,0", "forward '1_000' is not a number"),
    ('call,linear,"100,5",90,0.1,0.5,0', "forward '100,5' is not a number; write it with a decimal point"),
    ("call,linear,,90,0.1,0.5,0", "forward is blank"),
    ("call,linear,nan,90,0.1,0.5,0", "forward is not a positive finite number"),
    ("call,linear,inf,90,0.1,0.5,0", "forward is not a positive finite number"),
    ("call,linear,-100,90,0.1,0.5,0", "(it is -100)"),
    ("call,linear,0,90,0.1,0.5,0", "forward is not a positive finite number"),
    ("call,linear,100,0,0.1,0.5,0", "strike is not a positive finite number"),
    ("call,linear,100,90,-0.1,0.5,0", "the option has expired"),
    ("call,linear,100,90,nan,0.5,0", "years is not a finite number"),
    ("call,linear,100,90,0.1,-0.5,0", "vol is not a finite number of at least 0"),
    ("call,linear,100,90,0.1,NaN,0", "vol is not a finite number of at least 0"),
    ("call,linear,100,90,0.1,,0", "vol is blank; fill it in"),
    ("call,linear,100,90,0.1,0.5,-inf", "rate is not a finite number"),
    ("call,linear,100,90,0.1,0.5,x", "rate 'x' is not a number"),
    ("call,inverse,100,90,0.1,0.5,0.05", "rate 0.05 on an inverse option"),
    ("call,linear,100,100,0,0.5,0", "gamma does not exist"),
    ("call,linear,1e-300,1e-300,1e-4,0.5,0", "outside the range of a double"),
    ("call,inverse,1e-155,1e-155,1e-6,0.5,0", "outside the range of a double"),
    ("call,linear,100,90,0.1,0.5,0,more", "the row has 8 cells and the header 7 (left over: more)"),
    ("call,linear,100", "strike is blank"),
]


@pytest.mark.parametrize(("row", "says"), WRONG_ROWS)
def test_a_row_that_cannot_be_priced_says_why_and_is_blank(row, says):
    good = "put,linear,100,90,0.1,0.5,0"
    first, wrong, last = table(f"{HEADER}\n{good}\n{row}\n{good}\n")
    assert says in wrong["error"]
    assert all(wrong[name] == "" for name in (*USD_COLUMNS, *COIN_COLUMNS))
    assert first == last
    assert first["error"] == ""
    assert first["price"]


@pytest.mark.parametrize("missing", ["", None])
def test_no_rate_is_a_rate_of_zero(missing):
    header, tail = (HEADER, ",") if missing == "" else (HEADER.removesuffix(",rate"), "")
    row = one(f"call,linear,100,90,0.1,0.5{tail}", header)
    assert float(row["price"]) == float(black76.price(1, 100, 90, 0.1, 0.5))


def test_implied_returns_the_vol_that_made_the_price():
    price = float(black76.price(1, 65000, 70000, 0.1, 0.6, 0.03))
    coin = float(coin_greeks(-1, 65000, 70000, 0.1, 0.6).price_coin)
    linear, inverse = table(
        f"{QUOTES}\ncall,linear,65000,70000,0.1,{price!r},0.03\nput,inverse,65000,70000,0.1,{coin!r},\n",
        implied_table,
    )
    assert float(linear["vol"]) == pytest.approx(0.6, rel=1e-13)
    assert float(inverse["vol"]) == pytest.approx(0.6, rel=1e-13)
    assert linear["error"] == inverse["error"] == ""


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("call,linear,100,90,0.1,9.9,0", "below intrinsic value"),
        ("call,linear,100,90,0.1,100,0", "at or above the most"),
        ("call,linear,100,110,0.1,0,0", "price is zero"),
        ("call,linear,100,90,0.1,10,0", "no information"),
        (
            "call,linear,100,90,0.1,-1,0",
            "price is negative: no volatility gives it; check the quote (it is -1)",
        ),
        ("call,linear,100,90,0.1,nan,0", "price is not a finite number"),
        ("call,linear,100,90,0.1,,0", "price is blank"),
        ("call,linear,100,90,0,12,0", "expired"),
        ("call,linear,-1,90,0.1,12,0", "forward is not a positive finite number"),
        ("call,inverse,100,90,0.1,1.0,0", "at or above the most"),
        ("call,inverse,100,90,0.1,0.12,0.01", "rate 0.01 on an inverse option"),
        ("call,linear,100,90,0.1,12,0,x", "8 cells"),
    ],
)
def test_a_price_without_a_vol_says_why_and_is_blank(row, says):
    answer = one(row, QUOTES, implied_table)
    assert says in answer["error"]
    assert answer["vol"] == ""


def test_tables_longer_than_a_block_keep_their_rows(tmp_path):
    count = BLOCK + 7
    strikes = np.linspace(50.0, 200.0, count)
    lines = [f"call,linear,100,{strike!r},0.3,0.5," for strike in strikes.tolist()]
    lines[BLOCK + 3] = "call,linear,100,oops,0.3,0.5,"
    rows = table("\n".join([HEADER, *lines]))
    assert [row["error"] != "" for row in rows].index(True) == BLOCK + 3
    assert float(rows[-1]["price"]) == float(black76.price(1, 100, 200.0, 0.3, 0.5))
    assert [row["strike"] for row in rows] == [line.split(",")[3] for line in lines]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"\ufeff{HEADER}\ncall,linear,100,90,0.1,0.5,\n", encoding="utf-8")
    assert price_file(source, out, io.StringIO()).rows == 1
    before = out.read_bytes()
    source.write_bytes(f"{HEADER}\ncall,linear,100,90,0.1,0.5,\n".encode() + b'\xff\xfe,"\n')
    with pytest.raises(BadInput, match="not UTF-8"):
        price_file(source, out, io.StringIO())
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_file_can_be_its_own_answer_and_the_screen_another(tmp_path):
    source, screen = tmp_path / "t.csv", io.StringIO()
    source.write_text(f"{QUOTES}\ncall,linear,100,90,0.1,12,\n")
    implied_file(source, None, screen)
    implied_file(source, source, io.StringIO())
    assert source.read_text() == screen.getvalue()
    assert math.isfinite(float(next(csv.DictReader(io.StringIO(screen.getvalue())))["vol"]))


def test_paths_that_do_not_work_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"absent\.csv.*No such file"):
        price_file(tmp_path / "absent.csv", None, io.StringIO())
    source = tmp_path / "in.csv"
    source.write_text(HEADER)
    with pytest.raises(BadInput, match="write its answer"):
        price_file(source, tmp_path / "no" / "out.csv", io.StringIO())
    assert os.listdir(tmp_path) == ["in.csv"]
