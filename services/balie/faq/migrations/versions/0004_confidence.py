"""Thresholds are of confidences: margins went, and what was learned before is learned anew.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(sa.text("DELETE FROM calibrations"))
    with op.batch_alter_table("calibrations") as table:
        table.drop_column("margin")
