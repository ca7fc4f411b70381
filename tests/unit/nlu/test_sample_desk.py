"""The sample desk that ships: what its examples are worth, and that its files fit NLU."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.unit.nlu.trained import job_of, task_of, trained

from balie.encoders.layers import LayeredEncoder
from balie.encoders.onnx import OnnxEncoder
from balie.nlu.artifacts import Artifact
from balie.nlu.domain import Frustration, ScoredIntent, TargetKind, Verdict
from balie.nlu.engines.port import Message
from balie.nlu.jobs import Job
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.keyword import words_by_language
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.measuring import scores_of
from balie.nlu.signals import SignalReader
from balie.nlu.training_data import read_examples
from balie.nlu.validating import validate
from balie.nlu.verdicts import verdict_of

DESK = Path(__file__).parents[3] / "services" / "balie" / "cli" / "waddenveer"
LANGUAGES = ("nl", "de", "en")


@pytest.fixture(scope="module")
def questions() -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = yaml.safe_load((DESK / "questions.yaml").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def desk(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    examples = read_examples(DESK / "intents.yaml", LANGUAGES)
    mine = job_of(examples, tmp_path_factory.mktemp("desk"), job.encoder.folder, task_of(LANGUAGES))
    return trained(mine)


def test_its_examples_have_nothing_against_them() -> None:
    """One of a thousand and more is taken for Dutch, for the name of the ship's restaurant, De Kombuis."""
    found = validate([DESK / "intents.yaml"], LANGUAGES)
    assert [finding.places[0].text for finding in found.findings] == ["airpods in de kombuis liegen gelassen"]


def test_keywords_point_at_intents_that_have_examples() -> None:
    intents = read_examples(DESK / "intents.yaml", LANGUAGES).intents
    for keyword in read_keywords(DESK / "keywords.yaml"):
        assert keyword.target.kind is not TargetKind.INTENT or keyword.target.name in intents, keyword.id


def test_every_term_is_found_as_a_message_of_its_own() -> None:
    keywords = read_keywords(DESK / "keywords.yaml")
    finder = KeywordFinder(keywords, LANGUAGES)
    for keyword in keywords:
        for terms in keyword.terms.values():
            for term in terms:
                for way in (term, term.upper(), f"{term}?"):
                    whole = [match.keyword_id for match in finder.find(way) if match.whole_message]
                    assert keyword.id in whole, way


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("WB-1234 5674", "booking-number"),
        ("het gaat om boeking wb12345674", "booking-number"),
        ("twee fietskaartjes", "topic-bicycle"),
        ("Fahrräder mitnehmen", "topic-bicycle"),
        ("paarkeergarage", "topic-parking"),
        ("zwei Wollmützen", "product-name-wool-hat"),
        ("is there a weelchair", "topic-wheelchair"),
    ],
)
def test_finds_keywords_however_a_customer_writes_them(text: str, keyword: str) -> None:
    finder = KeywordFinder(read_keywords(DESK / "keywords.yaml"), LANGUAGES)
    assert keyword in [match.keyword_id for match in finder.find(text)]


def test_a_mistyped_booking_number_is_none() -> None:
    finder = KeywordFinder(read_keywords(DESK / "keywords.yaml"), LANGUAGES)
    assert finder.find("WB-1234 5675") == []


def test_tells_the_language_of_every_question(questions: dict[str, dict[str, list[Any]]]) -> None:
    examples = read_examples(DESK / "intents.yaml", LANGUAGES)
    terms = words_by_language(read_keywords(DESK / "keywords.yaml"))
    words = known_words(LANGUAGES, [examples.texts_by_language, terms])
    detector = LanguageDetector(LANGUAGES, words, floor=0.6)
    asked = [
        (language, question["text"] if isinstance(question, dict) else question)
        for by_language in questions.values()
        for language, several in by_language.items()
        for question in several
    ]
    right = sum(detector.detect(text).language == language for language, text in asked)
    assert right / len(asked) >= 0.99


def test_no_answerable_question_is_taken_for_a_request_for_a_person(
    questions: dict[str, dict[str, list[Any]]],
) -> None:
    reader = SignalReader(LANGUAGES)
    for several in questions["answerable"].values():
        assert not [one["text"] for one in several if reader.asks_for_person(one["text"])]


def test_no_answerable_question_sounds_frustrated(questions: dict[str, dict[str, list[Any]]]) -> None:
    reader = SignalReader(LANGUAGES)
    asked = [one["text"] for several in questions["answerable"].values() for one in several]
    assert not [text for text in asked if reader.read(text).frustration > Frustration.NONE]


@pytest.mark.slow
def test_the_model_keeps_its_promise_on_its_own_examples(desk: Artifact) -> None:
    figures = desk.manifest.figures
    assert figures["in_scope_accuracy"] >= 0.66  # measured: 0.705 with the English encoder
    assert figures["wrong_rate"] <= 0.05
    assert figures["coverage"] >= 0.15  # measured: 0.218
    assert figures["oos_recall"] >= 0.95
    assert min(desk.manifest.accuracy_by_language.values()) >= 0.6


@pytest.mark.slow
def test_questions_that_nobody_answers_are_rarely_matched(
    desk: Artifact, encoder: OnnxEncoder, questions: dict[str, dict[str, list[Any]]]
) -> None:
    texts = [
        one["text"] if isinstance(one, dict) else one
        for several in questions["unanswerable"].values()
        for one in several
    ]
    layered = LayeredEncoder(encoder)
    states = layered.states_of(layered.encode(texts))
    messages = [Message(text, vector=rows[0], states=rows) for text, rows in zip(texts, states, strict=True)]
    ranked = [
        sorted(map(ScoredIntent, desk.manifest.intents, map(float, row)), key=lambda one: -one.score)
        for row in desk.thresholds.scores.apply(scores_of(desk.ranker.rank(messages)))
    ]
    verdicts = [verdict_of(row, desk.thresholds) for row in ranked]
    assert np.mean([verdict is Verdict.MATCH for verdict in verdicts]) <= 0.15
