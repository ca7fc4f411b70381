"""Which encoder to load and how; the only reader of the environment in this package."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from balie.encoders.errors import EncoderSettingsWrong

_PREFIX = "BALIE_ENCODER_"


def default_folder() -> Path:
    """Returns where `balie encoder build` writes and services look, unless a setting says otherwise.

    Source: XDG Base Directory Specification 0.8; a relative `XDG_DATA_HOME` is ignored, as it says.
    """
    data_home = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not data_home.is_absolute():
        data_home = Path.home() / ".local" / "share"
    return data_home / "balie" / "encoders" / "minilm-l6-v2-nl-de"


def keep_runtime_from_reporting() -> None:
    """Tells ONNX Runtime, before it is imported, to send nothing about its use to its makers; it does from 1.29 on."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


class EncoderSettings(BaseSettings):
    """What the encoder is told: an object made by hand holds what it was given, `load` reads `BALIE_ENCODER_*`."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid", validate_default=True)

    name: str = Field(
        default="onnx",
        description="Kind of encoder: `onnx` reads `folder`, `sentence-transformers` (an extra, brings torch) "
        "reads `model`, or a name that a plug-in registered.",
    )
    folder: Path = Field(
        default_factory=default_folder,
        description="Folder that `balie encoder build` wrote. For `onnx`.",
    )
    precision: Literal["fp32", "w16", "w8"] = Field(
        default="fp32",
        description="Precision of the weights; the folder must hold this one. `fp32` gives the original model's "
        "vectors; `w16` takes half the disk for the same answers; `w8` takes a third less CPU and 40 % of the disk, "
        "and 3 in 100 nearest texts differ. For `onnx`.",
    )
    verify: Literal["full", "size"] = Field(
        default="full",
        description="What is checked of each file when the encoder is loaded: `full` its SHA-256 (0.1 to 0.3 s of "
        "CPU for 90 MB), `size` its size alone.",
    )
    model: str = Field(
        default="",
        description="Folder or hub name of a model. For `sentence-transformers`, where it is required.",
    )
    workers: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Threads that run the model, 1 to 64; each takes one core while it works and up to some 60 MB.",
    )
    batch_texts: int = Field(
        default=32,
        ge=1,
        le=256,
        description="Most texts that the model is given at once, 1 to 256. More raises throughput little and the "
        "time a text waits in proportion.",
    )
    queue_texts: int = Field(
        default=1024,
        ge=1,
        le=1_000_000,
        description="Texts that may wait for a worker, 1 to 1000000; beyond, a request is refused as busy.",
    )
    cache_texts: int = Field(
        default=4096,
        ge=0,
        le=1_000_000,
        description="Recent texts whose vectors are kept, 0 (none) to 1000000; each costs about 2 kB.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns the one source of a settings object: what its maker gave it."""
        return (init_settings,)

    @classmethod
    def load(cls) -> Self:
        """Returns the settings in the environment, and defaults where it says nothing.

        Raises:
            EncoderSettingsWrong: a variable is unknown or its value is outside its bounds; the message names each.
        """
        known = set(cls.variables().values())
        given = {name.upper() for name in os.environ if name.upper().startswith(_PREFIX)}
        mistakes = [f"{name}: no such setting" for name in sorted(given - known)]
        try:
            settings = cls(**EnvSettingsSource(cls)())
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False):
                field = str(problem["loc"][0])
                mistakes.append(f"{cls.variables().get(field, field)}: {problem['msg']}")
        else:
            if not mistakes:
                return settings
        raise EncoderSettingsWrong(mistakes)

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Returns the environment variable of each field, by field name, in the order of the class."""
        return {name: f"{_PREFIX}{name}".upper() for name in cls.model_fields}
