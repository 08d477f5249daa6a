"""What a cycle's decisions rest on, as bytes and as their hash; what has not changed is not encoded again."""

import hashlib
from dataclasses import dataclass, fields

import msgspec

from hedging.model.book import Position
from hedging.model.rules import Rules
from hedging.model.snapshot import Snapshot

REST = tuple(field.name for field in fields(Snapshot) if field.name != "positions")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Canonical JSON of positions, rules and the rest of a snapshot, in parts; ``digest``: hex SHA-256."""

    parts: tuple[bytes, ...]
    digest: str

    @property
    def body(self) -> bytes:
        """The whole text."""
        return b"".join(self.parts)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recorded inputs as they were."""

    snapshot: Snapshot
    rules: Rules


class InputsEncoder:
    """Encodes the snapshots of one engine; a position is encoded once, however many cycles it stays."""

    def __init__(self) -> None:
        self._of: tuple[tuple[Position, ...], Rules] | None = None
        self._texts: dict[int, tuple[Position, bytes]] = {}
        self._head = b""
        self._hashed = hashlib.sha256()

    def encode(self, snapshot: Snapshot, rules: Rules) -> Inputs:
        """Inputs of the decisions about ``snapshot`` under ``rules``."""
        if self._of is None or self._of[0] is not snapshot.positions or self._of[1] is not rules:
            self._of = (snapshot.positions, rules)
            texts = b",".join(self._text(position) for position in snapshot.positions)
            self._texts = {id(p): self._texts[id(p)] for p in snapshot.positions}
            self._head = b'{"positions":[%b],"rules":%b,"snapshot":' % (texts, _json(rules))
            self._hashed = hashlib.sha256(self._head)
        tail = _json({name: getattr(snapshot, name) for name in REST}) + b"}"
        whole = self._hashed.copy()
        whole.update(tail)
        return Inputs((self._head, tail), whole.hexdigest())

    def _text(self, position: Position) -> bytes:
        """The position's text, which is kept, with the position, for as long as it is held."""
        held = self._texts.get(id(position))
        if held is None:
            held = self._texts[id(position)] = (position, _json(position))
        return held[1]


def decoded(body: bytes) -> Recorded:
    """Snapshot and rules of recorded inputs. Raises msgspec.ValidationError where they are none."""
    found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    rest = msgspec.json.decode(found["snapshot"], type=dict[str, msgspec.Raw])
    whole = {"positions": found["positions"], **rest}
    return Recorded(
        msgspec.json.decode(msgspec.json.encode(whole), type=Snapshot),
        msgspec.json.decode(found["rules"], type=Rules),
    )


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
