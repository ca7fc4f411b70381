"""Retrievers that weigh parts: their order, and how sure they are."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.words_encoder import vector_of

from balie.faq.errors import RetrieverUnavailable
from balie.faq.retrieval.analysis import telling, written
from balie.faq.retrieval.blend import (
    Blend,
    BlendRetriever,
    DenseRetriever,
    HybridRetriever,
    LexicalRetriever,
    shipped,
)
from balie.faq.retrieval.confidence import SIGNALS, WEIGHED, Asked, Confidence, Ways, signals, spread
from balie.faq.retrieval.judged import NOTHING
from balie.faq.retrieval.port import PARTS, LeftOut, Query, View
from balie.faq.retrieval.registry import open_retriever
from balie.faq.retrieval.terms import Term, Terms
from balie.faq.retrieval.viewing import view_of

RETRIEVERS = (DenseRetriever, HybridRetriever, LexicalRetriever)
ENTRIES = {
    "dogs": (("en", "may my dog come aboard", ("dog ticket", "for all"), "dogs travel free"),),
    "cats": (("en", "what does a cat pay", ("cat ticket", "for all"), "cats travel free"),),
    "boat": (("en", "when does the boat leave", (), "at eight"), ("nl", "vertrek", (), "om acht uur")),
    "bikes": (("en", "may my bike come aboard", ("for all", "bike ticket"), "bikes pay"),),
}
WORDS = st.lists(
    st.sampled_from(["may", "my", "dog", "cat", "boat", "bike", "ticket", "come", "pay", "leave", "xyz"]),
    max_size=6,
)


def view(allowed: Callable[[int], bool] | None = None) -> View:
    return view_of(ENTRIES, vector_of, languages=("en", "nl"), allowed=allowed)


VIEW = view()


def ask(text: str, *languages: str, without: LeftOut | None = None) -> Query:
    return Query(text, vector_of(text), languages, without)


def unsure() -> Confidence:
    """Is sure of nothing, whatever the ranking shows."""
    return Confidence((0.0,) * WEIGHED, -20.0)


@pytest.mark.parametrize("kind", RETRIEVERS)
@given(words=WORDS, top=st.integers(1, 6))
@settings(deadline=None, max_examples=20)
def test_confidences_fall_and_only_one_entry_can_be_right(
    kind: type[BlendRetriever], words: list[str], top: int
) -> None:
    query = ask(" ".join(words))
    ranked = kind().rank(query, VIEW, top)
    assert len(ranked) >= min(top, len(ENTRIES))
    sure = [one.confidence for one in ranked]
    assert sure == sorted(sure, reverse=True)
    assert all(0.0 <= one <= 1.0 for one in sure)
    assert sum(sure) <= 1.0 + 1e-9
    assert [(one.fit, one.confidence) for one in kind().rank(query, VIEW, top)] == [
        (one.fit, one.confidence) for one in ranked
    ]


def test_a_fit_is_the_weighed_sum_of_the_parts() -> None:
    weights = (1.0, 2.0, 0.5, 4.0, 8.0)
    retriever = HybridRetriever(Blend({"": weights}, unsure(), NOTHING))
    for one in retriever.rank(ask("my dog ticket"), VIEW, 4):
        assert one.fit == pytest.approx(float(np.dot(one.parts.values, weights)))
        assert len(one.parts.values) == len(PARTS)


def test_a_language_has_weights_of_its_own() -> None:
    answers = Blend({"": (0, 0, 1.0, 0, 0), "nl": (1.0, 0, 0, 0, 0)}, unsure(), NOTHING)
    retriever = HybridRetriever(answers)
    assert retriever.rank(ask("dogs travel free", "en"), VIEW, 1)[0].entry.id == "dogs"
    for language in ("nl", "nl-BE"):
        [best, *_] = retriever.rank(ask("dogs travel free", language), VIEW, 1)
        assert best.fit == pytest.approx(best.parts.question)


@pytest.mark.parametrize("kind", RETRIEVERS)
@pytest.mark.parametrize("asked", ["dog ticket", "Dog   TICKET?", "What does a cat pay", "vertrek"])
def test_what_one_entry_knows_word_for_word_is_known(kind: type[BlendRetriever], asked: str) -> None:
    for retriever in (kind(), kind(Blend(shipped(kind.kind).weights, unsure(), NOTHING))):
        best, *others = retriever.rank(ask(asked), VIEW, 4)
        assert best.entry.id == {"d": "dogs", "w": "cats", "v": "boat"}[asked[0].lower()]
        assert best.confidence >= 0.99
        assert len(others) == 3
        assert sum(one.confidence for one in others) <= 0.01 + 1e-9
        fits = [one.fit for one in (best, *others)]
        assert fits == sorted(fits, reverse=True)


def test_it_is_known_also_where_everything_else_speaks_for_another() -> None:
    backwards = Blend({"": (0.0, 0.0, 0.0, 0.0, 0.0)}, unsure(), NOTHING)
    best, *_ = HybridRetriever(backwards).rank(ask("when does the boat leave"), VIEW, 4)
    assert (best.entry.id, best.confidence) == ("boat", pytest.approx(0.99))


@pytest.mark.parametrize("kind", RETRIEVERS)
def test_what_several_entries_know_word_for_word_is_shared_among_them(kind: type[BlendRetriever]) -> None:
    ranked = kind().rank(ask("For all!"), VIEW, 4)
    assert {one.entry.id for one in ranked[:3]} == {"bikes", "cats", "dogs"}
    assert [one.confidence for one in ranked[:3]] == pytest.approx([0.33] * 3)
    assert ranked[3].confidence <= 0.01 + 1e-9
    [best, *_] = kind().rank(ask("for all"), view(lambda number: number not in (1, 4)), 1)
    assert (best.entry.id, best.confidence >= 0.99) == ("cats", True)


@pytest.mark.parametrize("kind", RETRIEVERS)
def test_it_is_not_known_where_it_is_left_out_or_not_asked_in_words(kind: type[BlendRetriever]) -> None:
    retriever = kind(Blend(shipped(kind.kind).weights, unsure(), NOTHING))
    for query in (
        ask("dog ticket", without=LeftOut(1, 0, 1, whole=False)),
        ask("dog ticket", without=LeftOut(1, 0, 1, whole=True)),
        ask("dog ticket", without=LeftOut(2, 0, 1, whole=True)),
        ask("dog ticket please"),
        ask("dogs travel free"),
        Query("", vector_of("dog ticket"), ()),
    ):
        assert max(one.confidence for one in retriever.rank(query, VIEW, 4)) < 0.5


def test_the_only_entry_is_known_and_an_empty_collection_knows_nothing() -> None:
    one = view_of({"dogs": ENTRIES["dogs"]}, vector_of, languages=("en",))
    [only] = HybridRetriever().rank(ask("dog ticket"), one, 5)
    assert 0.99 <= only.confidence <= 1.0
    assert HybridRetriever().rank(ask("dog ticket"), view_of({}, vector_of, languages=("en",)), 5) == []
    assert HybridRetriever().rank(ask("dog ticket"), view(lambda _: False), 5) == []


def test_a_version_tells_blends_apart() -> None:
    blend = shipped("hybrid")
    assert (
        HybridRetriever().version == HybridRetriever(Blend.of(json.loads(json.dumps(blend.plain())))).version
    )
    assert HybridRetriever().version.startswith("hybrid.")
    other = Blend(
        {**blend.weights, "": tuple(2 * one for one in blend.weights[""])}, blend.confidence, NOTHING
    )
    surer = Blend(blend.weights, Confidence(blend.confidence.weights, blend.confidence.bias + 1), NOTHING)
    versions = {HybridRetriever(one).version for one in (blend, other, surer)}
    assert len({*versions, DenseRetriever().version, LexicalRetriever().version}) == 5


@pytest.mark.parametrize("name", ["dense", "lexical", "hybrid"])
def test_a_retriever_that_ships_refuses_an_option_that_it_does_not_know(name: str) -> None:
    assert open_retriever(name, {}).version.startswith(f"{name}.")
    with pytest.raises(RetrieverUnavailable, match="has no option a; known is tuned"):
        open_retriever(name, {"b": "1", "a": "2"})


@pytest.mark.parametrize("name", ["dense", "lexical", "hybrid"])
def test_what_ships_weighs_what_it_looks_at_and_nothing_else(name: str) -> None:
    blend = shipped(name)
    assert len(blend.confidence.weights) == WEIGHED
    assert len(set(blend.reference.asked)) == len(blend.reference.asked) == blend.reference.right.size
    for weights in blend.weights.values():
        assert len(weights) == len(PARTS)
        assert min(weights) >= 0.0
        assert name != "dense" or not any(weights[3:])
        assert name != "lexical" or not any(weights[:3])


# Confidence


def test_signals_of_a_lonely_entry_are_finite() -> None:
    found = signals(np.asarray([2.0]), np.asarray([[1.0, 1.0, 0.5, 0.2, 0.1]]), None, Ways(1))
    assert found.shape == (len(SIGNALS),)
    assert np.isfinite(found).all()
    told = dict(zip(SIGNALS, found.tolist(), strict=True))
    assert (told["fit"], told["chance"], told["question_lead"]) == (2.0, 0.0, 1.0)
    assert (told["words_held"], told["nearer"], told["farthest"], told["ways"]) == (0.0, 0.0, 0.0, 0.0)


PARTS_OF_THREE = np.asarray(
    [[0.9, 0.8, 0.1, 0.5, 0.25], [0.4, 0.9, 0.2, 0.1, 0.25], [0.1, 0.1, 0.1, 0.1, 0.1]]
)


def told_of(asked: Asked, ways: Ways) -> dict[str, float]:
    found = signals(np.asarray([3.0, 1.0, 0.5]), PARTS_OF_THREE, asked, ways)
    return dict(zip(SIGNALS, found.tolist(), strict=True))


def test_signals_tell_the_lead_and_what_is_missing() -> None:
    stems = Terms.of([Term("en:dog", 1.0, 4), Term("en:lift", 3.0, 0)])
    asked = Asked(Terms.of([Term("▁dog", 2.0, 1)]), stems, frozenset({"en:dog"}))
    told = told_of(asked, Ways(1))
    assert told["ahead"] == 2.0
    assert told["question_lead"] == pytest.approx(0.5)
    assert told["answer_lead"] == pytest.approx(-0.1)
    assert (told["rarest_missing"], told["missing"], told["stems_counted"]) == (3.0, 3.0, 2.0)


def test_signals_tell_how_much_of_the_telling_words_is_held() -> None:
    held = frozenset({"dog"})
    text = written(("May my dog come aboard?", "Dogs travel free."))
    words = telling("Do dogs need a muzzle", "en")
    assert words == ["do", "dogs", "need", "muzzle"]
    told = told_of(Asked(Terms(), Terms(), held, words, text), Ways(1))
    assert told["words_held"] == pytest.approx(4 / 16)
    assert told["words_asked"] == pytest.approx(np.log(5))
    assert told_of(Asked(Terms(), Terms(), held, ["dogs"], text), Ways(1))["words_held"] == 1.0
    assert told_of(Asked(Terms(), Terms(), held, ["dogma"], text), Ways(1))["words_held"] == 0.25
    assert told_of(Asked(Terms(), Terms(), held, [], text), Ways(1))["words_held"] == 1.0


def test_signals_tell_whether_a_question_is_as_near_to_the_ways_to_ask_as_they_are_to_each_other() -> None:
    asked = Asked(Terms(), Terms(), frozenset())
    ways = np.asarray([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], np.float32)
    told = told_of(asked, Ways(3, ways, ways @ np.asarray([1.0, 0.0], np.float32)))
    assert told["nearer"] == pytest.approx(1.0 - (0.8 + 0.8 + 0.6) / 3, abs=1e-5)
    assert told["farthest"] == 0.0
    one = told_of(asked, Ways(1, ways[:1], np.asarray([0.7], np.float32)))
    assert (one["nearer"], one["farthest"]) == (0.0, pytest.approx(0.7))


def test_a_signal_counts_by_in_how_many_ways_the_best_entry_is_asked() -> None:
    asked = Asked(Terms(), Terms(), frozenset())
    rows = [
        signals(np.asarray([3.0, 1.0, 0.5]), PARTS_OF_THREE, asked, Ways(count)) for count in (1, 3, 10, 50)
    ]
    assert [row[-1] for row in rows] == pytest.approx([0.0, np.log10(3), 1.0, 1.0])
    every = spread(np.stack(rows))
    assert every.shape == (4, WEIGHED)
    half = len(SIGNALS) - 1
    for row, found in zip(rows, every, strict=True):
        assert found[:half] + found[half:-1] == pytest.approx(row[:-1])
        assert spread(row).tolist() == found.tolist()
    assert not every[0, half:].any()
    assert not every[2, :half].any()


def test_what_is_left_out_is_no_way_to_ask() -> None:
    [whole, without] = [
        HybridRetriever().fitted(ask("dog ticket", "en", without=left_out), VIEW, 4).signals(VIEW)
        for left_out in (None, LeftOut(1, 0, 1, whole=False))
    ]
    told = [dict(zip(SIGNALS, row.tolist(), strict=True)) for row in (whole, without)]
    assert [one["ways"] for one in told] == pytest.approx([np.log10(3), np.log10(2)])
    assert told[0]["question"] == pytest.approx(1.0)
    assert told[0]["words_held"] == 1.0
    assert told[1]["question"] < 0.99
    assert told[1]["words_held"] < 1.0


@pytest.mark.parametrize("bias", [-1e9, -1.0, 0.0, 1.0, 1e9])
def test_a_confidence_is_a_probability_however_far_it_is_out(bias: float) -> None:
    sure = Confidence((1e6,) + (0.0,) * (WEIGHED - 1), bias)
    for fit in (-1e9, 0.0, 1e9):
        assert 0.0 < sure.of(np.asarray([fit] + [0.0] * (len(SIGNALS) - 1))) < 1.0
