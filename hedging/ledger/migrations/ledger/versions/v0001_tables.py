"""The first tables: the chain, its head, and the nouns it proves."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

GENESIS = "0" * 64
SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table, empty, and the head of an empty chain."""
    _create_chain()
    _create_nouns()
    _create_inputs_and_lease()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _record() -> sa.Column[int]:
    return sa.Column("record", sa.BigInteger, sa.ForeignKey("record.sequence"), nullable=False)


def _create_chain() -> None:
    op.create_table(
        "record",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
        *_integers("at_ns"),
        *_texts("kind", "actor", "ref", "body", "previous_hash", "hash"),
    )
    op.create_index("record_ref", "record", ["ref", "sequence"])
    op.create_index("record_kind", "record", ["kind", "sequence"])
    head = op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        *_integers("sequence"),
        *_texts("hash"),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": GENESIS}])


def _create_nouns() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.Text, primary_key=True),
        *_integers("version"),
        *_texts("underlying", "state"),
        *_integers("created_ns", "expires_ns"),
        *_texts("proposed_by", "decided_by", "inputs_hash", "content_hash", "body"),
        _record(),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'executing', 'done')"
            " OR proposed_by = 'engine' OR decided_by <> proposed_by",
            name="a_person_does_not_approve_their_own_ticket",
        ),
    )
    op.create_index("ticket_created", "ticket", ["created_ns"])
    op.create_table(
        "orders",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("ticket_id", sa.Text, sa.ForeignKey("ticket.id"), nullable=False),
        *_integers("leg", "clip"),
        *_texts("account", "venue", "venue_id", "instrument", "underlying"),
        *_integers("side"),
        *_texts("state", "amount", "limit_price", "filled"),
        *_integers("created_ns"),
        *_texts("actor", "approver", "body"),
        _record(),
        sa.UniqueConstraint("ticket_id", "leg", "clip", name="one_attempt_per_intent"),
        sa.CheckConstraint("side IN (-1, 1)", name="a_side_is_buy_or_sell"),
    )
    op.create_index("orders_state", "orders", ["state"])
    op.create_table(
        "fill",
        *[sa.Column(name, sa.Text, primary_key=True) for name in ("venue", "account", "trade_id")],
        *_texts("client_id", "instrument"),
        *_integers("side"),
        *_texts("amount", "price"),
        *_integers("at_ns"),
        *_texts("body"),
        _record(),
        sa.CheckConstraint("side IN (-1, 1)", name="a_side_is_buy_or_sell"),
    )
    op.create_index("fill_client_id", "fill", ["client_id"])
    op.create_index("fill_at", "fill", ["at_ns"])
    op.create_table(
        "command",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *_integers("at_ns"),
        *_texts("user_name", "kind", "ref", "state", "body"),
        _record(),
    )
    op.create_index("command_state", "command", ["state"])


def _create_inputs_and_lease() -> None:
    op.create_table(
        "trading", sa.Column("book", sa.Text, primary_key=True), *_texts("state", "body"), _record()
    )
    op.create_table(
        "inputs",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _record(),
    )
    op.create_table(
        "lease",
        sa.Column("book", sa.Text, primary_key=True),
        *_texts("holder"),
        *_integers("token", "expires_ns"),
        _record(),
    )
