"""The NLU service's tables; every key begins with the tenant."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table

from balie.kit.database import Json, Text, UtcDateTime

metadata = MetaData()

# One row for each model, from the moment its examples begin to arrive. Who trains it holds the lease, and renews it; one
# that has run out is taken by whoever comes first.
models = Table(
    "models",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("options", Json, nullable=False),
    Column("languages", Json, nullable=False),
    Column("promise", Json, nullable=False),
    Column("example_count", sa.BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("share", sa.Double, nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("lease_holder", Text),
    Column("lease_until", UtcDateTime),
    Column("failure_reason", Text),
    Column("failure", Text),
    Column("manifest", Json),
    Column("size_bytes", sa.BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    PrimaryKeyConstraint("tenant", "version", name="models_pk"),
    sa.Index("models_state_ix", "state", "lease_until"),
)

# What a model is trained from, in the order in which it came; kept as long as the model, so that it can be trained anew.
training_chunks = Table(
    "training_chunks",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("place", sa.Integer, nullable=False),
    Column("data", sa.LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "version", "place", name="training_chunks_pk"),
    ForeignKeyConstraint(
        ["tenant", "version"],
        ["models.tenant", "models.version"],
        name="training_chunks_model_fk",
        ondelete="CASCADE",
    ),
)

# The files of a trained model, cut into pieces that a driver takes at once.
artifact_chunks = Table(
    "artifact_chunks",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("place", sa.Integer, nullable=False),
    Column("data", sa.LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "version", "path", "place", name="artifact_chunks_pk"),
    ForeignKeyConstraint(
        ["tenant", "version"],
        ["models.tenant", "models.version"],
        name="artifact_chunks_model_fk",
        ondelete="CASCADE",
    ),
)

# Which model a tenant's messages are understood with: the one of the highest number. The others are what it was before,
# and outlive their models.
activations = Table(
    "activations",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("number", sa.BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("activated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "number", name="activations_pk"),
)

# One row for each tenant that ever had keywords. Who writes keywords holds it, so that writers come one after another.
# `generation` repeats the newest event of the log: what an index is built from is one snapshot.
keyword_sets = Table(
    "keyword_sets",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("keyword_count", sa.BigInteger, nullable=False),
    Column("pattern_count", sa.BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", name="keyword_sets_pk"),
)

keywords = Table(
    "keywords",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("revision", sa.BigInteger, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("content", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="keywords_pk"),
)
