"""The desk's own words, by language, out of one file; checked when it is read, so that no contact meets a gap."""

import string
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path

from balie.gateway.languages import nearest
from balie.kit.strict_yaml import FileMistake, mapping, parse, read, sentence

_CHARACTERS = 1000


class Phrase(StrEnum):
    """Something the desk says; the value is its key in the file."""

    CLARIFY_OPTIONS = "clarify_options"
    CLARIFY = "clarify"
    WAITING = "waiting"
    WAITING_AT_POSITION = "waiting_at_position"
    WAITING_ESTIMATED = "waiting_estimated"
    POSITION_CHANGED = "position_changed"
    POSITION_CHANGED_ESTIMATED = "position_changed_estimated"
    STILL_WAITING = "still_waiting"
    DEGRADED = "degraded"
    DELAYED = "delayed"
    AGENT_JOINED = "agent_joined"
    AGENT_JOINED_NAMED = "agent_joined_named"
    TRANSFERRED = "transferred"
    AGENT_SILENT = "agent_silent"
    RETURNED_TO_BOT = "returned_to_bot"
    RETURNED_AND_RESUMED = "returned_and_resumed"
    RETURNED_WHEN_IDLE = "returned_when_idle"
    MESSAGE_TAKEN = "message_taken"
    CALL_BACK_PROMISED = "call_back_promised"
    SURVEY = "survey"
    RATED = "rated"
    CALL_BACK_DUE = "call_back_due"
    EXPIRED = "expired"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    WEEKDAY_AND_DATE = "weekday_and_date"
    CLOSED = "closed"


WEEKDAYS = (
    Phrase.MONDAY,
    Phrase.TUESDAY,
    Phrase.WEDNESDAY,
    Phrase.THURSDAY,
    Phrase.FRIDAY,
    Phrase.SATURDAY,
    Phrase.SUNDAY,
)
_PLACEHOLDERS = {
    Phrase.WAITING_AT_POSITION: {"position"},
    Phrase.WAITING_ESTIMATED: {"position", "minutes"},
    Phrase.POSITION_CHANGED: {"position"},
    Phrase.POSITION_CHANGED_ESTIMATED: {"position", "minutes"},
    Phrase.AGENT_JOINED_NAMED: {"name"},
    Phrase.CALL_BACK_PROMISED: {"day", "time"},
    Phrase.WEEKDAY_AND_DATE: {"weekday", "day", "month"},
}


class Wording:
    """What the desk says, in the languages it is set up for.

    Args:
        texts: by phrase, then by language.
        languages: of the desk, best first.
    """

    def __init__(self, texts: Mapping[Phrase, Mapping[str, str]], languages: Sequence[str]) -> None:
        self._texts = texts
        self._languages = tuple(languages)

    @classmethod
    def load(cls, path: Path | None, languages: Sequence[str]) -> "Wording":
        """Returns the wording of a file, or the one that comes with Balie.

        Raises:
            FileMistake: it lacks a phrase or a language, or holds something that is no phrase.
        """
        if path is not None:
            return cls.parse(read(path), str(path), languages)
        with as_file(files("balie.gateway").joinpath("wording.yaml")) as ours:
            return cls.parse(read(ours), ours.name, languages)

    @classmethod
    def parse(cls, content: bytes, file: str, languages: Sequence[str]) -> "Wording":
        """Returns the wording that a file's content holds.

        Raises:
            FileMistake: as `load`.
        """
        found = parse(content, file)
        unknown = sorted(set(found) - set(Phrase))
        if unknown:
            raise FileMistake(file, unknown[0], f"is no phrase; they are {', '.join(Phrase)}")
        texts: dict[Phrase, Mapping[str, str]] = {}
        for phrase in Phrase:
            if phrase not in found:
                raise FileMistake(file, phrase, "is missing")
            texts[phrase] = _by_language(found[phrase], phrase, file, languages)
        return cls(texts, languages)

    def say(self, phrase: Phrase, language: str, **values: object) -> tuple[str, str]:
        """Returns the words for somebody of a language, and the language that they are in.

        Args:
            phrase: what is said.
            language: the contact's, or `und`.
            values: what stands in the place of the phrase's placeholders.
        """
        texts = self._texts[phrase]
        spoken = nearest(language, texts, self._languages)
        return texts[spoken].format_map(values), spoken


def _by_language(value: object, phrase: Phrase, file: str, languages: Sequence[str]) -> Mapping[str, str]:
    found = mapping(value, file, phrase)
    for language in languages:
        if language not in found:
            raise FileMistake(file, f"{phrase}.{language}", "is missing")
    texts: dict[str, str] = {}
    for language, words in found.items():
        place = f"{phrase}.{language}"
        texts[language] = sentence(words, file, place, at_most=_CHARACTERS)
        _check_placeholders(texts[language], _PLACEHOLDERS.get(phrase, set()), file, place)
    return texts


def _check_placeholders(text: str, expected: set[str], file: str, place: str) -> None:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise FileMistake(file, place, "has a brace without its pair; write {{ and }} for braces") from None
    found = {name for _, name, _, _ in parts if name is not None}
    plain = all(not form and not conversion for _, _, form, conversion in parts)
    if found != expected or not plain:
        names = ", ".join(f"{{{name}}}" for name in sorted(expected)) or "none"
        raise FileMistake(file, place, f"must hold exactly these placeholders: {names}")
