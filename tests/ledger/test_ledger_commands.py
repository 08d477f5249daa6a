"""``python -m hedging ledger …``: sentences and exit codes."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from hedging.__main__ import main
from hedging.model.trading import TradingState


def run(*arguments: object):
    return CliRunner().invoke(main, ["ledger", *map(str, arguments)])


@pytest.fixture
def there(place):
    return ("--url", place.address) if place.database == "postgresql" else ("--state", place.address)


@pytest.fixture
def filled(ledger, lease, sample):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order())
    return ledger


def test_verify_says_how_much_was_checked_and_what_was_not(filled, there):
    found = run("verify", *there)
    assert found.exit_code == 0, found.output
    assert "3 records and every row that they prove are as they were written" in found.output
    assert "not checked: whether all of it was rewritten" in found.output


def test_verify_names_what_was_changed_and_exits_1(filled, there, place):
    with place.tampering() as connection:
        connection.execute(text("UPDATE orders SET amount = '5000'"))
    found = run("verify", *there)
    assert (found.exit_code, "tampered: record 3: orders hm-1 was changed" in found.output) == (1, True)


def test_a_head_is_exported_and_held_against_the_ledger(filled, there, place, tmp_path, sample):
    key, heads = tmp_path / "keys" / "head", tmp_path / "elsewhere" / "heads"
    made = run("new-key", key)
    assert made.exit_code == 0, made.output
    said = run("head", *there, "--export-to", heads, "--key", key)
    assert said.exit_code == 0, said.output
    assert f"record 3: {filled.head(sample.now).hash}" in said.output
    assert run("head", *there).output == f"record 3: {filled.head(sample.now).hash}\n"
    checked = run("verify", *there, "--heads", heads, "--public-key", f"{key}.pub")
    assert checked.exit_code == 0, checked.output
    assert "1 exported heads agree, the last of 2" in checked.output
    with place.tampering() as connection:
        connection.execute(text("DELETE FROM orders"))
        connection.execute(text("DELETE FROM record WHERE sequence = 3"))
        connection.execute(
            text("UPDATE chain_head SET sequence = 2, hash = (SELECT hash FROM record WHERE sequence = 2)")
        )
    assert run("verify", *there).exit_code == 0
    found = run("verify", *there, "--heads", heads, "--public-key", f"{key}.pub")
    assert found.exit_code == 1
    assert "tampered: record 3: missing, with all after it" in found.output
    again = run("head", *there, "--export-to", heads, "--key", key)
    assert (again.exit_code, "tampered: record 3: missing" in again.output) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [("verify", "--heads", "x"), ("head", "--key", "x"), ("restore", "x", "--user", "r", "--key", "x")],
)
def test_halves_are_refused(arguments, there, ledger):
    found = run(*arguments, *(there if "--state" in there else ()))
    assert found.exit_code == 2
    assert "belong together" in found.output


def test_postgresql_has_its_own_backup(postgres, tmp_path):
    url = postgres.of("migrated")
    for arguments in (("backup", "--to", tmp_path / "b"), ("restore", tmp_path / "b", "--user", "rita")):
        found = run(*arguments, "--url", url)
        assert found.exit_code == 2
        assert "pg_dump --format=custom" in found.output


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
class TestFiles:
    def test_back_up_verify_and_restore(self, filled, lease, there, tmp_path):
        made = run("backup", *there, "--to", tmp_path / "b")
        assert made.exit_code == 0, made.output
        assert "3 records up to 2026-11-22 12:00:00 UTC" in made.output
        assert run("backup", *there, "--to", tmp_path / "b").exit_code == 2
        checked = run("verify", "--backup", tmp_path / "b")
        assert (checked.exit_code, "3 records and every row" in checked.output) == (0, True)
        key, heads = tmp_path / "key", tmp_path / "heads"
        run("new-key", key)
        signing = ("--heads", heads, "--key", key)
        run("head", *there, "--export-to", heads, "--key", key)
        done = run("restore", tmp_path / "b", *there, "--user", "rita", *signing)
        assert done.exit_code == 0, done.output
        assert "what was there is kept in" in done.output
        assert "halted: desk; automatic mode is off" in done.output
        assert filled.trading().state is TradingState.HALTED
        found = run("verify", *there, "--heads", heads, "--public-key", f"{key}.pub")
        assert found.exit_code == 0, found.output

    def test_an_engine_that_runs_is_not_disturbed(self, filled, there, tmp_path, lease):
        now = datetime.now(UTC)
        filled.release_lease(lease)
        filled.acquire_lease("desk", "engine-9", now, timedelta(seconds=30))
        run("backup", *there, "--to", tmp_path / "b")
        found = run("restore", tmp_path / "b", *there, "--user", "rita")
        assert found.exit_code == 2
        assert "engine-9 holds the book desk until" in found.output

    def test_a_damaged_backup_exits_1(self, filled, place, there, tmp_path):
        with place.tampering() as connection:
            connection.execute(text("UPDATE orders SET amount = '5000'"))
        found = run("backup", *there, "--to", tmp_path / "b")
        assert (found.exit_code, "no backup was kept" in found.output) == (1, True)
        assert run("verify", "--backup", tmp_path / "b").exit_code == 2

    def test_the_key_and_the_heads_may_not_lie_beside_the_ledger(self, filled, there, place, tmp_path):
        run("new-key", tmp_path / "key")
        found = run("head", *there, "--export-to", f"{place.address}/heads", "--key", tmp_path / "key")
        assert found.exit_code == 2
        assert "lies in the state folder" in found.output

    def test_no_ledger_is_made_by_looking(self, place, tmp_path):
        for arguments in (("verify",), ("head",), ("backup", "--to", tmp_path / "b")):
            found = run(*arguments, "--state", tmp_path / "none")
            assert found.exit_code == 2
            assert "there is no ledger in" in found.output
        assert not (tmp_path / "none").exists()

    def test_two_ledgers_at_once_are_refused(self, filled, there):
        found = run("verify", *there, "--url", "sqlite://")
        assert (found.exit_code, "name two ledgers" in found.output) == (2, True)
