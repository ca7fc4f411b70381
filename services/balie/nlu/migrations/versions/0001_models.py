"""Starts with the kit's tables, models, what they are trained from, their files, and which one is active."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, Text, UtcDateTime
from balie.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "models",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("display_name", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("engine", Text, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("promise", Json, nullable=False),
        sa.Column("example_count", sa.BigInteger, nullable=False),
        sa.Column("step", Text, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_holder", Text),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("failure_reason", Text),
        sa.Column("failure", Text),
        sa.Column("manifest", Json),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("tenant", "version", name="models_pk"),
    )
    op.create_index("models_state_ix", "models", ["state", "lease_until"])
    op.create_table(
        "training_chunks",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", "place", name="training_chunks_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "version"],
            ["models.tenant", "models.version"],
            name="training_chunks_model_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "artifact_chunks",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("path", Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", "path", "place", name="artifact_chunks_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "version"],
            ["models.tenant", "models.version"],
            name="artifact_chunks_model_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "activations",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("activated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="activations_pk"),
    )
