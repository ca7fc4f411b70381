"""Keywords that are written by KeywordService."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, Text, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "keyword_sets",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("keyword_count", sa.BigInteger, nullable=False),
        sa.Column("pattern_count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="keyword_sets_pk"),
    )
    op.create_table(
        "keywords",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="keywords_pk"),
    )
