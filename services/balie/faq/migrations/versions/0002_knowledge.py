"""Entries have a state, a time, audiences, markets and a history; collections the order in which languages stand in."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, Text, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("collections", sa.Column("fallback", Json, nullable=False, server_default="[]"))
    op.add_column("entries", sa.Column("state", sa.SmallInteger, nullable=False, server_default="2"))
    op.add_column("entries", sa.Column("valid_from", UtcDateTime))
    op.add_column("entries", sa.Column("valid_until", UtcDateTime))
    op.add_column("entries", sa.Column("audience", Json, nullable=False, server_default="[]"))
    op.add_column("entries", sa.Column("market", Json, nullable=False, server_default="[]"))
    op.create_table(
        "entry_revisions",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("changed_by", Text, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", "revision", name="entry_revisions_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "number"],
            ["entries.tenant", "entries.number"],
            name="entry_revisions_entry_fk",
            ondelete="CASCADE",
        ),
    )
