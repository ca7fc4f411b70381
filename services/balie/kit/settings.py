"""Settings every service has, and how a service reads its environment: once, whole, and refusing what it cannot read.

A settings class made by hand holds what it was given and its defaults; `load` alone reads the environment. Each
variable may be given as `…_FILE` instead, naming a file that holds the value, which is how secrets arrive.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_FILE = "_FILE"
_REFUSED = 2

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_LARGEST_PORT = 65_535


def _address(value: str) -> str:
    parts = _ADDRESS.fullmatch(value)
    if parts is None or int(parts[2]) > _LARGEST_PORT:
        raise ValueError("must be host:port, such as 127.0.0.1:50051 or [::]:50051")
    return value


Address = Annotated[str, AfterValidator(_address)]
"""`host:port`, such as `127.0.0.1:50051` or `[::]:50051`; port 0 takes a free one."""


class ServiceSettings(BaseSettings):
    """What every service is told; a service's own class adds its fields and its prefix, `BALIE_<SERVICE>_`."""

    model_config = SettingsConfigDict(
        env_prefix="BALIE_SERVICE_",
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,
    )

    listen: Address = Field(
        description="Address to listen on, host:port. Port 0 takes a free one. Required, so that nothing opens by accident."
    )
    max_calls_in_flight: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="Calls served at once, 1 to 100000, streams of answers apart. One more is refused with RESOURCE_EXHAUSTED.",
    )
    max_streams: int = Field(
        default=1024,
        ge=1,
        le=1_000_000,
        description="Streams of answers open at once, 1 to 1000000. One more is refused with RESOURCE_EXHAUSTED.",
    )
    default_deadline_seconds: float = Field(
        default=10.0,
        gt=0,
        le=3600,
        description="Deadline of a call that brings none, seconds, above 0 to 3600. Streams of answers have none of their own.",
    )
    least_deadline_seconds: float = Field(
        default=0.005,
        ge=0,
        le=60,
        description="A call whose deadline leaves less is refused at once, seconds, 0 to 60.",
    )
    drain_seconds: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="Time between saying NOT_SERVING and taking no more calls, seconds, 0 to 600: long enough for load balancers to notice.",
    )
    grace_seconds: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Time that calls in flight get to finish after the drain, seconds, 0 to 600.",
    )
    max_message_bytes: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Largest message in either direction, bytes, 1024 to 1073741824.",
    )
    max_connection_age_seconds: int = Field(
        default=600,
        ge=1,
        le=86_400,
        description="Age at which a connection is asked to reconnect, seconds, 1 to 86400, so that new replicas get traffic. Calls in flight finish; streams go on for as long again.",
    )
    log_format: Literal["json", "console"] = Field(
        default="json",
        description="Form of the log on standard output: json (one object a line) or console (for people).",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged: debug, info, warning or error."
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
        """Returns the settings in the environment, or ends the process with code 2 and a line for each mistake."""
        values, mistakes = _read(cls, os.environ)
        settings: Self | None = None
        try:
            settings = cls(**values)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            mistakes |= {name: text for name, text in map(_mistake(cls), details) if name not in mistakes}
        if mistakes or settings is None:
            _refuse(cls, mistakes)
        return settings

    @classmethod
    def service(cls) -> str:
        """Returns the service's name, as its variables spell it: `gateway` for `BALIE_GATEWAY_`."""
        return cls.model_config.get("env_prefix", "").removeprefix("BALIE_").strip("_").lower()

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Returns the environment variable of each field, by field name, in the order of the class."""
        prefix = cls.model_config.get("env_prefix", "")
        return {name: f"{prefix}{name}".upper() for name in cls.model_fields}


class DatabaseSettings(ServiceSettings):
    """What a service that keeps something is told."""

    database_url: str = Field(
        repr=False,
        min_length=1,
        description="Where the service keeps its truth: sqlite+aiosqlite:////path/file.sqlite3 or postgresql+asyncpg://user@host/name. Required.",
    )


def _read(
    cls: type[ServiceSettings], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the fields' values as the environment gives them, and what is wrong with it by variable."""
    prefix = cls.model_config.get("env_prefix", "").upper()
    given = {name.upper(): value for name, value in environment.items() if name.upper().startswith(prefix)}
    values: dict[str, Any] = {}
    mistakes: dict[str, str] = {}
    for field, variable in cls.variables().items():
        direct, path = given.pop(variable, None), given.pop(variable + _FILE, None)
        if direct is not None and path is not None:
            mistakes[variable] = f"given twice, also as {variable}{_FILE}"
        try:
            text = direct if path is None else Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            if text is not None:
                values[field] = _parsed(cls, field, text)
        except (OSError, UnicodeDecodeError) as error:
            mistakes[variable + _FILE] = f"the file cannot be read: {type(error).__name__}"
        except ValueError:
            mistakes[variable if path is None else variable + _FILE] = "must be JSON"
    mistakes |= dict.fromkeys(given, "no such setting")
    return values, mistakes


def _parsed(cls: type[ServiceSettings], field: str, text: str) -> object:
    """Returns a variable's text, or what its JSON holds when the field is a list, a mapping or a model."""
    source = EnvSettingsSource(cls)
    info = cls.model_fields[field]
    return source.prepare_field_value(field, info, text, source.field_is_complex(info))


def _mistake(cls: type[ServiceSettings]) -> Callable[[ErrorDetails], tuple[str, str]]:
    """Returns what turns a detail of a validation error into a variable's name and one sentence."""

    def named(detail: ErrorDetails) -> tuple[str, str]:
        place = [str(part) for part in detail["loc"]]
        name = cls.variables().get(place[0], place[0]) if place else cls.__name__
        inner = f"in {'.'.join(place[1:])}: " if len(place) > 1 else ""
        return name, "required" if detail["type"] == "missing" else inner + detail["msg"].removeprefix(
            "Value error, "
        )

    return named


def _refuse(cls: type[ServiceSettings], mistakes: Mapping[str, str]) -> NoReturn:
    lines = "".join(f"  {name}: {text}\n" for name, text in sorted(mistakes.items()))
    sys.stderr.write(f"{cls.__name__} cannot be read from the environment:\n{lines}")
    sys.exit(_REFUSED)
