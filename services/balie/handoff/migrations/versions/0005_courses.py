"""Holds, transfers, promises, call-backs and what is due by itself."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from balie.kit.columns import Json, Text, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BEGINNING = sa.text("'2025-01-01 00:00:00+00'")
_SILENT_AFTER = timedelta(minutes=10)


def upgrade() -> None:
    op.add_column("queues", sa.Column("rules", Json, nullable=False, server_default="{}"))
    op.add_column("queues", sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("agents", sa.Column("hold_weight", sa.Float, nullable=False, server_default="0.2"))
    op.add_column("agents", sa.Column("max_open", sa.Integer))
    for column in (
        sa.Column("contact_waits", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("waits_since", UtcDateTime, nullable=False, server_default=_BEGINNING),
        sa.Column("spoke_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("waiting_since", UtcDateTime, nullable=False, server_default=_BEGINNING),
        sa.Column("accepted_at", UtcDateTime),
        sa.Column("replied_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("clocks", Json, nullable=False, server_default="[]"),
        sa.Column("agent_due_at", UtcDateTime),
        sa.Column("call_back_start_at", UtcDateTime),
        sa.Column("call_back_promised_at", UtcDateTime),
        sa.Column("release_reason", sa.Integer, nullable=False, server_default="0"),
        sa.Column("wanted_agent_id", Text, nullable=False, server_default=""),
        sa.Column("wanted_until", UtcDateTime),
        sa.Column("transfers", sa.Integer, nullable=False, server_default="0"),
        sa.Column("past_queue_ids", Json, nullable=False, server_default="[]"),
        sa.Column("told_position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("told_wait_seconds", sa.Float),
        sa.Column("told_at", UtcDateTime),
        sa.Column("next_step_at", UtcDateTime),
    ):
        op.add_column("handoffs", column)
    _fill()
    op.drop_index("handoffs_open_uq", "handoffs")
    still_open = sa.text("state IN (1, 2, 3, 4, 9, 10)")
    op.create_index(
        "handoffs_open_uq",
        "handoffs",
        ["tenant", "conversation_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.drop_index("handoffs_deadline_ix", "handoffs")
    op.drop_index("handoffs_offer_ix", "handoffs")
    op.create_index("handoffs_next_step_ix", "handoffs", ["next_step_at"])
    op.create_index("handoffs_accepted_ix", "handoffs", ["tenant", "queue_id", "accepted_at"])


def _fill() -> None:
    """Gives what is open its next step: agents who have chats get as long as any whose contact begins to wait now."""
    op.execute("UPDATE handoffs SET waits_since = created_at, waiting_since = created_at")
    op.execute("UPDATE handoffs SET ended_at = updated_at WHERE state IN (5, 6, 7, 8)")
    op.execute("UPDATE handoffs SET next_step_at = deadline_at WHERE state = 1")
    op.execute("UPDATE handoffs SET next_step_at = offer_expires_at WHERE state = 2")
    held = sa.table("handoffs", sa.column("state", sa.Integer), sa.column("agent_due_at", UtcDateTime))
    next_step = sa.table("handoffs", sa.column("state", sa.Integer), sa.column("next_step_at", UtcDateTime))
    due = datetime.now(UTC) + _SILENT_AFTER
    op.execute(sa.update(held).where(held.c.state.in_((3, 4))).values(agent_due_at=due))
    op.execute(sa.update(next_step).where(next_step.c.state.in_((3, 4))).values(next_step_at=due))
