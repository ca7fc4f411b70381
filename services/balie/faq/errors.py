"""What can go wrong in the FAQ service."""

from collections.abc import Sequence
from pathlib import Path

from balie.kit.errors import DatabaseUnavailable, FailedPrecondition, InvalidRequest, NotFound, Unavailable


class CollectionNotFound(NotFound):
    """The tenant has no such collection."""

    reason = "COLLECTION_NOT_FOUND"

    def __init__(self, collection_id: str) -> None:
        super().__init__(f"collection {collection_id} does not exist", collection_id=collection_id)


class EntryNotFound(NotFound):
    """The collection has no such entry."""

    reason = "ENTRY_NOT_FOUND"

    def __init__(self, collection_id: str, entry_id: str) -> None:
        super().__init__(
            f"collection {collection_id} has no entry {entry_id}",
            collection_id=collection_id,
            entry_id=entry_id,
        )


class RevisionNotFound(NotFound):
    """The entry has no such revision, or it is kept no longer."""

    reason = "REVISION_NOT_FOUND"

    def __init__(self, collection_id: str, entry_id: str, revision: int) -> None:
        super().__init__(
            f"revision {revision} of entry {entry_id} in collection {collection_id} is not kept",
            collection_id=collection_id,
            entry_id=entry_id,
            revision=revision,
        )


class EntryLanguageInvalid(InvalidRequest):
    """A language is given twice, is not one of the collection's, or would go while entries use it."""

    reason = "ENTRY_LANGUAGE_INVALID"

    def __init__(self, language: str, *, problem: str, known: Sequence[str]) -> None:
        super().__init__(
            f"the language {language} {problem}", language=language, problem=problem, known=known
        )


class EmbeddingInvalid(InvalidRequest):
    """The embedding is none of this encoder's vectors."""

    reason = "EMBEDDING_INVALID"

    def __init__(self, problem: str, *, expected: object, actual: object) -> None:
        super().__init__(f"the embedding {problem}", expected=expected, actual=actual)


class IndexBehind(Unavailable):
    """The index has not reached the generation that was asked for."""

    reason = "INDEX_BEHIND"

    def __init__(self, *, asked: int, generation: int) -> None:
        super().__init__(
            f"the index holds generation {generation}, asked for is {asked}",
            retry_after_seconds=0.5,
            asked=asked,
            generation=generation,
        )


class IndexRebuildFailed(Unavailable):
    """An index could not be built anew; the one that is there goes on serving."""

    reason = "INDEX_REBUILD_FAILED"

    def __init__(self, collection_id: str, *, problem: str) -> None:
        super().__init__(
            f"the index of collection {collection_id} could not be built anew: {problem}",
            retry_after_seconds=10,
            collection_id=collection_id,
            problem=problem,
        )


class VectorDatabaseUnavailable(DatabaseUnavailable):
    """The database that keeps the vectors does not answer; the driver's text stays in the log."""

    def __init__(self) -> None:
        Unavailable.__init__(self, "the database of vectors does not answer")


class VectorDatabaseUnfit(Exception):
    """The database that shall keep the vectors lacks something; the message says how to get it. For whoever starts the service."""


class CollectionNotEmpty(FailedPrecondition):
    """A collection that still holds entries cannot be deleted."""

    reason = "COLLECTION_NOT_EMPTY"

    def __init__(self, collection_id: str, entries: int) -> None:
        super().__init__(
            f"collection {collection_id} still holds {entries} entries",
            collection_id=collection_id,
            entries=entries,
        )


class AnswerNotFound(NotFound):
    """The tenant never gave such an answer, or its entry is deleted."""

    reason = "ANSWER_NOT_FOUND"

    def __init__(self, answer_id: str) -> None:
        super().__init__(f"answer {answer_id} was not given here", answer_id=answer_id)


class QuestionNotFound(NotFound):
    """The collection has no such question for review."""

    reason = "QUESTION_NOT_FOUND"

    def __init__(self, collection_id: str, question_id: str) -> None:
        super().__init__(
            f"collection {collection_id} has no question {question_id}",
            collection_id=collection_id,
            question_id=question_id,
        )


class QuestionGroupNotFound(NotFound):
    """The collection has no such group of questions."""

    reason = "QUESTION_GROUP_NOT_FOUND"

    def __init__(self, collection_id: str, group_id: str) -> None:
        super().__init__(
            f"collection {collection_id} has no group of questions {group_id}",
            collection_id=collection_id,
            group_id=group_id,
        )


class RetrieverUnavailable(Exception):
    """The retriever that is configured cannot be made; stops a service that starts, so no `Failure`."""

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(f"the retriever {kind} {problem}")


class EntryFileWrong(Exception):
    """A file cannot be read as entries; for whoever imports it, so no `Failure`.

    Attributes:
        path: the file.
        line: where in it, from 1, in `unit`s; 0 when it is the file as a whole.
        problem: what is wrong there.
        unit: what `line` counts: lines, or a page's questions.
    """

    def __init__(self, path: Path, line: int, problem: str, *, unit: str = "line") -> None:
        place = f":{line}" if unit == "line" else f": {unit} {line}"
        super().__init__(f"{path}{place}: {problem}" if line else f"{path}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem
        self.unit = unit
