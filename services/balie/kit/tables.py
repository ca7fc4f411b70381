"""The kit's tables, which every service's database has beside its own; migrations create them (`balie.kit.migrations`)."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from balie.kit.columns import Text, UtcDateTime

metadata = MetaData()

# One row for each topic that was ever written to. Who holds this row's lock hands out the topic's next position.
log_head = Table(
    "log_head",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "topic", name="log_head_pk"),
)

log = Table(
    "log",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "topic", "position", name="log_pk"),
    UniqueConstraint("tenant", "topic", "event_id", name="log_event_id_uq"),
)

# `result` is NULL only inside the transaction that claims the row and works.
requests = Table(
    "requests",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("rpc", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("result", Text),
    Column("recorded_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "caller", "rpc", "request_id", name="requests_pk"),
    Index("requests_recorded_at_ix", "recorded_at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("follower", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("cursor", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "follower", "source", name="cursors_pk"),
)
