"""How well texts fit a question, against the same worked out one by one."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.fakes.words_encoder import vector_of

from balie.faq.retrieval.fitting import NEAREST, NOT_THERE, Candidates, candidates, known
from balie.faq.retrieval.keys import key_of
from balie.faq.retrieval.port import PARTS, LeftOut, Query, View
from balie.faq.retrieval.viewing import view_of

ENTRIES = {
    "dogs": (
        ("en", "may my dog come aboard", ("dog ticket", "dog ticket"), "dogs travel free"),
        ("nl", "mag mijn hond mee", ("hondenkaartje",), "honden reizen gratis"),
    ),
    "cats": (("en", "what does a cat pay", (), "cats travel free"),),
    "boot": (("nl", "hoe laat gaat de boot", ("vertrektijd boot",), "om acht uur"),),
    **{
        f"own{number}": (("en", f"alpha{number} beta{number}", (), f"gamma{number}"),) for number in range(60)
    },
}


def view(allowed: Callable[[int], bool] | None = None) -> View:
    return view_of(ENTRIES, vector_of, languages=("en", "nl"), allowed=allowed)


def ask(text: str, *languages: str, without: LeftOut | None = None) -> Query:
    return Query(text, vector_of(text), languages, without)


def lines(found: Candidates) -> dict[tuple[str, int], dict[str, float]]:
    return {
        (entry.id, place): dict(zip(PARTS, parts.tolist(), strict=True))
        for entry, place, parts in zip(found.entries, found.places, found.parts, strict=True)
    }


@pytest.mark.parametrize("asked", ["dog ticket for my cat", "boot", "alpha7 beta7", "nothing of this"])
def test_parts_are_what_they_are_called(asked: str) -> None:
    seen = view()
    vector = vector_of(asked)
    scores = seen.words.search(seen.words.query(asked, ()), 10_000)
    found = lines(candidates(ask(asked, "en", "nl"), seen, len(ENTRIES)))
    assert len(found) == len(ENTRIES) + 1  # one has texts in both languages
    for (name, place), parts in found.items():
        entry = next(one for one in seen.entries.values() if one.id == name)
        text = entry.texts[place]
        rows = [vector_of(part) for part in text.asked()]
        together = np.sum(rows, axis=0)
        assert parts["question"] == pytest.approx(max(float(row @ vector) for row in rows), abs=1e-5)
        assert parts["phrasings"] == pytest.approx(
            float(together @ vector) / float(np.linalg.norm(together)), abs=1e-5
        )
        assert parts["answer"] == pytest.approx(float(vector_of(text.answer) @ vector), abs=1e-5)
        key = key_of(entry.number, place)
        assert parts["letters"] == pytest.approx(scores.letters.get(key, 0.0), abs=1e-4)
        assert parts["stems"] == pytest.approx(scores.stems.get(key, 0.0), abs=1e-4)


def test_languages_keep_to_their_texts_where_an_entry_has_them() -> None:
    found = lines(candidates(ask("dog", "nl"), view(), len(ENTRIES)))
    assert ("dogs", 1) in found
    assert ("dogs", 0) not in found
    assert ("cats", 0) in found  # it has no other
    both = lines(candidates(ask("dog"), view(), len(ENTRIES)))
    assert {("dogs", 0), ("dogs", 1)} <= set(both)
    assert ("dogs", 1) in lines(candidates(ask("dog", "nl-BE"), view(), 5))


def test_a_phrasing_that_is_left_out_counts_nowhere() -> None:
    seen = view()
    without = lines(candidates(ask("dog ticket", "en", without=LeftOut(1, 0, 1, whole=False)), seen, 5))
    dogs = without["dogs", 0]
    assert dogs["question"] == pytest.approx(
        float(vector_of("may my dog come aboard") @ vector_of("dog ticket")), abs=1e-5
    )  # and so does the other one that is worded the same
    assert dogs["phrasings"] == pytest.approx(dogs["question"], abs=1e-6)
    there = lines(candidates(ask("dog ticket", "en"), seen, 5))["dogs", 0]
    assert there["question"] == pytest.approx(1.0)
    assert dogs["letters"] < there["letters"]
    assert dogs["stems"] < there["stems"]
    assert dogs["answer"] == there["answer"]


def test_the_only_way_to_ask_that_is_left_out_leaves_the_answer_alone() -> None:
    found = lines(
        candidates(ask("what do cats pay", "en", without=LeftOut(2, 0, 0, whole=False)), view(), 70)
    )
    cats = found["cats", 0]
    assert (cats["question"], cats["phrasings"]) == (NOT_THERE, NOT_THERE)
    assert cats["answer"] > 0.0
    assert cats["letters"] > 0.0


def test_an_entry_that_is_left_out_as_a_whole_is_no_candidate() -> None:
    found = candidates(ask("dog ticket", without=LeftOut(1, 0, 1, whole=True)), view(), len(ENTRIES))
    assert "dogs" not in {entry.id for entry in found.entries}
    assert len(found.entries) == len(ENTRIES) - 1


@pytest.mark.parametrize("top", [1, 10, 40, 63, 100])
@pytest.mark.parametrize(("vectors", "words"), [(True, True), (True, False), (False, True), (False, False)])
def test_there_are_as_many_entries_as_asked(top: int, vectors: bool, words: bool) -> None:
    for allowed in (lambda _: True, lambda number: number > 20, lambda number: number in (5, 60)):
        seen = view(allowed)
        count = sum(map(allowed, seen.entries))
        for asked in ("dog ticket", "nothing of this", "alpha7"):
            found = candidates(ask(asked), seen, top, vectors=vectors, words=words)
            numbers = {entry.number for entry in found.entries}
            assert all(map(allowed, numbers))
            assert len(numbers) >= min(top, count)


def test_what_is_switched_off_is_not_there() -> None:
    dense = candidates(ask("dog ticket"), view(), 5, words=False)
    assert dense.words is None
    assert not dense.parts[:, 3:].any()
    assert len({entry.number for entry in dense.entries}) >= NEAREST
    lexical = candidates(ask("dog ticket"), view(), 5, vectors=False)
    assert lexical.words is not None
    assert not lexical.parts[:, :3].any()
    assert {"dogs"} <= {entry.id for entry in lexical.entries}


def test_words_that_are_worded_the_same_fit_the_same_wherever_they_stand() -> None:
    twins = {f"t{number:03}": (("en", "may my dog come", ("dog ticket",), "yes"),) for number in range(130)}
    seen = view_of(twins, vector_of, languages=("en",))
    for asked in ("dog ticket", "my dog", "something else"):
        found = candidates(ask(asked), seen, 130)
        assert len(np.unique(found.parts, axis=0)) == 1


def test_a_question_is_known_in_its_own_language_first() -> None:
    hotels = {"en": (("en", "hotel", (), "yes"),), "nl": (("nl", "hotel", (), "ja"),)}
    seen = view_of(hotels, vector_of, languages=("en", "nl"))
    assert [known(ask("Hotel", *languages), seen) for languages in (["en"], ["nl-BE"], ["de"], [])] == [
        [1],
        [2],
        [1, 2],
        [1, 2],
    ]


def test_knows_a_question_word_for_word() -> None:
    seen = view()
    assert known(ask("Dog TICKET!"), seen) == [1]
    assert known(ask("hondenkaartje", "nl"), seen) == [1]
    assert known(ask("hondenkaartje", "en"), seen) == [
        1
    ]  # in no language that is asked for, and known all the same
    assert known(ask("dogs travel free"), seen) == ()  # an answer is no question
    assert known(Query("", vector_of("dog ticket"), ()), seen) == ()
    assert known(ask("dog ticket", without=LeftOut(1, 0, 1, whole=False)), seen) == ()
    assert known(ask("dog ticket", without=LeftOut(7, 0, 0, whole=True)), seen) == ()
    assert known(ask("dog ticket"), view(lambda number: number != 1)) == ()
