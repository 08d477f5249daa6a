"""Exported heads: signed, appended once, read back, and what a rewritten ledger or file does to them."""

import json
import os
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger import Ledger
from hedging.ledger import heads as module
from hedging.ledger.head_key import HeadKey, load_public, public_path, require_outside
from hedging.ledger.heads import HeadKind, SignedHead, export_head, export_restored, in_force, read_heads


@pytest.fixture
def key(tmp_path):
    return HeadKey.create(tmp_path / "keys" / "head")


@pytest.fixture
def heads(tmp_path):
    return tmp_path / "elsewhere" / "heads"


def grow(ledger, sample, *numbers: int) -> None:
    for n in numbers:
        ledger.append_command(sample.command(n))


def test_each_head_is_exported_once_and_read_back(ledger, sample, key, heads):
    first = export_head(ledger, key, heads, sample.now)
    assert (first.sequence, first.hash) == (0, "0" * 64)
    grow(ledger, sample, 1, 2)
    second = export_head(ledger, key, heads, sample.now)
    assert export_head(ledger, key, heads, sample.now + sample.ttl) == second
    assert read_heads(heads, key.public) == (first, second)
    assert ledger.verify_chain(in_force((first, second))) == 2
    assert (heads.stat().st_mode & 0o777, heads.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_nothing_is_signed_over_a_ledger_that_was_rewritten(ledger, sample, key, heads, tmp_path):
    grow(ledger, sample, 1, 2)
    export_head(ledger, key, heads, sample.now)
    written = heads.read_bytes()
    another = Ledger.open(tmp_path / "another")
    grow(another, sample, 1)
    with pytest.raises(
        LedgerTampered, match=r"record 2: missing, though its hash was exported to .*heads at"
    ):
        export_head(another, key, heads, sample.now)
    grow(another, sample, 3, 4)
    with pytest.raises(LedgerTampered, match=r"record 2: another, though its hash was exported"):
        export_head(another, key, heads, sample.now)
    with pytest.raises(LedgerTampered, match=r"record 2: changed, or one before it, and all hashes computed"):
        another.verify_chain(in_force(read_heads(heads, key.public)))
    assert heads.read_bytes() == written
    another.close()


def changed_hash(lines: list[bytes]) -> list[bytes]:
    said = json.loads(lines[1])
    return [lines[0], lines[1].replace(said["hash"].encode(), b"1" * 64), *lines[2:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed_hash, "line 2 was changed, or signed by another key"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 2 is out of order"),
        (lambda lines: [*lines, lines[0]], "line 4 is out of order"),
        (lambda lines: [lines[0].replace(b'"by":""', b'"by": ""'), *lines[1:]], "line 1 was changed"),
        (lambda lines: [b"{}", *lines], "line 1 was changed: it cannot be read"),
    ],
    ids=["hash", "order", "repeated", "blank", "no head"],
)
def test_a_changed_line_is_named(ledger, sample, key, heads, change, message):
    for n in (1, 2, 3):
        grow(ledger, sample, n)
        export_head(ledger, key, heads, sample.now)
    heads.write_bytes(b"\n".join(change(heads.read_bytes().splitlines())) + b"\n")
    with pytest.raises(LedgerTampered, match=message):
        read_heads(heads, key.public)


def test_another_key_signs_nothing_here(ledger, sample, key, heads, tmp_path):
    export_head(ledger, key, heads, sample.now)
    grow(ledger, sample, 1)
    other = HeadKey.create(tmp_path / "keys" / "other")
    with pytest.raises(LedgerTampered, match="the last line was changed, or signed by another key"):
        export_head(ledger, other, heads, sample.now)
    with pytest.raises(LedgerTampered, match="line 1 was changed, or signed by another key"):
        read_heads(heads, other.public)


def test_a_line_cut_off_by_a_crash_counts_for_nothing_and_is_cleared(ledger, sample, key, heads):
    first = export_head(ledger, key, heads, sample.now)
    with heads.open("ab") as file:
        file.write(b'{"at":"2026')
    assert read_heads(heads, key.public) == (first,)
    grow(ledger, sample, 1)
    second = export_head(ledger, key, heads, sample.now)
    assert read_heads(heads, key.public) == (first, second)


def test_a_restore_voids_what_came_after_the_backup_and_nothing_else(sample):
    one, two, three = (SignedHead(at=sample.now, sequence=n, hash=f"{n}") for n in (1, 2, 3))
    back = replace(two, hash="other", kind=HeadKind.RESTORED, voids_after=1, by="rita")
    four = replace(three, sequence=4)
    assert in_force((one, two, three)) == (one, two, three)
    assert in_force((one, two, three, back, four)) == (one, back, four)


def test_a_ledger_that_was_never_restored_voids_nothing(ledger, sample, key, heads):
    with pytest.raises(LedgerError, match="was never restored"):
        export_restored(ledger, key, heads, "rita", sample.now)


def test_two_export_beside_a_writer(ledger, sample, key, heads, place, monkeypatch):
    """Each with a ledger and a file of its own, as two processes have them, and slow between two steps."""
    failed: list[LedgerError] = []
    exported: set[SignedHead] = set()
    read_last = module._last

    def slow(*arguments):
        found = read_last(*arguments)
        time.sleep(0.003)
        return found

    monkeypatch.setattr(module, "_last", slow)

    def export() -> None:
        mine = place.open()
        try:
            for _ in range(20):
                exported.add(export_head(mine, key, heads, sample.now))
        except LedgerError as error:
            failed.append(error)
        mine.close()

    threads = [threading.Thread(target=export) for _ in range(2)]
    for thread in threads:
        thread.start()
    n = 0
    while any(thread.is_alive() for thread in threads):
        n += 1
        grow(ledger, sample, n)
    assert failed == []
    read = read_heads(heads, key.public)
    assert len(read) > 1
    assert exported == set(read)
    assert ledger.verify_chain(in_force(read)) == n


class TestKey:
    def test_it_is_for_its_owner_alone_and_never_replaced(self, key, tmp_path):
        path = tmp_path / "keys" / "head"
        assert path.stat().st_mode & 0o777 == 0o600
        assert HeadKey.load(path).public == load_public(public_path(path)) == key.public
        with pytest.raises(LedgerError, match="is there already: it is kept"):
            HeadKey.create(path)
        path.chmod(0o640)
        with pytest.raises(LedgerError, match="may be read by others; run: chmod 600"):
            HeadKey.load(path)
        assert "private" not in repr(key)

    def test_what_is_no_key_is_refused(self, tmp_path):
        path = tmp_path / "x"
        with pytest.raises(LedgerError, match="cannot be read: No such file"):
            HeadKey.load(path)
        with pytest.raises(LedgerError, match="public key cannot be read: No such file"):
            load_public(path)
        path.write_text("nothing")
        path.chmod(0o600)
        with pytest.raises(LedgerError, match="holds no private key in PEM form"):
            HeadKey.load(path)
        with pytest.raises(LedgerError, match="holds no public key in PEM form"):
            load_public(path)

    def test_it_may_not_lie_beside_the_ledger(self, tmp_path):
        os.symlink(tmp_path / "state", tmp_path / "link")
        for inside in (tmp_path / "state" / "head", tmp_path / "link" / "a" / "head"):
            with pytest.raises(LedgerError, match="lies in the state folder"):
                require_outside(inside, tmp_path / "state")
        require_outside(tmp_path / "keys" / "head", tmp_path / "state")


def test_a_place_that_cannot_be_written_is_said(ledger, sample, key, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"the ledger's head cannot be exported: .*make the place writable"):
        export_head(ledger, key, tmp_path / "file" / "heads", sample.now)


def test_a_head_that_is_missing_is_named(ledger, sample, place):
    with place.tampering() as connection:
        connection.execute(text("DELETE FROM chain_head"))
    with pytest.raises(LedgerTampered, match="the head of the chain is missing"):
        ledger.head(sample.now)
