"""Internal notes, canned replies, what became of suggested answers, ratings, and what figures are counted by."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Text, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("from_agent_id", Text, nullable=False),
        sa.Column("from_queue_id", Text, nullable=False),
        sa.Column("to_agent_id", Text, nullable=False),
        sa.Column("to_queue_id", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "handoff_id", "id", name="notes_pk"),
    )
    op.create_index("notes_kind_ix", "notes", ["tenant", "kind", "created_at"])
    create_canned_replies()
    create_suggestions_and_ratings()
    op.create_index("handoffs_taken_ix", "handoffs", ["tenant", "accepted_at"])
    op.create_index("handoffs_replied_ix", "handoffs", ["tenant", "replied_at"])
    op.create_index("handoffs_ended_ix", "handoffs", ["tenant", "ended_at"])
    op.drop_index("decisions_decided_ix", "decisions")
    op.create_index(
        "decisions_decided_ix", "decisions", ["tenant", "decided_at", "turn_id", "conversation_id"]
    )


def create_canned_replies() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("shortcut", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("title", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="canned_replies_pk"),
    )
    op.create_index(
        "canned_replies_shortcut_uq", "canned_replies", ["tenant", "shortcut", "language"], unique=True
    )
    op.create_table(
        "canned_reply_queues",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("canned_reply_id", Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("queue_id", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "canned_reply_id", "queue_id", name="canned_reply_queues_pk"),
    )


def create_suggestions_and_ratings() -> None:
    op.create_table(
        "suggestions",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("answer_id", Text, nullable=False),
        sa.Column("outcome", sa.Integer, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "handoff_id", "answer_id", name="suggestions_pk"),
    )
    op.create_index("suggestions_told_ix", "suggestions", ["tenant", "told_at"])
    op.create_table(
        "ratings",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("queue_id", Text, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("given_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation_id", name="ratings_pk"),
    )
    op.create_index("ratings_given_ix", "ratings", ["tenant", "given_at"])
