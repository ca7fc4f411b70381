"""The gateway's tables, beside the kit's. The migrations create them; this is how the code sees them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from balie.kit.columns import Json, Text, UtcDateTime

metadata = MetaData()

# Every tenant that ever had a conversation: whose handoffs are followed.
tenants = Table(
    "tenants",
    metadata,
    Column("tenant", Text, nullable=False),
    PrimaryKeyConstraint("tenant", name="tenants_pk"),
)

# Whoever holds this row's lock may append to the conversation. `work_due_at` is set while a turn is open; a replica
# works on the conversation's turns while `lease_until` lies ahead.
conversations = Table(
    "conversations",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("owner_kind", Integer, nullable=False),
    Column("owner_agent_id", Text, nullable=False),
    Column("owner_epoch", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("handoff_state", Integer, nullable=False),
    Column("clarified_in_a_row", Integer, nullable=False),
    Column("bot_replies", Integer, nullable=False),
    Column("contact_attributes", Json),
    Column("helped_handoff_id", Text),
    Column("returned_seq", BigInteger),
    Column("survey_seq", BigInteger),
    Column("rating", Integer),
    Column("work_due_at", UtcDateTime),
    Column("lease_holder", Text),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="conversations_pk"),
    Index("conversations_contact_ix", "tenant", "contact_id", "id"),
    Index("conversations_agent_ix", "tenant", "owner_agent_id", "id"),
    Index(
        "conversations_work_ix",
        "work_due_at",
        sqlite_where=text("work_due_at IS NOT NULL"),
        postgresql_where=text("work_due_at IS NOT NULL"),
    ),
    Index(
        "conversations_lease_ix",
        "lease_holder",
        sqlite_where=text("lease_holder IS NOT NULL"),
        postgresql_where=text("lease_holder IS NOT NULL"),
    ),
)

# `contact_id` and `channel` repeat the conversation's: a channel's own ids are unique for one contact on one channel
# (some channels number the messages of each chat from 1). NULLs are distinct in unique constraints.
messages = Table(
    "messages",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("author", Integer, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("attachments", Json),
    Column("turn_id", Text),
    Column("ordinal", Integer, nullable=False),
    Column("notice", Integer, nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("options", Json),
    Column("owner_epoch", BigInteger, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("channel_message_id", Text),
    Column("once_key", Text),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "conversation_id", "seq", name="messages_pk"),
    UniqueConstraint("tenant", "id", name="messages_id_uq"),
    UniqueConstraint("tenant", "turn_id", "ordinal", name="messages_turn_uq"),
    UniqueConstraint("tenant", "channel", "contact_id", "channel_message_id", name="messages_channel_uq"),
    UniqueConstraint("tenant", "once_key", name="messages_once_uq"),
)

turns = Table(
    "turns",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message_seq", BigInteger, nullable=False),
    Column("state", Integer, nullable=False),
    Column("owner_epoch", BigInteger, nullable=False),
    Column("understanding", LargeBinary),
    Column("answers", LargeBinary),
    Column("decision", LargeBinary),
    Column("reply_message_ids", Json),
    Column("suggestions", Json),
    Column("timings", Json),
    Column("versions", Json),
    Column("services_down", Json),
    Column("attempts", Integer, nullable=False),
    Column("delay_told", Boolean, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    PrimaryKeyConstraint("tenant", "id", name="turns_pk"),
    UniqueConstraint("tenant", "conversation_id", "message_seq", name="turns_message_uq"),
    Index(
        "turns_open_ix",
        "tenant",
        "conversation_id",
        "message_seq",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# How far each handoff was followed: an event whose revision is not newer was applied before.
handoffs = Table(
    "handoffs",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("owner_epoch", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="handoffs_pk"),
)

# What the handoff service is still to be told, written with what it tells of: who wrote while a handoff was open, and
# ratings. A row's conversation is locked when it is written, so whoever reads one has read all of the conversation's before it.
outbox = Table(
    "outbox",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("rating", Integer),
    PrimaryKeyConstraint("tenant", "conversation_id", "seq", "kind", name="outbox_pk"),
)
