"""What is known of the contact, for rules to look at."""

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("contact_attributes", Json))
