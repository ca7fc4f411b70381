"""Starts with the kit's tables, collections, entries, their vectors and calibrations."""

import sqlalchemy as sa
from alembic import op

from balie.kit.database import Json, Text, UtcDateTime
from balie.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "collections",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("display_name", Text, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("own_generation", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("entry_count", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="collections_pk"),
    )
    op.create_table(
        "entry_numbers",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="entry_numbers_pk"),
    )
    op.create_table(
        "entries",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "id", name="entries_pk"),
        sa.UniqueConstraint("tenant", "number", name="entries_number_uq"),
        sa.ForeignKeyConstraint(
            ["tenant", "collection_id"],
            ["collections.tenant", "collections.id"],
            name="entries_collection_fk",
        ),
    )
    op.create_table(
        "entry_texts",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("question", Text, nullable=False),
        sa.Column("phrasings", Json, nullable=False),
        sa.Column("answer", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", "place", name="entry_texts_pk"),
        sa.UniqueConstraint("tenant", "number", "language", name="entry_texts_language_uq"),
        sa.ForeignKeyConstraint(
            ["tenant", "number"],
            ["entries.tenant", "entries.number"],
            name="entry_texts_entry_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "entry_tags",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("tag", Text, nullable=False),
        sa.Column("entry_id", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "tag", "entry_id", name="entry_tags_pk"),
        sa.ForeignKeyConstraint(
            ["tenant", "collection_id", "entry_id"],
            ["entries.tenant", "entries.collection_id", "entries.id"],
            name="entry_tags_entry_fk",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "vectors",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("fingerprint", Text, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "fingerprint", "text_hash", name="vectors_pk"),
    )
    op.create_table(
        "calibrations",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("collection_id", Text, nullable=False),
        sa.Column("fingerprint", Text, nullable=False),
        sa.Column("basis", Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("margin", sa.Double, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "collection_id", "fingerprint", name="calibrations_pk"),
    )
    op.create_index("entry_tags_entry_ix", "entry_tags", ["tenant", "collection_id", "entry_id"])
