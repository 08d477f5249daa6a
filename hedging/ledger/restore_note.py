"""What the chain says of a restore."""

from dataclasses import dataclass

KIND = "restored"
"""Kind of the record; the newest one tells how far back the ledger was put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreNote:
    """Body of the record: the backup's name, where it ends, and the greatest token before (0: not known)."""

    book: str
    backup: str
    last_record: int
    last_hash: str
    token_before: int
