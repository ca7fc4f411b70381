"""Who helped the contact last, what they think of it, and where a person last gave the conversation back."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("helped_handoff_id", Text))
    op.add_column("conversations", sa.Column("returned_seq", sa.BigInteger))
    op.add_column("conversations", sa.Column("survey_seq", sa.BigInteger))
    op.add_column("conversations", sa.Column("rating", sa.Integer))
    op.add_column("outbox", sa.Column("rating", sa.Integer))
