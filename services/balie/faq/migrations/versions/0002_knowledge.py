"""Entries have a state, a time, audiences and markets; collections the order in which languages stand in."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("collections", sa.Column("fallback", Json, nullable=False, server_default="[]"))
    op.add_column("entries", sa.Column("state", sa.SmallInteger, nullable=False, server_default="2"))
    op.add_column("entries", sa.Column("valid_from", UtcDateTime))
    op.add_column("entries", sa.Column("valid_until", UtcDateTime))
    op.add_column("entries", sa.Column("audience", Json, nullable=False, server_default="[]"))
    op.add_column("entries", sa.Column("market", Json, nullable=False, server_default="[]"))
