"""The FAQ service's tables; every key begins with the tenant."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

from balie.kit.database import Json, Text, UtcDateTime

metadata = MetaData()

# Whoever writes an entry holds its collection's row, so that writers of a collection come one after another.
# `generation` and `changed_at` repeat the newest event of its log: what an index is built from is one snapshot.
collections = Table(
    "collections",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("languages", Json, nullable=False),
    Column("fallback", Json, nullable=False, server_default="[]"),
    Column("own_generation", sa.BigInteger, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("entry_count", sa.BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "id", name="collections_pk"),
)

# The last number given to an entry of the tenant; outlives entries and collections, so that none is given twice.
entry_numbers = Table(
    "entry_numbers",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("last", sa.BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", name="entry_numbers_pk"),
)

entries = Table(
    "entries",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("number", sa.BigInteger, nullable=False),
    Column("revision", sa.BigInteger, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("tags", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("state", sa.SmallInteger, nullable=False, server_default="2"),
    Column("valid_from", UtcDateTime),
    Column("valid_until", UtcDateTime),
    Column("audience", Json, nullable=False, server_default="[]"),
    Column("market", Json, nullable=False, server_default="[]"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "id", name="entries_pk"),
    UniqueConstraint("tenant", "number", name="entries_number_uq"),
    ForeignKeyConstraint(
        ["tenant", "collection_id"], ["collections.tenant", "collections.id"], name="entries_collection_fk"
    ),
)

entry_texts = Table(
    "entry_texts",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("number", sa.BigInteger, nullable=False),
    Column("place", sa.SmallInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("phrasings", Json, nullable=False),
    Column("answer", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "number", "place", name="entry_texts_pk"),
    UniqueConstraint("tenant", "number", "language", name="entry_texts_language_uq"),
    ForeignKeyConstraint(
        ["tenant", "number"],
        ["entries.tenant", "entries.number"],
        name="entry_texts_entry_fk",
        ondelete="CASCADE",
    ),
)

# What an entry held after each of its changes, the newest of them; `content` is the whole of it.
entry_revisions = Table(
    "entry_revisions",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("number", sa.BigInteger, nullable=False),
    Column("revision", sa.BigInteger, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("content", Json, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "number", "revision", name="entry_revisions_pk"),
    ForeignKeyConstraint(
        ["tenant", "number"],
        ["entries.tenant", "entries.number"],
        name="entry_revisions_entry_fk",
        ondelete="CASCADE",
    ),
)

entry_tags = Table(
    "entry_tags",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("entry_id", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "tag", "entry_id", name="entry_tags_pk"),
    ForeignKeyConstraint(
        ["tenant", "collection_id", "entry_id"],
        ["entries.tenant", "entries.collection_id", "entries.id"],
        name="entry_tags_entry_fk",
        ondelete="CASCADE",
    ),
    sa.Index("entry_tags_entry_ix", "tenant", "collection_id", "entry_id"),
)

# Vectors of texts that were encoded before, so that a restart encodes nothing. A cache: losing it costs time only.
# `vector` is float32, little-endian.
vectors = Table(
    "vectors",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("text_hash", sa.LargeBinary, nullable=False),
    Column("vector", sa.LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "fingerprint", "text_hash", name="vectors_pk"),
)

# The newest calibration of each collection's index; `basis` says with which settings it was made.
calibrations = Table(
    "calibrations",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    Column("threshold", sa.Double, nullable=False),
    Column("version", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "fingerprint", name="calibrations_pk"),
)

_WAITING = sa.text("group_id IS NULL AND reason > 0")

# What was asked and remembered. `reason` is 0 while the question is not open; an open one without a group waits for the
# grouping. `nonce` is that of the answers' ids. Only a group's oldest question keeps its vector (float32, little-endian).
questions = Table(
    "questions",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("text_hash", sa.LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("nonce", sa.BigInteger, nullable=False),
    Column("reason", sa.SmallInteger, nullable=False),
    Column("group_id", Text),
    Column("fingerprint", Text),
    Column("vector", sa.LargeBinary),
    Column("asked_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "id", name="questions_pk"),
    UniqueConstraint("tenant", "collection_id", "call_id", "text_hash", name="questions_call_uq"),
    ForeignKeyConstraint(
        ["tenant", "collection_id"],
        ["collections.tenant", "collections.id"],
        name="questions_collection_fk",
        ondelete="CASCADE",
    ),
    sa.Index("questions_nonce_ix", "tenant", "nonce"),
    sa.Index("questions_group_ix", "tenant", "collection_id", "group_id"),
    sa.Index("questions_asked_at_ix", "asked_at"),
    sa.Index("questions_waiting_ix", "asked_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

# Open questions that mean about the same. `size`, `first_at` and `last_at` repeat what its questions say.
question_groups = Table(
    "question_groups",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("collection_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("leader_id", Text, nullable=False),
    Column("state", sa.SmallInteger, nullable=False),
    Column("revision", sa.BigInteger, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "collection_id", "id", name="question_groups_pk"),
    ForeignKeyConstraint(
        ["tenant", "collection_id"],
        ["collections.tenant", "collections.id"],
        name="question_groups_collection_fk",
        ondelete="CASCADE",
    ),
    sa.Index("question_groups_size_ix", "tenant", "collection_id", "size"),
)

# What was said of answers: one row for each author, answer and kind (rating, shown, clicked).
feedback = Table(
    "feedback",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("number", sa.BigInteger, nullable=False),
    Column("nonce", sa.BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", sa.SmallInteger, nullable=False),
    Column("revision", sa.BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("verdict", sa.SmallInteger, nullable=False),
    Column("fault", sa.SmallInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant", "number", "nonce", "author", "kind", name="feedback_pk"),
    ForeignKeyConstraint(
        ["tenant", "number"],
        ["entries.tenant", "entries.number"],
        name="feedback_entry_fk",
        ondelete="CASCADE",
    ),
    sa.Index("feedback_nonce_ix", "tenant", "nonce"),
    sa.Index("feedback_given_at_ix", "given_at"),
)
