"""Reads an engine's options, which arrive as text: from a command line, a settings file, a manifest or a request.

class KeywordOptions(EngineOptions):
    longest: int = Field(default=3, ge=1, le=8, description="Words of the longest phrase learned, 1 to 8.")

options = read_options("keyword", KeywordOptions, {"longest": "2"})
"""

from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from balie.nlu.errors import OptionWrong

_VALUE_CHARACTERS = 80


class EngineOptions(BaseModel):
    """What an engine can be told. Each field has a description with unit and range; a tuple is written with commas."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _split(cls, value: object, info: ValidationInfo) -> object:
        listed = info.field_name and get_origin(cls.model_fields[info.field_name].annotation) is tuple
        if not (listed and isinstance(value, str)):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())


Options = TypeVar("Options", bound=EngineOptions)


def read_options(engine: str, kind: type[Options], given: Mapping[str, str]) -> Options:
    """Returns the options that were given, the defaults beside them.

    Args:
        engine: its name, for messages.
        kind: what there is to be told.
        given: option to value. Numbers as in Python, switches as `true` and `false`, several values with commas.

    Raises:
        OptionWrong: an option is unknown, or its value makes no sense; the message says what is known, or what the
            option means. Of several the first by name.
    """
    known = sorted(kind.model_fields)
    if unknown := sorted(set(given) - set(known)):
        listed = f"known are: {', '.join(known)}" if known else "this engine has no options"
        raise OptionWrong(engine, unknown[0], f"is unknown; {listed}")
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        detail = min(error.errors(include_url=False), key=lambda one: str(one["loc"]))
        raise _wrong(engine, kind, detail, given) from None


def _wrong(
    engine: str, kind: type[EngineOptions], detail: ErrorDetails, given: Mapping[str, str]
) -> OptionWrong:
    problem = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not detail["loc"]:  # a rule about several options, whose message names them
        return OptionWrong(engine, ", ".join(sorted(given)), f"makes no sense: {problem}")
    option = str(detail["loc"][0])
    shown = "is required" if detail["type"] == "missing" else f"is {_cut(given.get(option))}: {problem}"
    meaning = kind.model_fields[option].description
    return OptionWrong(engine, option, f"{shown} ({meaning})" if meaning else shown)


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_CHARACTERS else text[: _VALUE_CHARACTERS - 1] + "…"
