"""What an understood message leads to: a versioned file maps intents to an FAQ entry, a canned reply, a queue or nothing.

The order in which they count is the router's; here they are only looked up.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from balie.gateway.languages import nearest
from balie.gateway.said import FollowUp, Keyword, Source, Understanding, Verdict
from balie.kit.strict_yaml import FileMistake, mapping, parse, read, sentence

MOST_FOLLOW_UPS = 16
"""How many the router takes."""
MOST_ENTRIES = 10
"""How many entries the FAQ takes by name."""

_AMBIGUOUS_INTENTS = 3
_REPLY_CHARACTERS = 4096
_INTENT_CHARACTERS = 128
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
_KEYS = ("version", "queues_default", "intents", "replies")
_TARGETS = ("faq_entry", "reply", "queue", "nothing")


@dataclass(frozen=True, slots=True)
class _Target:
    faq_entry_id: str = ""
    reply: str = ""
    queue_id: str = ""

    def following(self, source: Source, name: str) -> FollowUp:
        return FollowUp(source, name, self.faq_entry_id, self.reply, self.queue_id)


@dataclass(frozen=True)
class FollowUps:
    """What intents and keywords lead to.

    Attributes:
        version: the file's own version, and a hash of its content.
        default_queue_id: queue for handoffs that nothing more exact is said about.
    """

    version: str
    default_queue_id: str
    _targets: Mapping[str, _Target] = field(repr=False)
    _replies: Mapping[str, Mapping[str, str]] = field(repr=False)
    _languages: tuple[str, ...]

    @classmethod
    def load(cls, path: Path, languages: Sequence[str]) -> "FollowUps":
        """Returns the follow-ups of a file.

        Raises:
            FileMistake: something in it is missing, unknown or malformed.
        """
        return cls.parse(read(path), str(path), languages)

    @classmethod
    def parse(cls, content: bytes, file: str, languages: Sequence[str]) -> "FollowUps":
        """Returns the follow-ups that a file's content holds.

        Raises:
            FileMistake: as `load`.
        """
        found = parse(content, file)
        for key in found:
            if key not in _KEYS:
                raise FileMistake(file, key, f"is no key of this file; they are {', '.join(_KEYS)}")
        for key in _KEYS[:3]:
            if key not in found:
                raise FileMistake(file, key, "is missing")
        replies = {
            name: _reply(texts, file, f"replies.{name}", languages)
            for name, texts in mapping(found.get("replies", {}), file, "replies").items()
        }
        intents = mapping(found["intents"], file, "intents")
        return cls(
            version=f"{_version(found['version'], file)}-{hashlib.sha256(content).hexdigest()[:8]}",
            default_queue_id=_id(found["queues_default"], file, "queues_default"),
            _targets={name: _target(name, rule, replies, file) for name, rule in intents.items()},
            _replies=replies,
            _languages=tuple(languages),
        )

    def of(self, understanding: Understanding) -> tuple[FollowUp, ...]:
        """Returns what an understanding leads to, keywords before intents, the strongest first, at most 16."""
        found = [self._of_keyword(keyword) for keyword in understanding.keywords]
        for name in _meant(understanding):
            target = self._targets.get(name)
            if target is not None:
                found.append(target.following(Source.INTENT, name))
        return tuple(dict.fromkeys(found))[:MOST_FOLLOW_UPS]

    def pointed_at(self, understanding: Understanding) -> tuple[str, ...]:
        """Returns the FAQ entries that shall be among the answers, whatever the search says, at most 10."""
        entries = [follow_up.faq_entry_id for follow_up in self.of(understanding) if follow_up.faq_entry_id]
        return tuple(dict.fromkeys(entries))[:MOST_ENTRIES]

    def reply(self, name: str, language: str) -> tuple[str, str] | None:
        """Returns a canned reply for somebody of a language and the language it is in; None when there is no such."""
        texts = self._replies.get(name)
        if texts is None:
            return None
        spoken = nearest(language, texts, self._languages)
        return texts[spoken], spoken

    def _of_keyword(self, keyword: Keyword) -> FollowUp:
        target = (
            self._targets.get(keyword.intent, _Target()) if keyword.intent else _Target(keyword.faq_entry_id)
        )
        return target.following(Source.KEYWORD, keyword.id)


def _meant(understanding: Understanding) -> Sequence[str]:
    match understanding.verdict:
        case Verdict.MATCH:
            return understanding.intents[:1]
        case Verdict.AMBIGUOUS:
            return understanding.intents[:_AMBIGUOUS_INTENTS]
        case Verdict.NO_MATCH:
            return ()


def _version(value: object, file: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or not _ID.fullmatch(str(value)):
        raise FileMistake(file, "version", "must be a number or a name")
    return str(value)


def _id(value: object, file: str, place: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise FileMistake(
            file, place, "must be an id: a letter or digit, then letters, digits and any of ._:@+-"
        )
    return value


def _reply(value: object, file: str, place: str, languages: Sequence[str]) -> Mapping[str, str]:
    texts = {
        language: sentence(words, file, f"{place}.{language}", at_most=_REPLY_CHARACTERS)
        for language, words in mapping(value, file, place).items()
    }
    for language in languages:
        if language not in texts:
            raise FileMistake(file, f"{place}.{language}", "is missing")
    return texts


def _target(name: str, value: object, replies: Mapping[str, Any], file: str) -> _Target:
    place = f"intents.{name}"
    if len(sentence(name, file, place, at_most=_INTENT_CHARACTERS)) != len(name):
        raise FileMistake(file, place, "has space around its name")
    rule = mapping(value, file, place)
    if len(rule) != 1 or next(iter(rule)) not in _TARGETS:
        raise FileMistake(file, place, f"must hold exactly one of {', '.join(_TARGETS)}")
    ((kind, target),) = rule.items()
    if kind == "nothing":
        if target is not True:
            raise FileMistake(file, f"{place}.nothing", "must be true")
        return _Target()
    named = _id(target, file, f"{place}.{kind}")
    if kind == "reply" and named not in replies:
        raise FileMistake(file, f"{place}.reply", f"{named} is not among the replies")
    return _Target(
        faq_entry_id=named if kind == "faq_entry" else "",
        reply=named if kind == "reply" else "",
        queue_id=named if kind == "queue" else "",
    )
