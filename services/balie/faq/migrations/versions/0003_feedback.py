"""Adds remembered questions, their groups, and what was said of answers."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Text, UtcDateTime

revision = "0003"
down_revision = "0002"

_WAITING = sa.text("group_id IS NULL AND reason > 0")


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("call_id", Text, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.SmallInteger, nullable=False),
        sa.Column("group_id", Text),
        sa.Column("fingerprint", Text),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "id", name="questions_pk"),
        sa.UniqueConstraint("tenant", "collection_id", "call_id", "text_hash", name="questions_call_uq"),
        sa.ForeignKeyConstraint(
            ["tenant", "collection_id"],
            ["collections.tenant", "collections.id"],
            name="questions_collection_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_index("questions_nonce_ix", "questions", ["tenant", "nonce"])
    op.create_index("questions_group_ix", "questions", ["tenant", "collection_id", "group_id"])
    op.create_index("questions_asked_at_ix", "questions", ["asked_at"])
    op.create_index(
        "questions_waiting_ix",
        "questions",
        ["asked_at", "id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "question_groups",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("leader_id", Text, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "id", name="question_groups_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "collection_id"],
            ["collections.tenant", "collections.id"],
            name="question_groups_collection_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_index("question_groups_size_ix", "question_groups", ["tenant", "collection_id", "size"])
    op.create_table(
        "feedback",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("verdict", sa.SmallInteger, nullable=False),
        sa.Column("fault", sa.SmallInteger, nullable=False),
        sa.Column("comment", Text, nullable=False),
        sa.Column("given_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", "nonce", "author", "kind", name="feedback_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "number"],
            ["entries.tenant", "entries.number"],
            name="feedback_entry_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_index("feedback_nonce_ix", "feedback", ["tenant", "nonce"])
    op.create_index("feedback_given_at_ix", "feedback", ["given_at"])
