"""The kill files: each mode its own, written by the command line, and read whatever state it is in."""

import json

import pytest
from click.testing import CliRunner

from hedging.__main__ import main
from hedging.engine.latches import KillMode, Latches
from hedging.model.trading import CommandKind


def kill(folder, *more):
    return CliRunner().invoke(main, ["kill", "--state", str(folder), "--user", "vera", *more])


def test_a_halt_is_a_latch_and_survives_until_it_is_cleared(tmp_path):
    assert "nothing more" in kill(tmp_path, "--reason", "odd fills").output
    assert Latches(tmp_path).reasons() == ("vera: odd fills",)
    again = Latches(tmp_path)
    again.clear()
    assert again.reasons() == ()


@pytest.mark.parametrize(("mode", "kind"), [("auto", CommandKind.AUTO_OFF), ("reduce", CommandKind.REDUCE)])
def test_a_milder_wish_is_no_latch_and_is_taken_away_once_done(tmp_path, mode, kind):
    kill(tmp_path, "--mode", mode, "--reason", "odd fills")
    latches = Latches(tmp_path)
    assert latches.reasons() == ()
    (wish,) = latches.wishes()
    assert (wish.kind, wish.user, wish.why) == (kind, "vera", "odd fills")
    latches.done(wish)
    assert latches.wishes() == ()


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"user": "x"})])
def test_a_file_that_cannot_be_read_counts_all_the_same(tmp_path, content):
    for mode in KillMode:
        (tmp_path / mode.file).write_text(content)
    latches = Latches(tmp_path)
    assert len(latches.reasons()) == 1
    assert len(latches.wishes()) == 2


def test_where_the_folder_cannot_be_written_the_command_says_so(tmp_path):
    found = kill(tmp_path / "absent")
    assert found.exit_code == 2
    assert "could not be written" in found.output
