"""Starts with the kit's tables and the notes."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, Text, UtcDateTime
from balie.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "notes",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("body", Json),
        sa.Column("noted_at", UtcDateTime),
        sa.PrimaryKeyConstraint("tenant", "id", name="notes_pk"),
    )
