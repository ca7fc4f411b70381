"""Skills, what is relaxed over time, priority that grows, and the agent a contact had last."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DAY_SECONDS = "86400"


def upgrade() -> None:
    op.add_column("agents", sa.Column("skills", Json, nullable=False, server_default="{}"))
    op.add_column("queues", sa.Column("rings", Json, nullable=False, server_default="[]"))
    op.add_column("queues", sa.Column("priority_per_minute", sa.Float, nullable=False, server_default="0"))
    op.add_column(
        "queues", sa.Column("last_agent_seconds", sa.Float, nullable=False, server_default=_DAY_SECONDS)
    )
    op.add_column("handoffs", sa.Column("skills", Json, nullable=False, server_default="[]"))
    op.add_column("handoffs", sa.Column("rank", sa.Float, nullable=False, server_default="0"))
    op.add_column("handoffs", sa.Column("preferred_agent_id", Text, nullable=False, server_default=""))
    op.execute("UPDATE handoffs SET rank = priority")
    op.drop_index("handoffs_queue_ix", "handoffs")
    op.create_index("handoffs_queue_ix", "handoffs", ["tenant", "queue_id", "state", "rank", "created_at"])
    op.create_index("handoffs_contact_ix", "handoffs", ["tenant", "contact_id", "updated_at"])
