"""What happened in a schedule, in lines to read and as a hash to compare."""

import hashlib
from dataclasses import fields, is_dataclass

from hedging.core.effects import AddFill, Commit, InsertAttempt, PutOrder, PutStatus, PutTicket, SettleCommand
from hedging.core.events import Event, Looked, Ticked
from hedging.drill.times import SECOND
from hedging.model.trading import Decision


class Trace:
    """Keeps nothing: schedules that nobody reads are traced at no cost."""

    def line(self, now: int, who: str, words: str) -> None:
        """Something happened."""

    def event(self, now: int, who: str, event: Event) -> None:
        """An engine took an event in."""

    def commit(self, now: int, who: str, commit: Commit) -> None:
        """An engine made changes durable."""

    def decision(self, now: int, who: str, decision: Decision) -> None:
        """An engine decided."""


class Lines(Trace):
    """Keeps every line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._decided = ""

    def line(self, now: int, who: str, words: str) -> None:
        """Keep it."""
        self.lines.append(f"{now / SECOND:10.6f}  {who:6}  {words}")

    def event(self, now: int, who: str, event: Event) -> None:
        """Keep it, but for the passing of time and prices."""
        if not isinstance(event, Ticked | Looked):
            self.line(now, who, f"· {_short(event)}")

    def commit(self, now: int, who: str, commit: Commit) -> None:
        """Keep what matters of it."""
        for change in commit.changes:
            words = _stored(change)
            if words:
                self.line(now, who, f"  stores {words}")

    def decision(self, now: int, who: str, decision: Decision) -> None:
        """Keep it where it is another one than before."""
        words = f"decides {decision.outcome}: {decision.reason}"
        if words != self._decided:
            self._decided = words
            self.line(now, who, words)

    @property
    def digest(self) -> str:
        """Hash over all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def _stored(change: object) -> str:
    if isinstance(change, InsertAttempt | PutOrder):
        order = change.order
        why = f" ({order.detail})" if order.detail else ""
        return f"order {order.client_id} {order.state}, {order.filled} of {order.amount} filled{why}"
    if isinstance(change, PutTicket):
        ticket = change.ticket
        return f"ticket {ticket.id} {ticket.state} v{ticket.version}: {ticket.note or ticket.sentence}"
    if isinstance(change, AddFill):
        return f"fill {change.fill.trade_id} of {change.fill.client_id or 'somebody'}"
    if isinstance(change, PutStatus):
        return f"status {change.status.state}, auto {change.status.auto.mode}: {change.why}"
    if isinstance(change, SettleCommand):
        return f"answer {change.key}: {change.state}, {change.answer}"
    return ""


def _short(value: object) -> str:
    if not is_dataclass(value) or isinstance(value, type):
        return str(value)
    parts = []
    for each in fields(value):
        held = getattr(value, each.name)
        if isinstance(held, tuple):
            parts.append(f"{each.name}=[{', '.join(_brief(one) for one in held)}]")
        elif is_dataclass(held):
            parts.append(f"{each.name}=({_brief(held)})")
        else:
            parts.append(f"{each.name}={_plain(held)}")
    return f"{type(value).__name__} {' '.join(parts)}"


def _brief(value: object) -> str:
    names = ("client_id", "key", "kind", "ref", "trade_id", "instrument", "state", "side", "amount", "filled")
    found = []
    for name in names:
        held = getattr(value, name, None)
        if held not in {None, ""}:
            found.append(str(getattr(held, "name", held)))
    return " ".join(found) or str(value)


def _plain(value: object) -> str:
    return str(value) if not hasattr(value, "isoformat") else value.isoformat()[11:23]
