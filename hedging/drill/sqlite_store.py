"""The drill's ledger in a SQLite file, through the engine's own recorder; memory keeps a copy."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from hedging.core.effects import Commit
from hedging.core.starting import Stored
from hedging.drill.store import LEASE_SECONDS, MemoryStore, SimLease
from hedging.drill.times import at, micros_of
from hedging.engine.recording import Recorder
from hedging.errors import LeaseLost
from hedging.ledger import Ledger
from hedging.model.instrument import Instrument
from hedging.model.trading import Command

BOOK = "drill"


class SqliteStore(MemoryStore):
    """One file; what an engine starts from is read back from it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.ledger = Ledger.open(folder)
        self._recorders: dict[int, Recorder] = {}
        self._now = 0

    def acquire(self, holder: str, now: int) -> SimLease | None:
        """The lease as the database gives it."""
        if self.trouble:
            return None
        try:
            lease = self.ledger.acquire_lease(BOOK, holder, at(now), timedelta(seconds=LEASE_SECONDS))
        except LeaseLost:
            return None
        self._recorders[lease.token] = Recorder(self.ledger, lease, lambda: at(self._now))
        self.lease = SimLease(holder, lease.token, micros_of(lease.expires_at))
        return self.lease

    def renew(self, lease: SimLease, now: int) -> SimLease:
        """Another while of it."""
        self._writable()
        self._now = now
        recorder = self._recorders[lease.token]
        recorder.renew_lease()
        return self._as_it_is(lease, recorder)

    def carry_out(self, lease: SimLease, commit: Commit, now: int) -> SimLease:
        """One transaction of the real ledger, then the copy."""
        self._writable()
        self._now = now
        recorder = self._recorders[lease.token]
        recorder.carry_out(commit)
        lease = self._as_it_is(lease, recorder)
        return super().carry_out(lease, commit, now)

    def stored(self, instruments: Mapping[str, Instrument]) -> Stored:
        """What the file holds."""
        assert self.lease is not None  # noqa: S101 asked only by the holder
        return self._recorders[self.lease.token].stored(instruments)

    def ask(self, command: Command) -> None:
        """Append it to both."""
        if not self.trouble:
            self.ledger.append_command(command)
            super().ask(command)

    def verified(self) -> int:
        """Records whose chain was verified (I10). Raises LedgerTampered."""
        return self.ledger.verify_chain()

    def close(self) -> None:
        """Close the file."""
        self.ledger.close()

    def _as_it_is(self, lease: SimLease, recorder: Recorder) -> SimLease:
        self.lease = SimLease(lease.holder, lease.token, micros_of(recorder.lease.expires_at))
        return self.lease
