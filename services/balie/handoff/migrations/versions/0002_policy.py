"""What later turns look back at, and every policy that ever decided."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Text, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of decisions made before, the next turns see that they were made, and not what they said.
    op.add_column("decisions", sa.Column("kind", sa.Integer, nullable=False, server_default="0"))
    op.add_column("decisions", sa.Column("answered_entry_id", Text, nullable=False, server_default=""))
    op.add_column("decisions", sa.Column("is_silent", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("decisions_conversation_ix", "decisions", ["tenant", "conversation_id", "decided_at"])
    op.create_index("decisions_decided_ix", "decisions", ["tenant", "decided_at", "turn_id"])
    op.create_table(
        "policies",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("first_used_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", name="policies_pk"),
    )
