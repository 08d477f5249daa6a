"""Takes the book's lease; an engine that died on this machine does not make the next one wait."""

import os
import socket
from datetime import datetime, timedelta

from hedging.engine.recording import LEASE_SECONDS
from hedging.errors import LeaseLost
from hedging.ledger import Lease, Ledger


def take_lease(ledger: Ledger, book: str, now: datetime) -> Lease:
    """Acquire the lease of ``book`` for this process.

    Where it is still held by a process of this machine that no longer exists, it is released first: a dead
    process sends nothing, and whatever it sent before carries its time fence and is looked up at the start.

    Raises LeaseLost, naming the holder, where it may be alive.
    """
    held = ledger.lease(book)
    if held is not None and held.expires_at > now and _is_dead(held.holder):
        ledger.release_lease(held)
    holder = f"engine {_machine()}:{os.getpid()}"
    try:
        return ledger.acquire_lease(book, holder, now, timedelta(seconds=LEASE_SECONDS))
    except LeaseLost as error:
        raise LeaseLost(f"{error}; stop that engine, or wait until its lease has run out") from error


def _machine() -> str:
    """This boot of this machine, so that a process number is not mistaken for another machine's."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname()}-{boot[:8]}"


def _is_dead(holder: str) -> bool:
    machine, _, process = holder.removeprefix("engine ").rpartition(":")
    if machine != _machine() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
