"""Runs an evaluation from files: reads entries and questions, asks, learns the threshold, and measures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from balie.calibration import RESAMPLES, Interval, expected_calibration_error
from balie.encoders.progress import Progress, within
from balie.faq.domain import Calibration
from balie.faq.evaluation.intervals import intervals
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.one_thread import one_thread
from balie.faq.evaluation.outcome import Asked, FaqFigures, ask, figures, judged
from balie.faq.evaluation.reading import read_contents, read_questions
from balie.faq.evaluation.unanswerable import made_unanswerable
from balie.faq.evaluation.unlearned import unlearned
from balie.faq.knowledge.domain import EntryContent
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.threshold import default, learn

if TYPE_CHECKING:
    from balie.encoders.kept_vectors import KeptVectors
    from balie.faq.evaluation.queries import EvalQuery
    from balie.faq.knowledge.files import Source
    from balie.faq.retrieval.port import Retriever

_NEVER = 1.0
_TOLD_LEARNED = "What ships was learned from {} of the {} questions to tune on: the threshold goes by confidences that were not."


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated.

    Attributes:
        entries: files of the collection.
        queries: files of the questions that are asked.
        tune: files of questions that the threshold is learned from; empty to learn it from the collection, as the service
            does.
        max_wrong: greatest share of wrong among the answers given.
        delta: chance that this promise is broken.
        unanswerable: share of the questions that no entry answers, as stated; None for that of `queries`.
        made: share of the questions whose entries are taken out, of sets without unanswerable ones; 0 for none.
        resamples: draws of the bootstrap.
    """

    entries: "Sequence[Source]"
    queries: "Sequence[Source]"
    tune: "Sequence[Source]" = ()
    max_wrong: float = 0.05
    delta: float = 0.1
    unanswerable: float | None = None
    made: float = 0.0
    resamples: int = RESAMPLES


@dataclass(frozen=True)
class Evaluation:
    """What a retriever is worth on a collection.

    Attributes:
        figures: of all questions.
        by_language: of the questions in each language; those whose language is not known under "".
        intervals: 95 %, by figure.
        calibration_error: distance of the confidence from the share that is right; see `balie.calibration`.
        asked: what became of each question.
        contents: the entries, by id.
        calibration: the threshold and where it comes from.
        policy: what it has to keep.
        retriever_version: changes whenever it would rank or be sure otherwise.
        encoder_fingerprint: of the encoder.
        tuned_on: questions that the threshold was learned from; 0 when the collection itself taught it.
        made_unanswerable: how many of the questions had their entries taken out.
        notes: what people must know of the figures.
    """

    figures: FaqFigures
    by_language: Mapping[str, FaqFigures]
    intervals: Mapping[str, Interval]
    calibration_error: float
    asked: Sequence[Asked]
    contents: Mapping[str, EntryContent]
    calibration: Calibration
    policy: Policy
    retriever_version: str
    encoder_fingerprint: str
    tuned_on: int
    made_unanswerable: int
    notes: Sequence[str] = field(default=())

    def as_dict(self) -> dict[str, object]:
        """Returns all but the questions, in values that JSON has."""
        return {
            **asdict(self.figures),
            "calibration_error": self.calibration_error,
            "intervals": {name: [one.low, one.high] for name, one in self.intervals.items()},
            "by_language": {language: asdict(one) for language, one in self.by_language.items()},
            "entries": len(self.contents),
            "max_wrong": self.policy.max_wrong,
            "max_wrong_delta": self.policy.delta,
            "expected_unanswerable": self.policy.expected_unanswerable,
            "tuned_on": self.tuned_on,
            "made_unanswerable": self.made_unanswerable,
            "retriever_version": self.retriever_version,
            "calibration_version": self.calibration.version,
            "encoder_fingerprint": self.encoder_fingerprint,
            "notes": list(self.notes),
        }


def run(plan: Plan, retriever: "Retriever", vectors: "KeptVectors", progress: Progress) -> Evaluation:
    """Returns what a retriever is worth.

    Args:
        plan: what is evaluated.
        retriever: ranks.
        vectors: gives vectors.
        progress: is told the step and the share that is done, in [0, 1].

    Raises:
        EntryFileWrong: a file cannot be read, or something in it makes no sense; names the place.
        ShareUnknown: every question is without an answer, and no share is stated.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    progress("reading the files", 0.0)
    contents, notes = read_contents(plan.entries)
    queries, tune = (
        read_questions(files, contents.keys()) if files else [] for files in (plan.queries, plan.tune)
    )
    made = 0
    if plan.made:
        queries, made = _made(queries, plan.made)
        tune, _ = _made(tune, plan.made)
        notes.append(_told_made(made, len(queries)))
    share = _share(queries) if plan.unanswerable is None else plan.unanswerable
    policy = Policy(plan.max_wrong, plan.delta, share)

    collection = _collection(contents, retriever, vectors, within(progress, 0.02, 0.5))
    texts = [query.text for query in (*queries, *tune)]
    vectors.add(texts, within(progress, 0.5, 0.6), step="encoding the questions")
    calibration, told = _calibration(collection, tune, policy, vectors, within(progress, 0.6, 0.75))
    notes += told
    rows = vectors.rows([query.text for query in queries])
    asked = ask(collection, queries, rows, within(progress, 0.75, 0.97))
    progress("measuring", 0.97)
    everything = judged(asked)
    return Evaluation(
        figures=figures(asked, calibration.threshold),
        by_language=_by_language(asked, calibration.threshold),
        intervals=intervals(asked, calibration.threshold, resamples=plan.resamples),
        calibration_error=expected_calibration_error(everything.confidences, everything.right),
        asked=asked,
        contents=contents,
        calibration=calibration,
        policy=policy,
        retriever_version=retriever.version,
        encoder_fingerprint=vectors.encoder.fingerprint,
        tuned_on=len(tune),
        made_unanswerable=made,
        notes=notes,
    )


class ShareUnknown(Exception):
    """Every question is without an answer, so that their share says nothing of what customers ask."""

    def __init__(self) -> None:
        super().__init__(
            "no question has an answer, so what share of customers' questions is so must be stated"
        )


def _share(queries: "Sequence[EvalQuery]") -> float:
    share = sum(not query.entry_ids for query in queries) / len(queries)
    if share == 1.0:
        raise ShareUnknown
    return share


def _made(queries: "Sequence[EvalQuery]", share: float) -> "tuple[list[EvalQuery], int]":
    """Returns questions of which a share was made unanswerable, and how many were: none where some are so already."""
    if any(not query.entry_ids for query in queries):
        return list(queries), 0
    made = made_unanswerable(queries, share)
    return made, sum(bool(query.without) for query in made)


def _told_made(made: int, queries: int) -> str:
    if not made:
        return "No question was made unanswerable: some are without an answer already, or the share is too small."
    return (
        f"{made} of the {queries} questions are made unanswerable: they are asked with their entries taken out, and count "
        "in no figure of the ranking."
    )


def _collection(
    contents: Mapping[str, EntryContent], retriever: "Retriever", vectors: "KeptVectors", progress: Progress
) -> OfflineCollection:
    texts = [text for content in contents.values() for text in content.worded()]
    vectors.add(texts, within(progress, 0.0, 0.95), step="encoding the entries")
    progress("building the index", 0.95)
    fingerprint = vectors.encoder.fingerprint
    return OfflineCollection(contents.values(), retriever, vectors.rows, fingerprint=fingerprint)


def _calibration(
    collection: OfflineCollection,
    tune: "Sequence[EvalQuery]",
    policy: Policy,
    vectors: "KeptVectors",
    progress: Progress,
) -> tuple[Calibration, list[str]]:
    """Returns the threshold, and what people must know of it."""
    progress("learning the threshold", 0.0)
    if not tune:
        with one_thread():
            found = learn(collection.live, collection.retriever, policy)
        return found, _told_unproven(found, "Neither the collection itself nor the questions that ship prove")
    rows = vectors.rows([query.text for query in tune])
    asked, learned = unlearned(ask(collection, tune, rows, progress), collection.retriever)
    told = [_TOLD_LEARNED.format(learned, len(tune))] if learned else []
    own = judged(asked).threshold(policy, "tune")
    found = own or default(collection.retriever, policy)
    if own is None and found.threshold < _NEVER:
        told.append(
            f"The {len(tune)} questions to tune on prove no threshold that keeps the promise; the one that ships stands in."
        )
        return found, told
    return found, told + _told_unproven(found, f"The {len(tune)} questions to tune on do not prove")


def _told_unproven(found: Calibration, what: str) -> list[str]:
    if found.threshold < _NEVER:
        return []
    return [f"{what} a threshold that keeps the promise, so nothing is answered."]


def _by_language(asked: Sequence[Asked], threshold: float) -> dict[str, FaqFigures]:
    languages = dict.fromkeys(one.query.language for one in asked)
    return {
        language: figures([one for one in asked if one.query.language == language], threshold)
        for language in sorted(languages)
    }
