"""The command line as a stranger meets it: one clear line for what is wrong, exit code 2, no traceback."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from hedging.__main__ import main
from hedging.engine.latches import Latches

ROOT = Path(__file__).resolve().parents[1]
HEADER = "kind,settlement,forward,strike,years,vol,rate\n"


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_price_keeps_the_columns_and_prints_seventeen_digits(tmp_path):
    table = tmp_path / "in.csv"
    table.write_text(HEADER + "call,inverse,103410,110000,0.1,0.6,\nput,linear,103410,90000,0.1,nan,\n")
    found = run("price", str(table), "--out", str(tmp_path / "out.csv"))
    assert found.exit_code == 0, found.output
    rows = rows_of(tmp_path / "out.csv")
    assert rows[0]["kind"] == "call"
    assert rows[0]["error"] == ""
    assert float(rows[0]["price_coin"]) * 103410 == pytest.approx(float(rows[0]["price"]), rel=1e-15)
    assert float(rows[0]["delta"]) - float(rows[0]["price_coin"]) == pytest.approx(
        float(rows[0]["delta_premium_adjusted"]), rel=1e-14
    )
    assert rows[1]["error"]
    assert rows[1]["price"] == ""


def test_implied_finds_the_volatility_that_price_was_made_with(tmp_path):
    table, priced = tmp_path / "in.csv", tmp_path / "priced.csv"
    table.write_text(HEADER + "put,linear,3420,3000,0.25,0.73,0.01\n")
    run("price", str(table), "--out", str(priced))
    price = rows_of(priced)[0]["price"]
    table.write_text(
        f"kind,settlement,forward,strike,years,price,rate\nput,linear,3420,3000,0.25,{price},0.01\n"
    )
    found = run("implied", str(table))
    assert float(next(csv.DictReader(found.output.splitlines()))["vol"]) == pytest.approx(0.73, rel=1e-12)


@pytest.mark.parametrize("tool", ["price", "implied"])
def test_an_absent_table_is_named(tool, tmp_path):
    found = run(tool, str(tmp_path / "none.csv"))
    assert found.exit_code == 2
    assert "none.csv" in found.output


def test_kill_needs_nothing_but_the_folder(tmp_path):
    found = run("kill", "--state", str(tmp_path), "--user", "tess", "--reason", "fat finger")
    assert found.exit_code == 0, found.output
    assert Latches(tmp_path).reasons() == ("tess: fat finger",)


def test_kill_says_when_it_could_not(tmp_path):
    found = run("kill", "--state", str(tmp_path / "absent"))
    assert found.exit_code == 2
    assert "could not be written" in found.output


def test_a_torn_kill_file_still_halts(tmp_path):
    (tmp_path / "KILL").write_text("{")
    assert Latches(tmp_path).reasons() == ("a kill file without a readable reason",)


def test_latches_count_both_and_clear_together(tmp_path):
    latches = Latches(tmp_path)
    assert latches.reasons() == ()
    latches.trip("first")
    latches.trip("second")
    run("kill", "--state", str(tmp_path))
    assert latches.reasons() == ("first", "command line: killed from the command line")
    latches.clear()
    assert latches.reasons() == ()


def test_status_without_an_engine_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run("status")
    assert found.exit_code == 2
    assert "--state" in found.output


def test_the_paper_exchange_prints_one_ready_line_and_ends_with_its_parent():
    process = subprocess.Popen(
        [sys.executable, "-m", "hedging", "paper", "--seed", "3", "--until-stdin-closes"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert line["rest"].startswith("http://127.0.0.1:")
    assert {account["name"] for account in line["accounts"]} >= {"trader", "viewer"}
    assert all(account["key"] and account["secret"] and account["scopes"] for account in line["accounts"])
    process.stdin.close()
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
    process.stdout.close()


def test_the_kill_file_names_who_and_when(tmp_path):
    run("kill", "--state", str(tmp_path), "--user", "rita")
    body = json.loads((tmp_path / "KILL").read_text())
    assert body["user"] == "rita"
    assert datetime.fromisoformat(body["at"]).tzinfo == UTC


class TestTerms:
    @pytest.fixture
    def folder(self, tmp_path):
        from datetime import timedelta

        import nouns

        from hedging.ledger import Ledger
        from hedging.model.limits import WHOLE_BOOK, Limit, Measure
        from hedging.model.terms import TermsChange
        from hedging.workflow import terms

        first = terms.from_file(terms.terms_of(nouns.rules()), None, 1, nouns.NOW)
        wider = (Limit(scope=WHOLE_BOOK, measure=Measure.LEVERAGE, soft=3.0, hard=5.0),)
        second = terms.propose(first, TermsChange(wider=wider), "ann", "no more than 5", nouns.NOW, 2)
        ledger = Ledger.open(tmp_path)
        lease = ledger.acquire_lease("desk", "engine-1", nouns.NOW, timedelta(seconds=30))
        with ledger.write(lease, nouns.NOW) as transaction:
            transaction.put_terms(first)
            transaction.put_terms(second)
        ledger.close()
        return tmp_path

    def test_what_is_in_force_and_what_waits_is_shown(self, folder):
        found = run("terms", "show", "--state", str(folder))
        assert found.exit_code == 0, found.output
        assert "version 1, in force: by configuration file" in found.output
        assert "approved by start of the engine" in found.output
        assert "  BTC delta: soft 10, hard 30 BTC" in found.output
        assert "version 2, proposed: by ann" in found.output
        assert "whole book leverage (soft / hard): none → 3 / 5 times equity" in found.output

    def test_the_history_is_newest_first_with_what_changed(self, folder):
        found = run("terms", "history", "--state", str(folder))
        assert found.output.index("version 2") < found.output.index("version 1, in force")
        assert "on version 1; “no more than 5”" in found.output

    def test_an_empty_ledger_and_none_are_said(self, tmp_path):
        from hedging.ledger import Ledger

        missing = run("terms", "show", "--state", str(tmp_path / "none"))
        assert missing.exit_code == 2
        assert "there is no ledger in" in missing.output
        Ledger.open(tmp_path).close()
        assert "no version of the terms is in force" in run("terms", "show", "--state", str(tmp_path)).output
        assert "there is no version" in run("terms", "history", "--state", str(tmp_path)).output
