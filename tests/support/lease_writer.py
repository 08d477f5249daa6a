"""Engines in small: each holds a lease, writes attempts under it and sends them, until it is killed.

Run as a script it is their nursery: one process that has everything imported and forks a writer for each
line ``start``; on ``stop PID``, ``cont PID`` and ``kill PID`` it sends the signal. It is their parent, so no
signal ever reaches another process. It ends, and they with it, with standard input.
"""

import json
import os
import random
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hedging.core.state import FENCE_MARGIN
from hedging.engine.holding import LEASE_SECONDS
from hedging.errors import LeaseLost, LedgerError
from hedging.ledger import Lease, Ledger

RENEWALS = 5
"""Renewals within one life of a lease, as the engine makes them."""

FENCED, NO_MARGIN, NO_FENCE = "fenced", "no margin", "no fence"


@dataclass(frozen=True)
class Times:
    """The engine's own times, all shortened alike so that a lease lives ``seconds``."""

    seconds: float

    @property
    def scale(self) -> float:
        return self.seconds / LEASE_SECONDS

    @property
    def ttl(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    @property
    def margin(self) -> timedelta:
        return FENCE_MARGIN * self.scale

    def valid_until(self, lease: Lease, fence: str) -> datetime:
        """The latest that I9 allows; an engine's own fence of an order, 5 s, mostly ends before."""
        if fence == NO_FENCE:
            return datetime.max.replace(tzinfo=UTC)
        return lease.expires_at - (self.margin if fence == FENCED else timedelta(0))


class Writer:
    """One process under one name."""

    def __init__(self, words: list[str]) -> None:
        address, self.book, self.name, venue, seconds, self.fence = words
        self.ledger = Ledger.open_url(address) if "://" in address else Ledger.open(Path(address))
        self.times = Times(float(seconds))
        self.venue = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.venue.connect(venue)
        self.lease: Lease | None = None
        self.dice = random.Random(self.name)
        self.count = 0

    def run(self) -> None:
        renew_at = datetime.now(UTC)
        while True:
            now = datetime.now(UTC)
            try:
                if self.lease is None:
                    self.lease = self.ledger.acquire_lease(self.book, self.name, now, self.times.ttl)
                    renew_at = now + self.times.ttl / RENEWALS
                elif now >= renew_at:
                    self.lease = self.ledger.renew_lease(self.lease, now, self.times.ttl)
                    renew_at = now + self.times.ttl / RENEWALS
                self.attempt(self.lease)
            except LeaseLost:
                if self.lease is not None:
                    self.say(refused=self.lease.token)
                self.lease = None
                time.sleep(0.02)
            except LedgerError as error:
                if "another process has held it" not in str(error):
                    raise

    def attempt(self, lease: Lease) -> None:
        """Write, then send; a pause may come between any two steps, also after the time was looked at."""
        now = datetime.now(UTC)
        until = self.times.valid_until(lease, self.fence)
        if until <= now:
            return
        self.count += 1
        ref = f"{self.name}-{self.count}"
        with self.ledger.write(lease, now) as transaction:
            transaction.record("attempt", self.name, ref, {"token": lease.token})
        time.sleep(self.dice.uniform(0, 0.01))
        self.say(ref=ref, token=lease.token, until=until.timestamp())
        time.sleep(0.005)

    def say(self, **said: object) -> None:
        self.venue.send(json.dumps({"name": self.name, **said}).encode())


def live(words: list[str]) -> None:
    """A writer's life; only its parent ends it, or an error, which it tells."""
    code = 1
    try:
        writer = Writer(words)
        try:
            writer.run()
        except (LedgerError, OSError, ValueError) as error:
            writer.say(crashed=f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def main() -> None:
    """The nursery."""
    children: set[int] = set()
    print("ready", flush=True)
    for line in sys.stdin:
        order, *words = line.rstrip("\n").split("\t")
        if order == "start":
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                live(words)
            children.add(child)
        else:
            child = int(words[0])
            number = {"stop": signal.SIGSTOP, "cont": signal.SIGCONT, "kill": signal.SIGKILL}[order]
            os.kill(child, number)
            if order == "kill":
                os.waitpid(child, 0)
                children.discard(child)
        print(child, flush=True)
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
