"""What every FAQ retriever has to do, as tests for pytest; a subclass makes the retriever.

    from balie.faq.retrieval import port
    from balie.faq.retrieval.viewing import view_of

    class TestMyRetriever(RetrieverSuite):
        port = port
        view_of = staticmethod(view_of)

        def retriever(self) -> MyRetriever:
            return MyRetriever()

Nothing here checks whether the right entry is found: how well a retriever ranks, `balie eval faq` tells.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from balie.kit.testing.engines.lessons import toy_vector
from balie.kit.testing.retrievers import desk
from balie.kit.testing.retrievers.words import Entries, Port, Retriever

if TYPE_CHECKING:
    from balie.kit.testing.retrievers.words import Vector

_TOLERANCE = 1e-6
_THREADS = 4
_TOPS = (1, 3, 10)


class RetrieverSuite:
    """The promises of a retriever.

    Attributes:
        port: the module `balie.faq.retrieval.port`.
        view_of: makes a view: `balie.faq.retrieval.viewing.view_of`.
    """

    port: ClassVar[Port]
    view_of: ClassVar[Callable[..., Any]]

    def retriever(self) -> Retriever:
        """Returns the retriever to be checked, made anew."""
        raise NotImplementedError("return the retriever to be checked, made anew")

    def vector(self, text: str) -> "Vector":
        """Returns the vector of a text: texts that share letters are near each other. Always of the same length."""
        found: Vector = toy_vector(text)
        return found

    # What it returns

    @pytest.mark.parametrize(("text", "language"), desk.ASKED)
    def test_gives_as_many_as_asked_and_each_once(self, text: str, language: str) -> None:
        """Checks that a search is full, whatever the question has in common with the entries."""
        view, retriever = self.view(), self.retriever()
        every = len(view.entries)
        for top in (*_TOPS, every, every + 5):
            ranked = retriever.rank(self.query(text, language), view, top)
            ids = [one.entry.id for one in ranked]
            assert len(set(ids)) == len(ids), "an entry came twice"
            assert len(ids) >= min(top, every), f"{len(ids)} entries came for a top of {top}, of {every}"
            for one in ranked:
                assert one.entry is view.entries[one.entry.number], "an entry must be the view's own"
                assert 0 <= one.place < len(one.entry.texts), f"{one.entry.id} has no texts at {one.place}"

    def test_gives_only_what_is_allowed_and_as_many_as_there_are(self) -> None:
        """Checks from nearly all to a single entry, which may have nothing to do with the question."""
        numbers = sorted(self.view().entries)
        retriever = self.retriever()
        for allowed in ({*numbers[2:]}, {*numbers[::7]}, {numbers[-1]}, set[int]()):
            view = self.view(allowed=allowed.__contains__)
            for text, language in desk.ASKED:
                for top in (1, 5, 40):
                    found = [
                        one.entry.number for one in retriever.rank(self.query(text, language), view, top)
                    ]
                    assert set(found) <= allowed, f"{set(found) - allowed} were not allowed"
                    assert len(found) >= min(top, len(allowed)), (
                        f"{len(found)} of {len(allowed)} allowed entries came for a top of {top}, asked {text!r}"
                    )

    @pytest.mark.parametrize(("text", "language"), desk.ASKED)
    def test_the_best_come_first_and_ties_by_id(self, text: str, language: str) -> None:
        """Checks the order; some of the entries are worded the same."""
        every = len(self.view().entries)
        ranked = self.retriever().rank(self.query(text, language), self.view(), every)
        keys = [(-one.fit, one.entry.id) for one in ranked]
        assert keys == sorted(keys), "entries must come best first, and those that fit the same by id"
        twins = [one for one in ranked if one.entry.id.startswith("twin-")]
        assert [one.entry.id for one in twins] == sorted(one.entry.id for one in twins)

    @pytest.mark.parametrize(("text", "language"), desk.ASKED)
    def test_confidences_fall_and_are_at_most_one_together(self, text: str, language: str) -> None:
        """Checks that they are chances of which only one can come true."""
        for query in self.ways(text, language):
            ranked = self.retriever().rank(query, self.view(), 10)
            sure = [one.confidence for one in ranked]
            assert all(0.0 <= one <= 1.0 for one in sure), f"a confidence must lie in [0, 1]: {sure}"
            assert sure == sorted(sure, reverse=True), f"confidences must not rise with the rank: {sure}"
            assert sum(sure) <= 1.0 + _TOLERANCE, (
                f"confidences sum to {sum(sure)}: only one entry can be right"
            )

    # What it is asked

    @pytest.mark.parametrize(("text", "language"), desk.ASKED)
    def test_answers_without_a_text_and_without_a_vector(self, text: str, language: str) -> None:
        """Checks that a search is full however little is known of the question."""
        for query in self.ways(text, language):
            assert len(self.retriever().rank(query, self.view(), 20)) >= 20

    @pytest.mark.parametrize("text", desk.ODD)
    def test_takes_any_text(self, text: str) -> None:
        """Checks texts that look like nothing, or like the query language of some library."""
        ranked = self.retriever().rank(self.query(text, "en"), self.view(), 5)
        assert len(ranked) >= 5
        assert all(0.0 <= one.confidence <= 1.0 for one in ranked)

    def test_finds_nothing_in_an_empty_collection_and_all_in_a_small_one(self) -> None:
        """Checks collections of no entry, and of one."""
        for text, language in (*desk.ASKED, *[(text, "en") for text in desk.ODD]):
            empty, small = self.view({}), self.view({"hond": desk.entries()["hond"]})
            assert list(self.retriever().rank(self.query(text, language), empty, 3)) == []
            [only] = self.retriever().rank(self.query(text, language), small, 3)
            assert only.entry.id == "hond"

    def test_what_is_left_out_is_not_found_again(self) -> None:
        """Checks the questions that thresholds are learned from: they must not answer themselves."""
        view, retriever = self.view(), self.retriever()
        name, place, asked = desk.LEFT_OUT
        number = next(entry.number for entry in view.entries.values() if entry.id == name)
        text = view.entries[number].texts[place].asked()[asked]
        every = len(view.entries)
        there = self._of(name, retriever.rank(self.query(text, "en"), view, every))
        without = self.port.LeftOut(number, place, asked, whole=False)
        left_out = self._of(name, retriever.rank(self.query(text, "en", without), view, every))
        assert there is not None
        assert left_out is not None, "only one way to ask is left out: the entry itself is there"
        assert left_out.fit < there.fit, "a question that is left out must not be found by itself"
        assert left_out.confidence < there.confidence
        gone = retriever.rank(
            self.query(text, "en", self.port.LeftOut(number, place, asked, whole=True)), view, every
        )
        assert self._of(name, gone) is None, "the whole entry is left out"
        assert len(gone) >= every - 1
        again = self._of(name, retriever.rank(self.query(text, "en"), view, every))
        assert again == there, "what was left out once is there afterwards"

    # That it can be relied on

    def test_gives_the_same_answer_twice(self) -> None:
        """Checks one retriever asked again, and another one made the same way."""
        view, retriever = self.view(), self.retriever()
        first = self._all(retriever, view)
        assert self._all(retriever, view) == first, "the same question was answered otherwise the second time"
        assert self._all(self.retriever(), view) == first, "the same retriever, made anew, answers otherwise"

    def test_several_threads_get_the_same_as_one(self) -> None:
        """Checks that searches beside each other do not meet."""
        view, retriever = self.view(), self.retriever()
        expected = self._all(retriever, view)
        with ThreadPoolExecutor(_THREADS) as threads:
            runs = [threads.submit(self._all, retriever, view) for _ in range(2 * _THREADS)]
            assert all(run.result() == expected for run in runs)

    def test_says_which_version_it_is(self) -> None:
        """Checks that calibrations can be kept under it."""
        retriever = self.retriever()
        version = retriever.version
        assert isinstance(version, str)
        assert version.strip(), "a version must say something: calibrations are kept under it"
        self._all(retriever, self.view())
        assert retriever.version == version, "a version must not change while nothing else does"
        assert self.retriever().version == version, "made the same way, it must have the same version"

    def test_says_what_it_did_on_questions_with_known_answers(self) -> None:
        """Checks that a threshold can be learned from it, or that it claims nothing."""
        reference = self.retriever().reference
        lengths = {len(reference.confidences), len(reference.right), len(reference.answerable)}
        assert len(lengths) == 1, (
            "every question needs a confidence, whether it was right, and whether it can be"
        )
        assert all(0.0 <= one <= 1.0 for one in reference.confidences)
        assert not any(reference.right & ~reference.answerable), "what nothing answers cannot be right"

    # Tools

    def view(self, entries: Entries | None = None, **changes: Any) -> Any:
        """Returns a view of entries, of the suite's own without them."""
        if entries is None and not changes:
            return self._whole
        made = desk.entries() if entries is None else entries
        return type(self).view_of(made, self.vector, languages=desk.LANGUAGES, **changes)

    @cached_property
    def _whole(self) -> Any:
        return type(self).view_of(desk.entries(), self.vector, languages=desk.LANGUAGES)

    def query(self, text: str, language: str, without: Any = None) -> Any:
        """Returns a question."""
        return self.port.Query(text, self.vector(text), (language,) if language else (), without)

    def ways(self, text: str, language: str) -> Sequence[Any]:
        """Returns a question with its text and its vector, and with each of them alone."""
        languages = (language,) if language else ()
        return (
            self.query(text, language),
            self.port.Query(text, None, languages),
            self.port.Query("", self.vector(text), languages),
        )

    def _all(self, retriever: Retriever, view: Any) -> list[list[tuple[str, int, float, float]]]:
        return [
            [
                (one.entry.id, one.place, one.fit, one.confidence)
                for one in retriever.rank(query, view, 12)[:12]
            ]
            for text, language in desk.ASKED
            for query in self.ways(text, language)
        ]

    @staticmethod
    def _of(name: str, ranked: Sequence[Any]) -> Any:
        return next((one for one in ranked if one.entry.id == name), None)
