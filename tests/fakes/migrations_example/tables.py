"""The notes' tables, as their service would declare them."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table

from balie.kit.database import Json, Text, UtcDateTime

metadata = MetaData()

notes = Table(
    "notes",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Json),
    Column("noted_at", UtcDateTime),
    PrimaryKeyConstraint("tenant", "id", name="notes_pk"),
)

links = Table(
    "links",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "source", "target", name="links_pk"),
    ForeignKeyConstraint(
        ["tenant", "source"], ["notes.tenant", "notes.id"], name="links_source_fk", ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["tenant", "target"], ["notes.tenant", "notes.id"], name="links_target_fk", ondelete="CASCADE"
    ),
)
