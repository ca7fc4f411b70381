"""Between the contract of knowledge work and the domain; checks every documented bound on the way in."""

from collections.abc import Iterable, Sequence

from balie.api.faq.v1 import entry_pb2, knowledge_service_pb2
from balie.faq.convert import timestamp
from balie.faq.domain import (
    PHRASING_CHARACTERS,
    PHRASINGS,
    Collection,
    CollectionContent,
    Entry,
    EntryContent,
    EntryText,
    IndexState,
)
from balie.faq.errors import EntryLanguageInvalid
from balie.kit import bounds
from balie.kit.errors import Failure, FieldMalformed, ImportOutOfOrder, TooManyItems
from balie.kit.imports.progress import ImportProgress, Problem

DISPLAY_NAME_CHARACTERS = 200
LANGUAGES = 20
TEXTS = 20
QUESTION_CHARACTERS = 1000
ANSWER_CHARACTERS = 10_000
TAGS = 50
TAG_CHARACTERS = 64
METADATA_PAIRS = 50
METADATA_KEY_CHARACTERS = 64
METADATA_VALUE_CHARACTERS = 1024
ETAG_CHARACTERS = 64


def collection_from_proto(message: entry_pb2.Collection) -> CollectionContent:
    """Returns what a caller says a collection is."""
    found = CollectionContent(
        id=bounds.identifier("collection.id", message.id),
        display_name=bounds.text(
            "collection.display_name", message.display_name, DISPLAY_NAME_CHARACTERS, required=False
        ),
        languages=tuple(bounds.items("collection.languages", message.languages, LANGUAGES, minimum=1)),
    )
    for language in found.languages:
        bounds.language("collection.languages", language, required=True)
    _no_language_twice(found.languages)
    return found


def collection_to_proto(collection: Collection) -> entry_pb2.Collection:
    """Returns a collection as it is sent."""
    return entry_pb2.Collection(
        id=collection.id,
        display_name=collection.content.display_name,
        languages=collection.content.languages,
        etag=collection.etag,
        entry_count=collection.entry_count,
        create_time=timestamp(collection.created_at),
        update_time=timestamp(collection.updated_at),
    )


def entry_from_proto(message: entry_pb2.Entry) -> EntryContent:
    """Returns what a caller says an entry holds."""
    texts = bounds.items("entry.texts", message.texts, TEXTS, minimum=1)
    found = EntryContent(
        id=bounds.identifier("entry.id", message.id),
        texts=tuple(_text_from_proto(text) for text in texts),
        tags=tuple(bounds.items("entry.tags", message.tags, TAGS)),
        metadata=dict(message.metadata),
    )
    _no_language_twice([text.language for text in found.texts])
    for tag in found.tags:
        bounds.text("entry.tags", tag, TAG_CHARACTERS)
    if len(found.metadata) > METADATA_PAIRS:
        raise TooManyItems("entry.metadata", limit=METADATA_PAIRS, actual=len(found.metadata))
    for key, value in found.metadata.items():
        bounds.text("entry.metadata", key, METADATA_KEY_CHARACTERS)
        bounds.text("entry.metadata", value, METADATA_VALUE_CHARACTERS, required=False)
    return found


def _text_from_proto(message: entry_pb2.EntryText) -> EntryText:
    language = bounds.language("entry.texts.language", message.language, required=True)
    bounds.text("entry.texts.question", message.question, QUESTION_CHARACTERS)
    for phrasing in bounds.items("entry.texts.phrasings", message.phrasings, PHRASINGS):
        bounds.text("entry.texts.phrasings", phrasing, PHRASING_CHARACTERS)
    bounds.text("entry.texts.answer", message.answer, ANSWER_CHARACTERS)
    return EntryText(language, message.question, tuple(message.phrasings), message.answer)


def entry_to_proto(entry: Entry) -> entry_pb2.Entry:
    """Returns an entry as it is sent."""
    return entry_pb2.Entry(
        collection_id=entry.collection_id,
        id=entry.id,
        texts=[
            entry_pb2.EntryText(
                language=text.language, question=text.question, phrasings=text.phrasings, answer=text.answer
            )
            for text in entry.content.texts
        ],
        tags=entry.content.tags,
        metadata=entry.content.metadata,
        revision=entry.revision,
        etag=entry.etag,
        create_time=timestamp(entry.created_at),
        update_time=timestamp(entry.updated_at),
    )


def collection_id(value: str, *, field: str = "collection_id") -> str:
    """Returns a collection's id."""
    return bounds.identifier(field, value)


def entry_id(value: str) -> str:
    """Returns an entry's id."""
    return bounds.identifier("entry_id", value)


def etag(value: str) -> str:
    """Returns an etag, empty when none is given; what cannot be one is not repeated back."""
    return bounds.text("etag", value, ETAG_CHARACTERS, required=False)


def tag(value: str) -> str:
    """Returns the tag that a list is narrowed to, empty when it is not."""
    return bounds.text("tag", value, TAG_CHARACTERS, required=False)


def index_to_proto(collection: str, state: IndexState, stored_generation: int) -> knowledge_service_pb2.Index:
    """Returns an index's state as it is sent."""
    return knowledge_service_pb2.Index(
        collection_id=collection,
        generation=state.generation,
        stored_generation=stored_generation,
        entry_count=state.entry_count,
        vector_count=state.vector_count,
        encoder_fingerprint=state.fingerprint,
        dimensions=state.dimensions,
        threshold=state.calibration.threshold,
        calibration_version=state.calibration.version,
        as_of=timestamp(state.as_of),
    )


def import_header(part: knowledge_service_pb2.ImportEntriesRequest | None) -> tuple[str, bool]:
    """Returns the collection of an import and whether it is a dry run, from its first message.

    Raises:
        ImportOutOfOrder: there is none, or it is no header.
    """
    if part is None or part.WhichOneof("part") != "header":
        raise ImportOutOfOrder("header")
    return collection_id(part.header.collection_id, field="header.collection_id"), part.header.dry_run


def import_entry(
    number: int, part: knowledge_service_pb2.ImportEntriesRequest, collection: str
) -> EntryContent | Problem:
    """Returns what an import's message says an entry holds, or why it is refused.

    Raises:
        ImportOutOfOrder: it is no entry.
    """
    if part.WhichOneof("part") != "entry":
        raise ImportOutOfOrder("entry")
    if part.entry.collection_id not in ("", collection):
        failure: Failure = FieldMalformed("entry.collection_id", expected="empty, or the header's")
        return problem(number, part.entry.id, failure)
    try:
        return entry_from_proto(part.entry)
    except Failure as refused:
        return problem(number, part.entry.id, refused)


def problem(number: int, entry: str, failure: Failure) -> Problem:
    """Returns what is told of an entry that was refused, its id cut to what an id may be."""
    return Problem(number, entry[: bounds.IDENTIFIER_CHARACTERS], failure.reason, failure.message)


def progress_to_proto(progress: ImportProgress) -> knowledge_service_pb2.ImportEntriesResponse:
    """Returns an import's progress as it is sent."""
    return knowledge_service_pb2.ImportEntriesResponse(
        received=progress.counts.received,
        created=progress.counts.created,
        updated=progress.counts.updated,
        unchanged=progress.counts.unchanged,
        refused=progress.counts.refused,
        problems=[
            knowledge_service_pb2.ImportProblem(
                number=found.number, entry_id=found.item_id, reason=found.reason, message=found.message
            )
            for found in progress.problems
        ],
        index_generation=progress.counts.generation,
        done=progress.done,
    )


def _no_language_twice(languages: Sequence[str] | Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for language in languages:
        if language.lower() in seen:
            raise EntryLanguageInvalid(language, problem="is given twice", known=list(seen.values()))
        seen[language.lower()] = language
