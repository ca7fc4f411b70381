"""Between the contract of knowledge work and the domain; checks every documented bound on the way in."""

from collections.abc import Iterable, Sequence

from balie.api.faq.v1 import entry_pb2, knowledge_service_pb2
from balie.faq.convert import AUDIENCES, MARKETS, TAGS, WORD_CHARACTERS, pairs, timestamp, words
from balie.faq.domain import BuildProgress, BuildStep, IndexState, IndexUpkeep
from balie.faq.errors import EntryLanguageInvalid
from balie.faq.knowledge.domain import (
    PHRASING_CHARACTERS,
    PHRASINGS,
    Collection,
    CollectionContent,
    Entry,
    EntryContent,
    EntryRevision,
    EntryState,
    EntryText,
    ImportOrder,
    Prune,
)
from balie.kit import bounds
from balie.kit.errors import Failure, FieldMalformed, ImportOutOfOrder
from balie.kit.imports.progress import ImportProgress, Problem

DISPLAY_NAME_CHARACTERS = 200
LANGUAGES = 20
TEXTS = 20
QUESTION_CHARACTERS = 1000
ANSWER_CHARACTERS = 10_000
ETAG_CHARACTERS = 64
REVISION = (1 << 63) - 1


def collection_from_proto(message: entry_pb2.Collection) -> CollectionContent:
    """Returns what a caller says a collection is."""
    found = CollectionContent(
        id=bounds.identifier("collection.id", message.id),
        display_name=bounds.text(
            "collection.display_name", message.display_name, DISPLAY_NAME_CHARACTERS, required=False
        ),
        languages=tuple(bounds.items("collection.languages", message.languages, LANGUAGES, minimum=1)),
        fallback=tuple(bounds.items("collection.fallback", message.fallback, LANGUAGES)),
    )
    for field, languages in (("languages", found.languages), ("fallback", found.fallback)):
        for language in languages:
            bounds.language(f"collection.{field}", language, required=True)
        _no_language_twice(languages)
    for language in found.fallback:
        if language not in found.languages:
            raise EntryLanguageInvalid(
                language, problem="is no language of the collection to fall back on", known=found.languages
            )
    return found


def collection_to_proto(collection: Collection) -> entry_pb2.Collection:
    """Returns a collection as it is sent."""
    return entry_pb2.Collection(
        id=collection.id,
        display_name=collection.content.display_name,
        languages=collection.content.languages,
        fallback=collection.content.fallback,
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
        tags=words("entry.tags", message.tags, TAGS),
        metadata=pairs("entry.metadata", message.metadata),
        state=_state_from_proto(message.state),
        valid_from=bounds.moment("entry.valid_from", message.valid_from)
        if message.HasField("valid_from")
        else None,
        valid_until=bounds.moment("entry.valid_until", message.valid_until)
        if message.HasField("valid_until")
        else None,
        audience=words("entry.audience", message.audience, AUDIENCES),
        market=words("entry.market", message.market, MARKETS),
    )
    _no_language_twice([text.language for text in found.texts])
    if found.valid_from and found.valid_until and found.valid_until <= found.valid_from:
        raise FieldMalformed("entry.valid_until", expected="later than entry.valid_from")
    return found


def _state_from_proto(value: int) -> EntryState:
    if value == entry_pb2.ENTRY_STATE_UNSPECIFIED:
        return EntryState.PUBLISHED
    return bounds.enum("entry.state", value, EntryState)


def _text_from_proto(message: entry_pb2.EntryText) -> EntryText:
    language = bounds.language("entry.texts.language", message.language, required=True)
    bounds.text("entry.texts.question", message.question, QUESTION_CHARACTERS)
    for phrasing in bounds.items("entry.texts.phrasings", message.phrasings, PHRASINGS):
        bounds.text("entry.texts.phrasings", phrasing, PHRASING_CHARACTERS)
    bounds.text("entry.texts.answer", message.answer, ANSWER_CHARACTERS)
    return EntryText(language, message.question, tuple(message.phrasings), message.answer)


def entry_to_proto(entry: Entry) -> entry_pb2.Entry:
    """Returns an entry as it is sent."""
    message = content_to_proto(entry.content)
    message.collection_id = entry.collection_id
    message.revision = entry.revision
    message.etag = entry.etag
    message.create_time.CopyFrom(timestamp(entry.created_at))
    message.update_time.CopyFrom(timestamp(entry.updated_at))
    return message


def content_to_proto(content: EntryContent) -> entry_pb2.Entry:
    """Returns what an entry holds as it is sent, of no collection yet."""
    return entry_pb2.Entry(
        id=content.id,
        texts=[
            entry_pb2.EntryText(
                language=text.language, question=text.question, phrasings=text.phrasings, answer=text.answer
            )
            for text in content.texts
        ],
        tags=content.tags,
        metadata=content.metadata,
        state=entry_pb2.EntryState.ValueType(content.state.value),
        valid_from=timestamp(content.valid_from) if content.valid_from else None,
        valid_until=timestamp(content.valid_until) if content.valid_until else None,
        audience=content.audience,
        market=content.market,
    )


def revision_to_proto(found: EntryRevision) -> knowledge_service_pb2.EntryRevision:
    """Returns a change of an entry as it is sent."""
    return knowledge_service_pb2.EntryRevision(
        entry=entry_to_proto(found.entry),
        changed_by=found.changed_by,
        change_time=timestamp(found.entry.updated_at),
    )


def revision(value: int) -> int:
    """Returns the number of a revision."""
    return bounds.number("revision", value, 1, REVISION)


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
    return bounds.text("tag", value, WORD_CHARACTERS, required=False)


def index_to_proto(
    collection: str, state: IndexState, upkeep: IndexUpkeep, stored_generation: int
) -> knowledge_service_pb2.Index:
    """Returns an index's state as it is sent."""
    building = upkeep.progress is not None
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
        kind=knowledge_service_pb2.IndexKind.Value(f"INDEX_KIND_{state.kind.upper()}"),
        size_bytes=state.size_bytes,
        state=knowledge_service_pb2.INDEX_STATE_BUILDING
        if building
        else knowledge_service_pb2.INDEX_STATE_READY,
        build=build_to_proto(upkeep.progress) if upkeep.progress else None,
        wanted_encoder_fingerprint=upkeep.wanted_fingerprint,
        saved_generation=upkeep.saved_generation,
    )


_STEPS = {step: knowledge_service_pb2.BuildStep.Value(f"BUILD_STEP_{step.name}") for step in BuildStep}


def build_to_proto(progress: BuildProgress) -> knowledge_service_pb2.BuildProgress:
    """Returns how far an index is, as it is sent."""
    return knowledge_service_pb2.BuildProgress(step=_STEPS[progress.step], share=progress.share)


def import_order(part: knowledge_service_pb2.ImportEntriesRequest | None) -> ImportOrder:
    """Returns what an import is asked to do, from its first message.

    Raises:
        ImportOutOfOrder: there is none, or it is no header.
    """
    if part is None or part.WhichOneof("part") != "header":
        raise ImportOutOfOrder("header")
    return ImportOrder(
        collection_id=collection_id(part.header.collection_id, field="header.collection_id"),
        dry_run=part.header.dry_run,
        prune=bounds.enum("header.prune", part.header.prune, Prune, required=False),
    )


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
        pruned=progress.counts.pruned,
    )


def _no_language_twice(languages: Sequence[str] | Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for language in languages:
        if language.lower() in seen:
            raise EntryLanguageInvalid(language, problem="is given twice", known=list(seen.values()))
        seen[language.lower()] = language
