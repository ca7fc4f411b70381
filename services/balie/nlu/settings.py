"""What the NLU service is told; the only reader of its environment."""

import re
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from balie.encoders.settings import EncoderSettings
from balie.kit.settings import DatabaseSettings
from balie.nlu.engines.registry import DEFAULT_ENGINE

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class NluSettings(DatabaseSettings):
    """The NLU service's settings, `BALIE_NLU_*`; the encoder's are `BALIE_ENCODER_*`."""

    model_config = SettingsConfigDict(env_prefix="BALIE_NLU_")

    intents_file: Path | None = Field(
        default=None,
        description="File of what people write, by intent, from which intents are learned: Balie's YAML, Rasa's, JSON Lines or CSV; or a folder of such files. Its model serves every tenant that has activated none of its own. Without it, only models of ModelService do.",
    )
    model_folder: Path = Field(
        description="Folder for copies of the models in use and the three used before, about 5 MB each, and for what a training writes; made when absent. Losing it costs time only. Required.",
    )
    keywords_file: Path | None = Field(
        default=None, description="YAML file of keywords. Without it no keywords are found."
    )
    languages: tuple[str, ...] = Field(
        default=("nl", "de", "en"),
        min_length=1,
        max_length=16,
        description='Languages that customers write, BCP 47 tags, 1 to 16, such as ["nl", "de", "en"]. Examples and terms in others are left out.',
    )
    encoder_folder: Path | None = Field(
        default=None,
        description="Folder that `balie encoder build` wrote. Without it, BALIE_ENCODER_FOLDER or its default.",
    )
    language_floor: float = Field(
        default=0.6,
        ge=0,
        lt=1,
        description="Least probability at which a language is named, 0 to below 1; below it the language is `und`. Higher means fewer wrong and more unknown.",
    )
    max_wrong: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Greatest share of wrong among matches, above 0 and below 1; the threshold follows from it.",
    )
    max_wrong_choice: float = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="Greatest share of choices between two intents of which neither is right, above 0 and below 1.",
    )
    max_wrong_delta: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Chance that a threshold breaks these promises, above 0 and below 1.",
    )
    expected_out_of_scope: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Share of customers' messages that no intent is meant by, 0 to below 1. Too low a share lets wrong matches through. Without it, that of the examples.",
    )
    engine: str = Field(
        default=DEFAULT_ENGINE,
        min_length=1,
        max_length=64,
        description="Engine that learns intents when a training names none.",
    )
    engine_options: dict[str, str] = Field(
        default={},
        description='Options of that engine, as JSON, such as {"longest": "2"}; the engine at its best without.',
    )
    lease_seconds: float = Field(
        default=30.0,
        ge=3,
        le=3600,
        description="How long a training stays with a replica that does not renew it, seconds, 3 to 3600; then another takes it up.",
    )
    poll_seconds: float = Field(
        default=0.2,
        ge=0.01,
        le=60,
        description="How soon this replica sees what another wrote, seconds, 0.01 to 60.",
    )
    keep_events: int = Field(
        default=100_000,
        ge=1000,
        le=1_000_000_000,
        description="Events kept of each topic, 1000 to 1000000000; a replica that is further behind reads the tables anew.",
    )
    chores_seconds: float = Field(
        default=3600.0,
        ge=1,
        le=86_400,
        description="Time between two rounds of throwing away what is kept no longer, seconds, 1 to 86400.",
    )

    @field_validator("languages")
    @classmethod
    def _are_tags(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [language for language in languages if not _LANGUAGE.fullmatch(language)]:
            raise ValueError(f"{wrong[0]!r} is no language tag such as nl or pt-BR")
        return languages

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
