"""The service's tables, beside the kit's; `migrations` creates them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from balie.kit.columns import Json, Text, UtcDateTime

metadata = MetaData()

# One row for each tenant that ever wrote. Who holds its lock is the only one who changes the tenant's desk.
desks = Table(
    "desks",
    metadata,
    Column("tenant", Text, nullable=False),
    PrimaryKeyConstraint("tenant", name="desks_pk"),
)

# `rules` holds what of a queue no query looks at.
queues = Table(
    "queues",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("max_wait_seconds", Float, nullable=False),
    Column("offer_timeout_seconds", Float, nullable=False),
    Column("rings", Json, nullable=False),
    Column("priority_per_minute", Float, nullable=False),
    Column("last_agent_seconds", Float, nullable=False),
    Column("calendar_id", Text, nullable=False, server_default=""),
    Column("rules", Json, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="queues_pk"),
    Index("queues_calendar_ix", "tenant", "calendar_id"),
)

# `weekdays` and `holidays` are read and written whole, with their calendar.
calendars = Table(
    "calendars",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("weekdays", Json, nullable=False),
    Column("holidays", Json, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="calendars_pk"),
)

agents = Table(
    "agents",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("queue_ids", Json, nullable=False),
    Column("languages", Json, nullable=False),
    Column("max_chats", Integer, nullable=False),
    Column("skills", Json, nullable=False),
    Column("hold_weight", Float, nullable=False),
    Column("max_open", Integer),
    Column("presence", Integer, nullable=False),
    Column("idle_since", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="agents_pk"),
)

_OPEN = text("state IN (1, 2, 3, 4, 9, 10)")  # domain.OPEN; an index cannot take parameters

handoffs = Table(
    "handoffs",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("turn_id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("queue_id", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("suggested_answer_ids", Json, nullable=False),
    Column("passed_agent_ids", Json, nullable=False),
    Column("owner_epoch", BigInteger, nullable=False),
    Column("owner_confirmed", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("offer_expires_at", UtcDateTime),
    Column("deadline_at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("skills", Json, nullable=False),
    Column("rank", Float, nullable=False),
    Column("preferred_agent_id", Text, nullable=False),
    Column("contact_waits", Boolean, nullable=False),
    Column("waits_since", UtcDateTime, nullable=False),
    Column("spoke_seq", BigInteger, nullable=False),
    Column("waiting_since", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("replied_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("clocks", Json, nullable=False),
    Column("agent_due_at", UtcDateTime),
    Column("call_back_start_at", UtcDateTime),
    Column("call_back_promised_at", UtcDateTime),
    Column("release_reason", Integer, nullable=False),
    Column("wanted_agent_id", Text, nullable=False),
    Column("wanted_until", UtcDateTime),
    Column("transfers", Integer, nullable=False),
    Column("past_queue_ids", Json, nullable=False),
    Column("told_position", Integer, nullable=False),
    Column("told_wait_seconds", Float),
    Column("told_at", UtcDateTime),
    Column("next_step_at", UtcDateTime),
    PrimaryKeyConstraint("tenant", "id", name="handoffs_pk"),
    # A conversation has at most one open handoff, whatever the code believes.
    Index(
        "handoffs_open_uq",
        "tenant",
        "conversation_id",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    Index("handoffs_created_ix", "tenant", "created_at", "id"),
    Index("handoffs_queue_ix", "tenant", "queue_id", "state", "rank", "created_at"),
    Index("handoffs_contact_ix", "tenant", "contact_id", "updated_at"),
    Index("handoffs_agent_ix", "tenant", "agent_id", "state"),
    Index("handoffs_conversation_ix", "tenant", "conversation_id", "created_at"),
    Index("handoffs_next_step_ix", "next_step_at"),
    Index("handoffs_accepted_ix", "tenant", "queue_id", "accepted_at"),
    # Figures are of what happened in a period.
    Index("handoffs_taken_ix", "tenant", "accepted_at"),
    Index("handoffs_replied_ix", "tenant", "replied_at"),
    Index("handoffs_ended_ix", "tenant", "ended_at"),
)

# `inputs` and `ruling` are what the policy was given and said: a later policy can be tried on them. `kind`,
# `answered_entry_id` and `is_silent` repeat what the next turns of the conversation look back at.
decisions = Table(
    "decisions",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("turn_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("inputs", Json, nullable=False),
    Column("ruling", Json, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("answered_entry_id", Text, nullable=False),
    Column("is_silent", Boolean, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "turn_id", name="decisions_pk"),
    Index("decisions_conversation_ix", "tenant", "conversation_id", "decided_at"),
    # With the conversation, so that figures are counted without reading what was decided on.
    Index("decisions_decided_ix", "tenant", "decided_at", "turn_id", "conversation_id"),
)

# Every policy that ever decided, so that each decision can be understood and made again.
policies = Table(
    "policies",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("first_used_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "version", name="policies_pk"),
)

# What is of a transfer names from whom to whom; transfers are counted here.
notes = Table(
    "notes",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("from_agent_id", Text, nullable=False),
    Column("from_queue_id", Text, nullable=False),
    Column("to_agent_id", Text, nullable=False),
    Column("to_queue_id", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "handoff_id", "id", name="notes_pk"),
    Index("notes_kind_ix", "tenant", "kind", "created_at"),
)

canned_replies = Table(
    "canned_replies",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("shortcut", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="canned_replies_pk"),
    # A language has one reply of a shortcut, whatever the code believes; lists are in this order.
    Index("canned_replies_shortcut_uq", "tenant", "shortcut", "language", unique=True),
)

# The queues that a reply is for, in their order; one without rows here is for all.
canned_reply_queues = Table(
    "canned_reply_queues",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("canned_reply_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("queue_id", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "canned_reply_id", "queue_id", name="canned_reply_queues_pk"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "handoff_id", "answer_id", name="suggestions_pk"),
    Index("suggestions_told_ix", "tenant", "told_at"),
)

# A conversation is rated once; `queue_id` and `agent_id` are those of the handoff then.
ratings = Table(
    "ratings",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("handoff_id", Text, nullable=False),
    Column("queue_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("rating", Integer, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "conversation_id", name="ratings_pk"),
    Index("ratings_given_ix", "tenant", "given_at"),
)
