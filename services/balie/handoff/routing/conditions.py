"""The conditions of a rule: each looks at one thing, and those that a rule names must all hold."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from balie.handoff.domain import ANY_LANGUAGE
from balie.handoff.routing import evidence
from balie.handoff.routing.turns import Frustration, Inputs, KeywordRule

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Name = Annotated[str, Field(min_length=1, max_length=128)]
Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=500)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: name one such as Europe/Amsterdam") from None
    return name


def _clock(value: object) -> object:
    """Returns a time of day; YAML reads an unquoted 09:30 as a number of minutes, base 60."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _DAY_MINUTES:
        value = f"{value // 60:02d}:{value % 60:02d}"
    if value == "24:00":
        return time.max
    if isinstance(value, str) and _TIME.fullmatch(value):
        return time.fromisoformat(value)
    if isinstance(value, time):
        return value
    raise ValueError('must be a time such as "09:30"')


_DAY_MINUTES = 1440
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

Clock = Annotated[time, BeforeValidator(_clock)]


class Times(BaseModel):
    """Hours of a week in a zone; from `from` until `until`, the latter not included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: Annotated[str, AfterValidator(_zone)]
    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)
    ] = DAYS  # type: ignore[assignment]
    since: Clock = Field(default=time.min, alias="from")
    until: Clock = time.max

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since >= self.until:
            raise ValueError("`from` must be before `until`: hours that pass midnight are two entries")
        return self

    def hold(self, at: datetime) -> bool:
        """Tells whether a moment lies in them."""
        local = at.astimezone(ZoneInfo(self.zone))
        clock = local.time()
        return (
            DAYS[local.weekday()] in self.days
            and self.since <= clock
            and (clock < self.until or self.until == time.max)
        )


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


OneOrMore = Annotated[Names, BeforeValidator(_listed)]


class Condition(BaseModel):
    """What a rule looks at; all that is set must hold, and of a list any.

    Attributes:
        intents: the intent that matched is one of these.
        keywords: one of these was found, and is no guess.
        languages: the contact writes one of these; regions are not looked at.
        channels: the contact writes on one of these.
        contact: what is known of the contact has one of these values, for each name.
        times: it is one of these hours.
        asks_for_person: whether the contact asks for a person.
        frustration: the contact sounds at least so frustrated.
        questions: so many questions in the message, or more.
        characters: so many characters in the message, or more.
        attachments: so many files came with the message, or more.
        failed_turns: on so many turns in a row just before, or more, the bot had no answer.
        same_message: so many messages in a row just before, or more, had the very same words.
        bot_replies: the bot replied so often, or more, since it last came to own the conversation.
        answered: whether an answer of the FAQ reaches its threshold.
        waiting: whether the contact waits for a person already.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    intents: OneOrMore | None = None
    keywords: OneOrMore | None = None
    languages: OneOrMore | None = None
    channels: OneOrMore | None = None
    contact: Annotated[Mapping[Name, OneOrMore], Field(min_length=1)] | None = None
    times: Annotated[tuple[Times, ...], Field(min_length=1)] | None = None
    asks_for_person: bool | None = None
    frustration: Literal["mild", "strong"] | None = None
    questions: Count | None = None
    characters: Count | None = None
    attachments: Count | None = None
    failed_turns: Count | None = None
    same_message: Count | None = None
    bot_replies: Count | None = None
    answered: bool | None = None
    waiting: bool | None = None

    def unmet(self, inputs: Inputs) -> str:
        """Returns what does not hold, for a person to read; empty when all of it does."""
        return next((f"{name}: {why}" for name, why in self._failures(inputs) if why), "")

    def _failures(self, inputs: Inputs) -> Iterator[tuple[str, str]]:
        for name in type(self).model_fields:
            wanted = getattr(self, name)
            if wanted is not None:
                yield name, _CHECKS[name](wanted, inputs)


def _one_of(found: str) -> str:
    return f"it is {found}" if found else "there is none"


def _intents(wanted: tuple[str, ...], inputs: Inputs) -> str:
    matched, _ = evidence.matched_intent(inputs)
    name = matched.name if matched else ""
    return "" if name in wanted else _one_of(name)


def _keywords(wanted: tuple[str, ...], inputs: Inputs) -> str:
    found = inputs.understanding.keywords if inputs.understanding else ()
    known = [one.id for one in found if one.whole_message or one.rule is not KeywordRule.FUZZY]
    return "" if any(one in wanted for one in known) else _one_of(", ".join(known))


def _languages(wanted: tuple[str, ...], inputs: Inputs) -> str:
    spoken = _primary(inputs.language or ANY_LANGUAGE)
    return "" if spoken in {_primary(one) for one in wanted} else _one_of(inputs.language)


def _channels(wanted: tuple[str, ...], inputs: Inputs) -> str:
    return "" if inputs.channel in wanted else _one_of(inputs.channel)


def _contact(wanted: Mapping[str, tuple[str, ...]], inputs: Inputs) -> str:
    for name, values in wanted.items():
        found = inputs.contact.get(name, "")
        if found not in values:
            return f"{name} is {found or 'unknown'}"
    return ""


def _times(wanted: tuple[Times, ...], inputs: Inputs) -> str:
    if inputs.at is None:
        return "the time was not recorded"
    at = inputs.at if inputs.at.tzinfo else inputs.at.replace(tzinfo=UTC)
    return "" if any(times.hold(at) for times in wanted) else f"it is {at:%a %H:%M} UTC"


def _frustration(wanted: str, inputs: Inputs) -> str:
    level = inputs.understanding.frustration if inputs.understanding else Frustration.UNKNOWN
    return "" if level >= Frustration[wanted.upper()] else _one_of(level.name.lower())


def _flag(found: Callable[[Inputs], bool]) -> Callable[[bool, Inputs], str]:
    def check(wanted: bool, inputs: Inputs) -> str:  # noqa: FBT001 — as the file says it
        return "" if found(inputs) is wanted else f"it is {'no' if wanted else 'yes'}"

    return check


def _least(count: Callable[[Inputs], int]) -> Callable[[int, Inputs], str]:
    def check(wanted: int, inputs: Inputs) -> str:
        found = count(inputs)
        return "" if found >= wanted else f"{found}, {wanted} wanted"

    return check


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


_CHECKS: Mapping[str, Callable[..., str]] = {
    "intents": _intents,
    "keywords": _keywords,
    "languages": _languages,
    "channels": _channels,
    "contact": _contact,
    "times": _times,
    "frustration": _frustration,
    "asks_for_person": _flag(
        lambda inputs: bool(inputs.understanding and inputs.understanding.asks_for_person)
    ),
    "answered": _flag(lambda inputs: evidence.found_answer(inputs) is not None),
    "waiting": _flag(lambda inputs: inputs.handoff_state is not None),
    "questions": _least(lambda inputs: inputs.understanding.question_count if inputs.understanding else 0),
    "characters": _least(lambda inputs: inputs.understanding.character_count if inputs.understanding else 0),
    "attachments": _least(lambda inputs: inputs.attachments),
    "failed_turns": _least(lambda inputs: inputs.history.failed_in_a_row),
    "same_message": _least(lambda inputs: inputs.history.same_message_in_a_row),
    "bot_replies": _least(lambda inputs: inputs.history.bot_replies),
}
"""How each condition is looked at: what does not hold, empty when it does."""
