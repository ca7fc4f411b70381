"""Calendars, and which queue uses which."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("display_name", Text, nullable=False),
        sa.Column("time_zone", Text, nullable=False),
        sa.Column("weekdays", Json, nullable=False),
        sa.Column("holidays", Json, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="calendars_pk"),
    )
    op.add_column("queues", sa.Column("calendar_id", Text, nullable=False, server_default=""))
    op.create_index("queues_calendar_ix", "queues", ["tenant", "calendar_id"])
