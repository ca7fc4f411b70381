"""What the handoff service is still to be told."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Text, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("handoff_id", Text, nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation_id", "seq", "kind", name="outbox_pk"),
    )
