"""An entry of a file, made from the plain values that a format holds: mappings, lists and texts.

The keys are the same in every format. Whether an entry fits its bounds and its collection is not looked at here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent, EntryState, EntryText
from balie.faq.knowledge.files.source import Source

ENTRY_KEYS = frozenset({"id", "tags", "state", "valid_from", "valid_until", "audience", "market", "metadata"})
TEXT_KEYS = frozenset({"question", "phrasings", "answer"})
LANGUAGE_KEYS = ("language", "lang")
STATES = {state.name.lower(): state for state in EntryState}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An entry of a file.

    Attributes:
        place: where it begins, from 1, in `unit`s.
        said: names of the fields that the file gives.
        is_part: whether it holds one language, and the rows after it may hold others of the same entry.
    """

    content: EntryContent
    place: int
    said: frozenset[str] = field(default=frozenset(), compare=False)
    is_part: bool = field(default=False, compare=False)
    unit: str = "line"

    @property
    def id(self) -> str:
        """Returns its id."""
        return self.content.id

    @property
    def texts(self) -> tuple[EntryText, ...]:
        """Returns its texts."""
        return self.content.texts

    @property
    def where(self) -> str:
        """Returns its place as people read it."""
        return f"{self.unit} {self.place}"

    def wrong(self, source: Source, problem: str) -> EntryFileWrong:
        """Returns what is told of it."""
        return EntryFileWrong(source.path, self.place, problem, unit=self.unit)


class Wrong(Exception):
    """What is wrong with an entry, before it is known where it stands."""


def whole_entry(place: int, raw: object) -> FileEntry:
    """Returns an entry that holds its texts by language.

    Raises:
        Wrong: it is none.
    """
    values = mapping("an entry", raw)
    known = ENTRY_KEYS | {"texts"}
    if unknown := sorted(set(values) - known):
        raise Wrong(f"{unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")
    texts = mapping("'texts'", values.get("texts"))
    if not texts:
        raise Wrong("'texts' holds no language")
    made = [_entry_text(language, text) for language, text in texts.items()]
    return _entry(place, values, tuple(made), is_part=False)


def flat_entry(place: int, raw: Mapping[str, Any], language: str = "", *, unit: str = "line") -> FileEntry:
    """Returns an entry of one language that holds its texts beside everything else; other keys are passed over.

    Args:
        place: where it stands.
        raw: its values.
        language: of its texts when it says none.
        unit: what `place` counts.

    Raises:
        Wrong: it is none.
    """
    named = next((raw[key] for key in LANGUAGE_KEYS if raw.get(key)), language)
    if not named:
        raise Wrong("'language' must be a text: write it beside the question, or name it with --lang")
    text = _text_of(word({"language": named}, "language"), raw)
    return _entry(place, raw, (text,), is_part=True, unit=unit)


def _entry(
    place: int, raw: Mapping[str, Any], texts: tuple[EntryText, ...], *, is_part: bool, unit: str = "line"
) -> FileEntry:
    said = frozenset(key for key in ENTRY_KEYS - {"id"} if raw.get(key))
    content = EntryContent(
        id=word(raw, "id"),
        texts=texts,
        tags=texts_of(raw, "tags"),
        metadata=_metadata(raw.get("metadata") or {}),
        state=_state(raw) if "state" in said else EntryState.PUBLISHED,
        valid_from=moment_of(raw, "valid_from") if "valid_from" in said else None,
        valid_until=moment_of(raw, "valid_until") if "valid_until" in said else None,
        audience=texts_of(raw, "audience"),
        market=texts_of(raw, "market"),
    )
    return FileEntry(content, place, said, is_part, unit)


def _entry_text(language: str, raw: object) -> EntryText:
    values = mapping(f"the texts in {language!r}", raw)
    if unknown := sorted(set(values) - TEXT_KEYS):
        raise Wrong(f"{unknown[0]!r} is unknown in {language!r}; known are {', '.join(sorted(TEXT_KEYS))}")
    return _text_of(language, values)


def _text_of(language: str, raw: Mapping[str, Any]) -> EntryText:
    return EntryText(language, text_of(raw, "question"), texts_of(raw, "phrasings"), text_of(raw, "answer"))


def _state(raw: Mapping[str, Any]) -> EntryState:
    name = word(raw, "state").lower()
    if name not in STATES:
        raise Wrong(f"'state' must be one of {', '.join(STATES)}")
    return STATES[name]


def _metadata(raw: object) -> dict[str, str]:
    found = mapping("'metadata'", raw)
    for key, value in found.items():
        if not isinstance(value, str):
            raise Wrong(f"{key!r} of 'metadata' must be a text")
    return dict(found)


def word(raw: Mapping[str, Any], key: str) -> str:
    """Returns a text without spaces around it."""
    return text_of(raw, key).strip()


def text_of(raw: Mapping[str, Any], key: str) -> str:
    """Returns a text that is not blank, as it stands."""
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"{key!r} must be a text")
    return value


def texts_of(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Returns a list of texts; none when it is not there."""
    values = raw.get(key) or []
    if not isinstance(values, list):
        raise Wrong(f"{key!r} must be a list of texts")
    return tuple(text_of({key: value}, key) for value in values)


def moment_of(raw: Mapping[str, Any], key: str) -> datetime:
    """Returns a moment; a day is its first moment, and one that names no zone is in UTC."""
    value = word(raw, key)
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Wrong(f"{key!r} must be a day or a moment such as 2026-05-01 or 2026-05-01T12:00:00Z") from None


def mapping(what: str, raw: object) -> Mapping[str, Any]:
    """Returns a mapping of texts to anything."""
    if not isinstance(raw, dict):
        raise Wrong(f"{what} must be a mapping")
    return raw


def moment_text(moment: datetime) -> str:
    """Returns a moment as files hold it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(content: EntryContent) -> dict[str, Any]:
    """Returns what an entry holds beside its texts, without what is left out by default."""
    found: dict[str, Any] = {"id": content.id}
    if content.state is not EntryState.PUBLISHED:
        found["state"] = content.state.name.lower()
    for key in ("valid_from", "valid_until"):
        moment: datetime | None = getattr(content, key)
        if moment is not None:
            found[key] = moment_text(moment)
    for key in ("tags", "audience", "market"):
        if values := getattr(content, key):
            found[key] = list(values)
    if content.metadata:
        found["metadata"] = dict(content.metadata)
    return found


def plain_texts(content: EntryContent) -> dict[str, dict[str, Any]]:
    """Returns an entry's texts by language."""
    return {
        text.language: {
            "question": text.question,
            **({"phrasings": list(text.phrasings)} if text.phrasings else {}),
            "answer": text.answer,
        }
        for text in content.texts
    }


def attempt(
    source: Source, place: int, make: Callable[[], FileEntry], unit: str = "line"
) -> FileEntry | EntryFileWrong:
    """Returns the entry that is made, or what is wrong with it."""
    try:
        return make()
    except Wrong as wrong:
        return EntryFileWrong(source.path, place, str(wrong), unit=unit)
