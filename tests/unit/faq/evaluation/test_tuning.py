"""What is learned from questions: weights, confidences, proposals, and what the service makes of their file."""

import json
from pathlib import Path

import numpy as np
import pytest

from balie.faq.errors import RetrieverUnavailable
from balie.faq.evaluation.learning import (
    Choice,
    Shown,
    learn_confidence,
    learn_weights,
    recalibrated,
    used_parts,
)
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.queries import EvalQuery
from balie.faq.evaluation.tuning import Proposal, Tuner
from balie.faq.knowledge.domain import EntryContent, EntryText
from balie.faq.retrieval.blend import (
    DenseRetriever,
    HybridRetriever,
    LexicalRetriever,
    read_tuned,
    shipped,
    write_tuned,
)
from balie.faq.retrieval.confidence import SIGNALS
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.port import PARTS
from balie.faq.retrieval.threshold import default
from balie.kit.testing.engines.lessons import toy_vector

POLICY = Policy(max_wrong=0.3, delta=0.3, expected_unanswerable=0.3)
THINGS = [
    "bicycle",
    "dog",
    "parking",
    "luggage",
    "ticket",
    "wheelchair",
    "kitchen",
    "library",
    "cinema",
    "sauna",
]
ASKED = [
    "where is the {}",
    "i am looking for a {}",
    "{} please",
    "do you have a {} on board",
    "tell me of the {}",
]


def vectors(texts: list[str]) -> np.ndarray:
    return np.stack([toy_vector(text) for text in texts])


@pytest.fixture(scope="module")
def tuner() -> Tuner:
    contents = [
        EntryContent(
            thing, (EntryText("en", f"May I use the {thing}?", (f"{thing} rules",), f"The {thing} is free."),)
        )
        for thing in THINGS
    ]
    queries = [
        *(EvalQuery(asked.format(thing), frozenset({thing}), "en") for thing in THINGS for asked in ASKED),
        *(EvalQuery(f"when was queen number {number} born", frozenset(), "en") for number in range(25)),
    ]
    collection = OfflineCollection(contents, HybridRetriever(), vectors, fingerprint="toy")
    return Tuner(collection, queries, vectors([one.text for one in queries]), POLICY)


@pytest.fixture(scope="module")
def proposal(tuner: Tuner) -> Proposal:
    return tuner.propose(HybridRetriever())


def test_weights_go_to_the_part_that_tells() -> None:
    dice = np.random.default_rng(3)
    choices = []
    for _ in range(60):
        parts = dice.random((8, len(PARTS)))
        right = np.arange(8) == parts[:, 3].argmax()
        choices.append(Choice(parts, right))
    weights = learn_weights([choices], used=used_parts(HybridRetriever))
    assert int(np.argmax(weights)) == 3
    assert min(weights) >= 0.0


def test_a_part_that_a_retriever_lacks_has_no_weight() -> None:
    dice = np.random.default_rng(3)
    choices = [Choice(dice.random((6, len(PARTS))), np.arange(6) == 0) for _ in range(20)]
    assert learn_weights([choices], used=used_parts(LexicalRetriever))[:3] == (0.0, 0.0, 0.0)
    assert learn_weights([choices], used=used_parts(DenseRetriever))[3:] == (0.0, 0.0)


def test_weights_stay_near_what_they_are_pulled_to() -> None:
    choices = [Choice(np.eye(len(PARTS)), np.arange(len(PARTS)) == 4) for _ in range(5)]
    centre = (5.0, 4.0, 3.0, 2.0, 1.0)
    used = used_parts(HybridRetriever)
    near = learn_weights([choices], used=used, towards=centre, pull=1000.0)
    far = learn_weights([choices], used=used, towards=centre, pull=1e-4)
    assert near == pytest.approx(centre, abs=0.01)
    assert far[4] > near[4] + 1.0


def examples() -> list[Shown]:
    dice = np.random.default_rng(1)
    rows = dice.normal(size=(200, len(SIGNALS)))
    rows[:, -1] = dice.random(200)
    return [Shown(row, "", bool(row[0] > 0), answerable=True) for row in rows]


def test_a_confidence_tells_what_it_was_shown() -> None:
    confidence = learn_confidence(examples())
    sure = [confidence.of(one.signals) for one in examples()]
    right = [one.right for one in examples()]
    assert np.mean([(one > 0.5) == truth for one, truth in zip(sure, right, strict=True)]) > 0.9


def test_recalibrating_changes_how_sure_it_is_and_not_the_order() -> None:
    confidence = learn_confidence(examples())
    seldom = [
        Shown(one.signals, "", one.right and place % 3 == 0, answerable=True)
        for place, one in enumerate(examples())
    ]
    new = recalibrated(confidence, seldom)
    old, now = ([one.of(row.signals) for row in examples()] for one in (confidence, new))
    assert np.argsort(old).tolist() == np.argsort(now).tolist()
    assert np.mean(now) == pytest.approx(np.mean([one.right for one in seldom]), abs=0.02)


def test_a_proposal_shows_both_sides_and_the_service_uses_its_file(
    tuner: Tuner, proposal: Proposal, tmp_path: Path
) -> None:
    assert proposal.before.p_at_1 > 0.9
    assert proposal.after.p_at_1 > 0.9
    assert proposal.after.threshold is not None
    reference = proposal.blend.reference
    assert len(reference.right) >= len(tuner.queries)
    assert len(reference.asked) == len(reference.right)
    path = tmp_path / "tuned.json"
    write_tuned(path, {"hybrid": proposal.blend})
    retriever = HybridRetriever.from_options({"tuned": str(path)})
    assert retriever.blend.plain() == proposal.blend.plain()
    assert retriever.version != HybridRetriever().version
    assert default(retriever, POLICY).threshold == pytest.approx(proposal.after.threshold)
    assert not list(tmp_path.glob("*.part"))


def test_the_same_questions_make_the_same_proposal(tuner: Tuner, proposal: Proposal) -> None:
    assert tuner.propose(HybridRetriever()).blend.plain() == proposal.blend.plain()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        json.dumps({"dense": shipped("dense").plain()}),
        json.dumps({"hybrid": {**shipped("hybrid").plain(), "weights": {"": [1.0]}}}),
        json.dumps({"hybrid": {**shipped("hybrid").plain(), "weights": {"en": [1.0] * 5}}}),
    ],
)
def test_a_file_that_is_none_of_the_retrievers_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tuned.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RetrieverUnavailable, match=r"tuned\.json"):
        read_tuned("hybrid", path)
    with pytest.raises(RetrieverUnavailable, match=r"no\.json"):
        read_tuned("hybrid", tmp_path / "no.json")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(RetrieverUnavailable, match="colour"):
        HybridRetriever.from_options({"colour": "red"})
