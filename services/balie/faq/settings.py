"""What the FAQ service is told; the only reader of its environment."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from balie.encoders.settings import EncoderSettings
from balie.kit.settings import DatabaseSettings


class FaqSettings(DatabaseSettings):
    """The FAQ service's settings, `BALIE_FAQ_*`; the encoder's are `BALIE_ENCODER_*`."""

    model_config = SettingsConfigDict(env_prefix="BALIE_FAQ_")

    encoder_folder: Path | None = Field(
        default=None,
        description="Folder that `balie encoder build` wrote. Without it, BALIE_ENCODER_FOLDER or its default.",
    )
    search_threads: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Threads that search indexes, 1 to 64; each takes one core while it works.",
    )
    poll_seconds: float = Field(
        default=0.2,
        ge=0.01,
        le=60,
        description="How soon an index sees what another replica wrote, seconds, 0.01 to 60.",
    )
    max_wrong: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Greatest share of wrong among the answers given, above 0 and below 1; thresholds follow from it.",
    )
    max_wrong_delta: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Chance that a threshold breaks this promise, above 0 and below 1.",
    )
    expected_unanswerable: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Share of customers' questions that no entry answers, 0 to below 1. Too low a share lets wrong answers through.",
    )
    retriever: str = Field(
        default="hybrid",
        description="What ranks entries: `hybrid`, `dense` (sentence embeddings alone), `lexical` (words alone), or the name of a plug-in.",
    )
    retriever_options: dict[str, str] = Field(
        default_factory=dict,
        description='The retriever\'s options, as JSON. Those that ship have one: `{"tuned": FILE}`, which `balie faq tune` wrote.',
    )
    calibration_delay_seconds: float = Field(
        default=2.0,
        ge=0,
        le=3600,
        description="How long a collection must be unchanged before its threshold is learned anew, seconds, 0 to 3600.",
    )
    calibration_questions: int = Field(
        default=2000,
        ge=100,
        le=100_000,
        description="Most of a collection's own questions that its threshold is learned from, 100 to 100000.",
    )
    index_kind: Literal["auto", "flat", "fp16", "hnsw", "ivf", "pgvector"] = Field(
        default="auto",
        description="How an index keeps its vectors: `auto` goes by their number, `flat` is exact, `fp16` takes half the "
        "memory and time, `ivf` and `hnsw` take 8 bits a number and find 95 to 99 of 100 best entries in a fraction of the "
        "time; `hnsw` is slow to build and keeps what is deleted until it is built anew; `pgvector` keeps them in PostgreSQL, "
        "once for all replicas.",
    )
    index_database_url: str = Field(
        default="",
        repr=False,
        description="PostgreSQL database with pgvector 0.8 or newer where `pgvector` keeps vectors, "
        "postgresql+asyncpg://user@host/name. Without it, the service's own database.",
    )
    index_graph_from: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000_000,
        description="Vectors of a collection from which on `pgvector` lays them out in a graph, 1 to 1000000000; below, it compares with all.",
    )
    index_fp16_from: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000_000,
        description="Vectors of a collection from which on `auto` takes `fp16` in place of `flat`, 1 to 1000000000.",
    )
    index_ivf_from: int = Field(
        default=20_000,
        ge=1,
        le=1_000_000_000,
        description="Vectors of a collection from which on `auto` takes `ivf`, 1 to 1000000000.",
    )
    index_train_from: int = Field(
        default=1000,
        ge=1,
        le=1_000_000_000,
        description="Vectors from which on `ivf` and `hnsw` can be made, 1 to 1000000000; below, `flat` stands in for them.",
    )
    index_most_wear: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Share of an index that is deleted, or that it was not laid out for, from which on it is built anew, above 0 to 1.",
    )
    index_folder: Path | None = Field(
        default=None,
        description="Folder where this replica alone saves its indexes, so that a restart reads no vectors from the database. Without it, nothing is saved.",
    )
    index_save_seconds: float = Field(
        default=30.0,
        ge=0.01,
        le=86_400,
        description="How long a collection must be unchanged before its index is saved, seconds, 0.01 to 86400; also saved when the service ends.",
    )
    encoder_watch_seconds: float = Field(
        default=5.0,
        ge=0.01,
        le=86_400,
        description="Time between two looks whether another encoder is in the encoder's folder, seconds, 0.01 to 86400.",
    )
    remember_questions: bool = Field(
        default=True,
        description="Whether questions are kept for review when a search says so. What is kept already stays for its days.",
    )
    keep_questions_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="How long questions for review, and comments on answers, are kept, days, 1 to 3650.",
    )
    group_likeness: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Least cosine similarity to a group's oldest question with which a question joins the group, 0 to 1.",
    )
    keep_events: int = Field(
        default=100_000,
        ge=1000,
        le=1_000_000_000,
        description="Events kept of each collection, 1000 to 1000000000; a replica that is further behind builds its index anew.",
    )
    keep_revisions: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Revisions kept of each entry, the present one among them, 1 to 10000; each holds all of its texts.",
    )
    chores_seconds: float = Field(
        default=3600.0,
        ge=1,
        le=86_400,
        description="Time between two rounds of throwing away what is kept no longer, seconds, 1 to 86400.",
    )

    @model_validator(mode="after")
    def _has_a_place_for_vectors(self) -> Self:
        if self.index_kind == "pgvector" and not self.vectors_url().startswith("postgresql+asyncpg://"):
            raise ValueError(
                "BALIE_FAQ_INDEX_KIND=pgvector needs PostgreSQL: set BALIE_FAQ_INDEX_DATABASE_URL to "
                "postgresql+asyncpg://user@host/name, or keep the service's own database there"
            )
        return self

    def vectors_url(self) -> str:
        """Returns the address of the database where `pgvector` keeps vectors."""
        return self.index_database_url or self.database_url

    def encoder(self) -> EncoderSettings:
        """Returns the encoder's settings, from the environment, with this service's folder when it has one.

        Raises:
            EncoderSettingsWrong: the environment is wrong about the encoder.
        """
        shared = EncoderSettings.load()
        return (
            shared
            if self.encoder_folder is None
            else shared.model_copy(update={"folder": self.encoder_folder})
        )
