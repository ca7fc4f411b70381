"""Conversations, messages, turns, and the handoffs that were followed."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json, Text, UtcDateTime
from balie.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "tenants",
        sa.Column("tenant", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="tenants_pk"),
    )
    op.create_table(
        "conversations",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("contact_id", Text, nullable=False),
        sa.Column("channel", Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("owner_kind", sa.Integer, nullable=False),
        sa.Column("owner_agent_id", Text, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("handoff_state", sa.Integer, nullable=False),
        sa.Column("clarified_in_a_row", sa.Integer, nullable=False),
        sa.Column("bot_replies", sa.Integer, nullable=False),
        sa.Column("work_due_at", UtcDateTime),
        sa.Column("lease_holder", Text),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="conversations_pk"),
    )
    op.create_index("conversations_contact_ix", "conversations", ["tenant", "contact_id", "id"])
    op.create_index("conversations_agent_ix", "conversations", ["tenant", "owner_agent_id", "id"])
    op.create_index(
        "conversations_work_ix",
        "conversations",
        ["work_due_at"],
        sqlite_where=sa.text("work_due_at IS NOT NULL"),
        postgresql_where=sa.text("work_due_at IS NOT NULL"),
    )
    op.create_index(
        "conversations_lease_ix",
        "conversations",
        ["lease_holder"],
        sqlite_where=sa.text("lease_holder IS NOT NULL"),
        postgresql_where=sa.text("lease_holder IS NOT NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("author", sa.Integer, nullable=False),
        sa.Column("author_id", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("attachments", Json),
        sa.Column("turn_id", Text),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("notice", sa.Integer, nullable=False),
        sa.Column("answer_id", Text, nullable=False),
        sa.Column("options", Json),
        sa.Column("owner_epoch", sa.BigInteger, nullable=False),
        sa.Column("contact_id", Text, nullable=False),
        sa.Column("channel", Text, nullable=False),
        sa.Column("channel_message_id", Text),
        sa.Column("once_key", Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation_id", "seq", name="messages_pk"),
        sa.UniqueConstraint("tenant", "id", name="messages_id_uq"),
        sa.UniqueConstraint("tenant", "turn_id", "ordinal", name="messages_turn_uq"),
        sa.UniqueConstraint(
            "tenant", "channel", "contact_id", "channel_message_id", name="messages_channel_uq"
        ),
        sa.UniqueConstraint("tenant", "once_key", name="messages_once_uq"),
    )
    op.create_table(
        "turns",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("message_seq", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger, nullable=False),
        sa.Column("understanding", sa.LargeBinary),
        sa.Column("answers", sa.LargeBinary),
        sa.Column("decision", sa.LargeBinary),
        sa.Column("reply_message_ids", Json),
        sa.Column("suggestions", Json),
        sa.Column("timings", Json),
        sa.Column("versions", Json),
        sa.Column("services_down", Json),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delay_told", sa.Boolean, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("tenant", "id", name="turns_pk"),
        sa.UniqueConstraint("tenant", "conversation_id", "message_seq", name="turns_message_uq"),
    )
    op.create_index(
        "turns_open_ix",
        "turns",
        ["tenant", "conversation_id", "message_seq"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "handoffs",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="handoffs_pk"),
    )
