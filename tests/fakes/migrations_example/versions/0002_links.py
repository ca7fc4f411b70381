"""Adds links between notes."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("target", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source", "target", name="links_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "source"], ["notes.tenant", "notes.id"], name="links_source_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "target"], ["notes.tenant", "notes.id"], name="links_target_fk", ondelete="CASCADE"
        ),
    )
