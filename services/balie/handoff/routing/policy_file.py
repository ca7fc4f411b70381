"""A routing policy as a file: one readable page of YAML, and every mistake in it told with its line."""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from balie.handoff.routing.conditions import Condition, Name
from balie.handoff.routing.limits import Limits
from balie.handoff.routing.steps import STEPS
from balie.handoff.staffing.skills import LEVELS, Wanted
from balie.kit.strict_yaml import FileMistake, line_of, parse, read

DEFAULT_FILE = "policy.yaml"
MAX_BYTES = 256 * 1024
"""Largest policy."""

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=30)


def parse_duration(value: object) -> timedelta:
    """Returns a duration from how it is written: a number and s, m, h or d.

    Raises:
        ValueError: it is written otherwise, or is not from 1s to 30d.
    """
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a number and s, m, h or d, such as 30s, 10m, 1h or 2d")
    span = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if not timedelta(seconds=1) <= span <= _LONGEST:
        raise ValueError("must be from 1s to 30d")
    return span


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


def _text_of_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LimitsPart(_Part):
    """Numbers that the built-in steps look at."""

    clarify_in_a_row: int = Field(default=1, ge=0, le=10)
    options: int = Field(default=3, ge=1, le=3)
    near_threshold: float = Field(default=0.1, ge=0, le=1)
    rival_share: float = Field(default=1 / 3, ge=0, le=1)
    short_message: int = Field(default=40, ge=0, le=4096)

    def limits(self) -> Limits:
        """Returns them as the steps have them."""
        return Limits(**self.model_dump())


class BotReplies(_Part):
    """How often the bot may speak in a conversation within a window; then it is silent and a person is asked."""

    at_most: int = Field(ge=1, le=100)
    within: Duration


class SameMessage(_Part):
    """How often in a row the very same words are answered; then it is silent and a person is asked."""

    at_most: int = Field(ge=1, le=10)


class SameAnswer(_Part):
    """How often in a row the same entry may be the answer; then a person is asked."""

    at_most: int = Field(ge=1, le=10)


class AfterRelease(_Part):
    """How long after a person gave the conversation back the bot tries once more before it asks for one by itself."""

    within: Duration


class Guards(_Part):
    """What keeps a conversation from going round in circles; one that is left out is off."""

    bot_replies: BotReplies | None = None
    same_message: SameMessage | None = None
    same_answer: SameAnswer | None = None
    after_release: AfterRelease | None = None


class WantedSkill(_Part):
    """A skill that the agent should have."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    level: int = Field(default=LEVELS[0], ge=LEVELS[0], le=LEVELS[1])
    preferred: bool = False


class Escalate(_Part):
    """Asks a person, in a queue or in the default one."""

    queue: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$")] | None = None
    priority: int = Field(default=0, ge=-100, le=100)
    skills: Annotated[tuple[WantedSkill, ...], Field(max_length=50)] = ()

    def wanted(self) -> tuple[Wanted, ...]:
        """Returns the skills that the handoff wants."""
        return tuple(Wanted(one.name, one.level, one.preferred) for one in self.skills)


class Answer(_Part):
    """Gives a canned reply of the gateway's follow-ups."""

    reply: Name


_ACTIONS = ("step", "escalate", "answer", "clarify")


class Rule(_Part):
    """One rule: when its conditions hold, and none of those under `unless`, its action is taken.

    Exactly one action is set. `step` may leave the decision to the rules after it; the others decide.
    """

    name: Annotated[str, Field(min_length=1, max_length=128)] = ""
    when: Condition | None = None
    unless: Condition | None = None
    step: str | None = None
    escalate: Escalate | None = None
    answer: Answer | None = None
    clarify: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        actions = [name for name in _ACTIONS if getattr(self, name) is not None]
        if len(actions) != 1:
            told = f"has {' and '.join(actions)}" if actions else "has no action"
            raise ValueError(f"{told}: give it exactly one of {', '.join(_ACTIONS)}")
        if self.step is not None and self.step not in STEPS:
            raise ValueError(f"knows no step {self.step!r}; they are {', '.join(STEPS)}")
        if self.step is None and not self.name:
            raise ValueError("needs a name, which decisions will give as their reason")
        if self.step is None and self.when is None and self.unless is None:
            raise ValueError("would always decide: give it conditions under `when`")
        return self

    @property
    def title(self) -> str:
        """Returns what it is called: its name, or its step's."""
        return self.name or self.step or ""


class PolicyFile(_Part):
    """A whole policy."""

    version: Annotated[
        str, BeforeValidator(_text_of_number), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    ]
    limits: LimitsPart = LimitsPart()
    guards: Guards = Guards()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.title in seen:
                raise ValueError(
                    f"the rule {rule.title!r} stands twice; a step that does needs a name of its own"
                )
            seen.add(rule.title)
        return self


def load(path: Path) -> tuple[PolicyFile, bytes]:
    """Returns the policy of a file, and the file's content.

    Raises:
        FileMistake: something in it is missing, unknown or malformed; it says where.
    """
    content = read(path)
    return parse_policy(content, str(path)), content


def default() -> tuple[PolicyFile, bytes]:
    """Returns the policy that ships, and its file's content."""
    content = resources.files("balie.handoff.routing").joinpath(DEFAULT_FILE).read_bytes()
    return parse_policy(content, DEFAULT_FILE), content


def parse_policy(content: bytes, file: str) -> PolicyFile:
    """Returns the policy that a file's content holds.

    Raises:
        FileMistake: as `load`.
    """
    if len(content) > MAX_BYTES:
        raise FileMistake(file, "", f"has {len(content)} bytes, at most {MAX_BYTES} are allowed")
    found = parse(content, file)
    try:
        return PolicyFile.model_validate(_tuples(found))
    except ValidationError as wrong:
        raise _mistake(wrong.errors()[0], content, file) from None


def version_of(file: PolicyFile, content: bytes) -> str:
    """Returns what a decision names: the file's own version and a hash of its content."""
    return f"{file.version}-{hashlib.sha256(content).hexdigest()[:8]}"


def _tuples(value: Any) -> Any:
    """Returns YAML's lists as tuples: what is frozen holds no list, and strictly no list is one."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    if isinstance(value, Mapping):
        return {key: _tuples(one) for key, one in value.items()}
    return value


def _mistake(error: ErrorDetails, content: bytes, file: str) -> FileMistake:
    place = error["loc"]
    line = line_of(content, place)
    named = ".".join(map(str, place))
    told = f"line {line}, {named}" if named else f"line {line}"
    return FileMistake(file, told, _SENTENCES.get(error["type"], error["msg"].removeprefix("Value error, ")))


_SENTENCES = {
    "extra_forbidden": "is no key that is known here",
    "missing": "is missing",
}
