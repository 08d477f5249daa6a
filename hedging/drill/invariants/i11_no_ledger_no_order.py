"""I11: where the ledger cannot commit, nothing is sent."""

from hedging.drill.facts import Sent

ID = "I11"
SENTENCE = "where the ledger cannot commit, nothing is sent"


def sent(now: Sent) -> str:
    """The process that a write was refused to sends nothing any more."""
    return f"{now.order.client_id} left after a write had failed" if now.unwritten else ""
