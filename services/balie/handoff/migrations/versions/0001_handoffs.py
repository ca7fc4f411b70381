"""Queues, agents, handoffs and the decisions on turns."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json, Text, UtcDateTime
from balie.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = sa.text("state IN (1, 2, 3, 4)")


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "desks",
        sa.Column("tenant", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="desks_pk"),
    )
    op.create_table(
        "queues",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("display_name", Text, nullable=False),
        sa.Column("max_wait_seconds", sa.Float, nullable=False),
        sa.Column("offer_timeout_seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="queues_pk"),
    )
    op.create_table(
        "agents",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("display_name", Text, nullable=False),
        sa.Column("queue_ids", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("max_chats", sa.Integer, nullable=False),
        sa.Column("presence", sa.Integer, nullable=False),
        sa.Column("idle_since", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="agents_pk"),
    )
    create_handoffs()
    op.create_table(
        "decisions",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("turn_id", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("policy_version", Text, nullable=False),
        sa.Column("inputs", Json, nullable=False),
        sa.Column("ruling", Json, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "turn_id", name="decisions_pk"),
    )


def create_handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("turn_id", Text, nullable=False),
        sa.Column("contact_id", Text, nullable=False),
        sa.Column("channel", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("queue_id", Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("suggested_answer_ids", Json, nullable=False),
        sa.Column("passed_agent_ids", Json, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger, nullable=False),
        sa.Column("owner_confirmed", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("offer_expires_at", UtcDateTime),
        sa.Column("deadline_at", UtcDateTime, nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="handoffs_pk"),
    )
    op.create_index(
        "handoffs_open_uq",
        "handoffs",
        ["tenant", "conversation_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("handoffs_created_ix", "handoffs", ["tenant", "created_at", "id"])
    op.create_index(
        "handoffs_queue_ix", "handoffs", ["tenant", "queue_id", "state", "priority", "created_at"]
    )
    op.create_index("handoffs_agent_ix", "handoffs", ["tenant", "agent_id", "state"])
    op.create_index("handoffs_conversation_ix", "handoffs", ["tenant", "conversation_id", "created_at"])
    op.create_index("handoffs_deadline_ix", "handoffs", ["state", "deadline_at"])
    op.create_index("handoffs_offer_ix", "handoffs", ["state", "offer_expires_at"])
