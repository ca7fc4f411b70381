"""What every intent engine has to do, as tests: with pytest by subclassing, without it by a call.

With pytest, which then shows each promise as a test of its own:

    from balie.kit.testing.engines import EngineSuite
    from balie.nlu.engines import port

    class TestCentroids(EngineSuite):
        port = port

        def engine(self) -> CentroidEngine:
            return CentroidEngine.from_options({})

Without: `check_engine(lambda: CentroidEngine.from_options({}), port)`. Either trains the engine about nine times, on up to
120 short sentences.
"""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Barrier
from typing import ClassVar

from balie.kit.testing.engines import checks
from balie.kit.testing.engines.lessons import Lessons, toy_vector
from balie.kit.testing.engines.words import Array, Engine, Port, Ranker, Ranking
from balie.kit.testing.engines.workshop import Rows, Trained, Workshop

_THREADS = 8
_ROUNDS = 5
_LEAST_HELD_OUT = 0.4
_MOST_ON_NOISE = 0.6  # a third by luck; with 120 examples this is six standard deviations above


class EngineSuite:
    """The promises of an engine; a subclass names the port, and makes the engine.

    Attributes:
        port: the module `balie.nlu.engines.port`.
        tolerance: how far two scores of the same message may lie apart: for what floating point does to sums in another
            order, not for chance.
        least_accuracy: share of the suite's own questions that the engine gets right after its few examples. Of four intents,
            so that 0.25 is chance.
    """

    port: Port
    tolerance: float = 1e-4
    least_accuracy: float = 0.6
    _workshop: ClassVar[Workshop]

    def engine(self) -> Engine:
        """Returns a new engine, as an operator would configure it."""
        raise NotImplementedError("return the engine to be checked, such as MyEngine.from_options({})")

    def vector(self, text: str) -> Array:
        """Returns the vector of a text, shape (dimensions,), float32, of length 1: a toy that the real encoder may replace."""
        return toy_vector(text)

    @classmethod
    def setup_class(cls) -> None:
        """Makes the place where engines are trained."""
        cls._workshop = Workshop(cls.port)

    @classmethod
    def teardown_class(cls) -> None:
        """Removes it."""
        cls._workshop.close()

    # What it is told

    def test_says_whether_it_needs_vectors(self) -> None:
        """Checks that `needs_vectors` is there."""
        needs = getattr(self.engine(), "needs_vectors", None)
        assert isinstance(needs, bool), (
            "the engine's class must say `needs_vectors: ClassVar[bool] = True` or False"
        )

    def test_refuses_an_option_that_it_does_not_know(self) -> None:
        """Checks that a misspelt option is not passed over in silence."""
        try:
            self.engine().from_options({"no_such_option": "1"})
        except self.port.OptionWrong as refusal:
            assert "no_such_option" in str(refusal), f"the refusal must name the option, says: {refusal}"
        else:
            raise AssertionError(
                "from_options must raise OptionWrong for an unknown option, and say which are known"
            )

    # What it learns

    def test_learns(self) -> None:
        """Checks that it understands sentences like those it was taught."""
        with self._loaded("desk") as ranker:
            scores = ranker.rank(self._lessons.asked()).scores
        share = checks.accuracy(scores, self._trained("desk").lesson.intents, self._lessons.asked_intents())
        assert share >= self.least_accuracy, (
            f"{share:.2f} of the suite's questions are understood, at least {self.least_accuracy} are expected: are the "
            "scores in the order of `intents`?"
        )

    def test_learns_the_same_from_another_order(self) -> None:
        """Checks that neither the order of the examples nor chance makes a difference."""
        with self._loaded("desk") as ranker, self._loaded("shuffled_desk") as other:
            first, second = (one.rank(self._lessons.asked()) for one in (ranker, other))
        why = "another order of the examples, or chance, makes another model: sort them, and fix every seed"
        checks.same(first, second, self.tolerance, why)

    def test_tells_its_progress(self) -> None:
        """Checks that shares rise within [0, 1], and that each step has words."""
        told: list[tuple[str, float]] = []
        with self._workshop.folder() as folder:
            self.engine().train(self._lessons.desk(), folder, lambda step, share: told.append((step, share)))
        shares = [share for _, share in told]
        assert all(0.0 <= share <= 1.0 for share in shares), f"progress must lie in [0, 1], was {shares}"
        assert shares == sorted(shares), f"progress must not fall, was {shares}"
        assert all(step.strip() for step, _ in told), "progress must say what is being done"

    def test_ranks_examples_that_it_held_out_without_having_seen_them(self) -> None:
        """Checks the rankings that training returns: their shape, their order, and that they are no echo."""
        trained = self._trained("desk")
        if trained.held_out is None:
            return
        examples = trained.lesson.examples
        checks.sound(trained.held_out, examples, trained.lesson.intents)
        strangers: Ranking | None = getattr(trained.held_out, "strangers", None)
        if strangers is not None:
            checks.sound(strangers, examples, trained.lesson.intents)
        inside = [place for place, example in enumerate(examples) if example.intent in trained.lesson.intents]
        meant = [examples[place].intent for place in inside]
        share = checks.accuracy(trained.held_out.scores[inside], trained.lesson.intents, meant)
        assert share > _LEAST_HELD_OUT, (
            f"held-out rankings are right for {share:.2f}: are they in the order of the examples?"
        )
        noise = self._trained("noise")
        assert noise.held_out is not None, "held-out rankings are returned for one lesson and not for another"
        meant = [example.intent for example in noise.lesson.examples]
        share = checks.accuracy(noise.held_out.scores, noise.lesson.intents, meant)
        assert share < _MOST_ON_NOISE, (
            f"held-out rankings are right for {share:.2f} of examples from which nothing can be learned: each must come from "
            "a model that has not seen the example"
        )

    def test_learns_from_any_lesson_or_says_why_not(self) -> None:
        """Checks lessons with one intent, with two, with a single example, with none, with a contradiction."""
        for name in ("one_intent", "two_intents", "lonely_example", "absent_intent", "contradiction"):
            trained = self._trained(name)
            if trained.refusal:
                assert name == "one_intent", f"{name}: nothing was learned: {trained.refusal}"
                continue
            with self._loaded(name) as ranker:
                messages = self._lessons.asked()
                try:
                    checks.sound(ranker.rank(messages), messages, trained.lesson.intents)
                except AssertionError as wrong:
                    raise AssertionError(f"{name}: {wrong}") from None

    # What it writes

    def test_all_that_it_learned_is_in_the_folder(self) -> None:
        """Checks that a model works where it was copied to, with the original gone, by an engine made anew."""
        trained = self._trained("desk")
        before = self._ranked(trained.folder)
        with self._workshop.folder() as elsewhere:
            copy = elsewhere / "copy"
            shutil.copytree(trained.folder, copy)
            away = trained.folder.rename(elsewhere / "away")
            try:
                after = self._ranked(copy)
            finally:
                away.rename(trained.folder)
        checks.same(
            before,
            after,
            0.0,
            "a model that was copied elsewhere is another: write all of it into the folder",
        )

    def test_the_folder_is_only_read_once_it_is_written(self) -> None:
        """Checks that loading and ranking change no file, and that there are only files."""
        folder = self._trained("desk").folder
        before = checks.files_of(folder)
        self._ranked(folder)
        assert checks.files_of(folder) == before, (
            "loading or ranking changed the folder, whose checksums are kept"
        )

    # How it ranks

    def test_names_the_intents_of_the_lesson_in_order(self) -> None:
        """Checks `intents`."""
        with self._loaded("desk") as ranker:
            expected = list(self._trained("desk").lesson.intents)
            assert list(ranker.intents) == expected, f"intents must be {expected}, are {list(ranker.intents)}"

    def test_any_text_has_sound_scores(self) -> None:
        """Checks shape, type, range and sum, for texts of all kinds, in languages that were never taught."""
        with self._loaded("desk") as ranker:
            for messages in (self._lessons.asked(), *([one] for one in self._lessons.strange())):
                checks.sound(ranker.rank(messages), messages, ranker.intents)

    def test_a_message_is_ranked_the_same_whatever_it_comes_with(self) -> None:
        """Checks that a message's scores depend on that message alone."""
        messages = [*self._lessons.asked(), *self._lessons.strange()]
        with self._loaded("desk") as ranker:
            together = ranker.rank(messages)
            alone = Rows.joined([ranker.rank([one]) for one in messages])
            backwards = Rows.of(ranker.rank(messages[::-1]), range(len(messages))[::-1])
        why = "a message's scores depend on the others of its batch"
        checks.same(together, alone, self.tolerance, why)
        checks.same(together, backwards, self.tolerance, why)

    def test_a_glance_changes_nothing(self) -> None:
        """Checks, of a ranker that looks at letters first, what it sees and that it ranks the same afterwards."""
        messages = [*self._lessons.asked(), *self._lessons.strange()]
        with self._loaded("desk") as ranker:
            if not (hasattr(ranker, "glance") and hasattr(ranker, "rank_on")):
                return
            blind = self._lessons.blind(messages)
            seen = ranker.glance(blind)
            alone = [ranker.glance([one])[0] for one in blind]
            afterwards, whole = ranker.rank_on(messages, seen), ranker.rank(messages)
            checks.sound(together := Rows.at_a_glance(seen), messages, ranker.intents)
        why = "what is seen of a message depends on the others of its batch"
        checks.same(together, Rows.at_a_glance(alone), self.tolerance, why)
        checks.same(afterwards, whole, self.tolerance, "rank_on must return what rank returns")

    def test_several_threads_rank_the_same_as_one(self) -> None:
        """Checks that `rank` can be called from several threads at once."""
        messages = [*self._lessons.asked(), *self._lessons.strange()]
        start = Barrier(_THREADS)
        with self._loaded("desk") as ranker, ThreadPoolExecutor(_THREADS) as pool:
            alone = ranker.rank(messages)

            def work(shift: int) -> list[Ranking]:
                start.wait(60)
                return [ranker.rank(messages[shift:] + messages[:shift]) for _ in range(_ROUNDS)]

            found = list(pool.map(work, range(_THREADS)))
        why = "several threads at once get other scores than one: guard what they share, or give each its own"
        for shift, rankings in enumerate(found):
            places = [(place - shift) % len(messages) for place in range(len(messages))]
            for ranking in rankings:
                checks.same(alone, Rows.of(ranking, places), self.tolerance, why)

    def test_closing_twice_does_no_harm(self) -> None:
        """Checks that a ranker can be closed again, and that another of the same folder goes on."""
        trained = self._trained("desk")
        first = self.engine().load(trained.folder, trained.lesson.intents)
        with self._loaded("desk") as second:
            first.close()
            first.close()
            second.rank(self._lessons.asked())

    @property
    def _lessons(self) -> Lessons:
        needs = bool(getattr(self.engine(), "needs_vectors", False))
        return Lessons(self.port, self.vector if needs else None)

    def _trained(self, lesson: str) -> Trained:
        return self._workshop.trained(lesson, self.engine, self._lessons)

    def _loaded(self, lesson: str) -> AbstractContextManager[Ranker]:
        return self._workshop.loaded(self._trained(lesson), self.engine)

    def _ranked(self, folder: Path) -> Ranking:
        """Returns how the model of the desk ranks, read from a folder."""
        with self._workshop.loaded(self._trained("desk"), self.engine, folder) as ranker:
            return ranker.rank(self._lessons.asked())


def check_engine(make: Callable[[], Engine], port: Port) -> None:
    """Runs the suite without pytest.

    Args:
        make: returns a new engine each time.
        port: the module `balie.nlu.engines.port`.

    Raises:
        AssertionError: the engine breaks promises; the message has a line for each.
    """

    class Checked(EngineSuite):
        def engine(self) -> Engine:
            return make()

    Checked.port = port
    Checked.setup_class()
    broken = []
    try:
        for name in sorted(dir(Checked)):
            if name.startswith("test_"):
                try:
                    getattr(Checked(), name)()
                except Exception as wrong:  # noqa: BLE001 — an engine may raise anything
                    broken.append(f"{name}: {wrong or type(wrong).__name__}")
    finally:
        Checked.teardown_class()
    assert not broken, "\n".join(broken)
