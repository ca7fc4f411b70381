"""Engines that each break one promise, made of one that keeps all of them."""

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from balie.nlu.engines.keyword import RULES_FILE, KeywordEngine, KeywordRanker
from balie.nlu.engines.port import Glance, Lesson, Message, Progress, Ranking

Ranked = Callable[[Ranking, Sequence[Message]], Ranking]


class Ranker:
    """A ranker whose answers are spoilt."""

    def __init__(self, good: KeywordRanker, spoil: Ranked) -> None:
        self._good = good
        self._spoil = spoil
        self.intents: Sequence[str] = good.intents

    def rank(self, messages: Sequence[Message]) -> Ranking:
        return self._spoil(self._good.rank(messages), messages)

    def close(self) -> None:
        pass


def ranking(spoil: Ranked) -> type[Any]:
    """Returns an engine whose rankings are spoilt."""

    class Spoilt(KeywordEngine):
        def load(self, folder: Path, intents: Sequence[str]) -> Any:
            return Ranker(super().load(folder, intents), spoil)

    return Spoilt


def training(spoil: Callable[[Lesson, Path, Progress, Ranking], Ranking | None]) -> type[Any]:
    """Returns an engine whose training does something more, and returns something else."""

    class Spoilt(KeywordEngine):
        def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Any:
            return spoil(lesson, folder, progress, super().train(lesson, folder, progress))

    return Spoilt


def learning(spoil: Callable[[Lesson], Lesson]) -> type[Any]:
    """Returns an engine that learns from another lesson."""

    class Spoilt(KeywordEngine):
        def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
            held_out = super().train(lesson, folder, progress)
            super().train(spoil(lesson), folder, lambda _step, _share: None)
            return held_out

    return Spoilt


class WithoutNeeds(KeywordEngine):
    needs_vectors = None  # type: ignore[assignment]


class Lenient(KeywordEngine):
    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Any:
        return super().from_options({})


class Absent(KeywordEngine):
    """Keeps its model where it was trained, and only the way there in the folder."""

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
        held_out = super().train(lesson, folder, progress)
        (folder / "where").write_text(str(folder / RULES_FILE))
        return held_out

    def load(self, folder: Path, intents: Sequence[str]) -> KeywordRanker:
        return super().load(Path((folder / "where").read_text()).parent, intents)


class Tidy(KeywordEngine):
    """Writes a note when it loads."""

    def load(self, folder: Path, intents: Sequence[str]) -> KeywordRanker:
        (folder / "loaded").write_text(str(time.time_ns()))
        return super().load(folder, intents)


class Disordered(KeywordEngine):
    def load(self, folder: Path, intents: Sequence[str]) -> KeywordRanker:
        return super().load(folder, intents[::-1])


class Shared(KeywordEngine):
    """Ranks in a buffer that threads share."""

    def load(self, folder: Path, intents: Sequence[str]) -> Any:
        held: dict[str, Ranking] = {}

        def spoil(found: Ranking, _messages: Sequence[Message]) -> Ranking:
            held["one"] = found
            time.sleep(0.001)
            return held["one"]

        return Ranker(super().load(folder, intents), spoil)


class ClosesOnce(KeywordEngine):
    def load(self, folder: Path, intents: Sequence[str]) -> Any:
        ranker = super().load(folder, intents)
        gate = threading.Semaphore(1)

        def close() -> None:
            if not gate.acquire(blocking=False):
                raise RuntimeError("closed already")

        ranker.close = close  # type: ignore[method-assign]
        return ranker


class Fragile(KeywordEngine):
    """Cannot learn when an intent has no example."""

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
        missing = set(lesson.intents) - {example.intent for example in lesson.examples}
        if missing:
            raise KeyError(missing.pop())
        return super().train(lesson, folder, progress)


class Picky(ranking(lambda found, _messages: found)):  # type: ignore[misc]
    """Has only wrong options refused, but in words that name nothing."""

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Any:
        from balie.nlu.engines.port import OptionWrong

        if options:
            raise OptionWrong("picky", "?", "is wrong")
        return super().from_options({})


class Squinting(KeywordEngine):
    """Sees less of a message the more come with it."""

    def load(self, folder: Path, intents: Sequence[str]) -> Any:
        ranker = super().load(folder, intents)

        class Glancing(Ranker):
            def glance(self, messages: Sequence[Message]) -> list[Glance]:
                return [Glance(row / np.float32(len(messages)), False) for row in self.rank(messages).scores]

            def rank_on(self, messages: Sequence[Message], glances: Sequence[Glance]) -> Ranking:
                return self.rank(messages)

        return Glancing(ranker, lambda found, _messages: found)


class Forgetful(KeywordEngine):
    """Ranks otherwise once it has had a glance."""

    def load(self, folder: Path, intents: Sequence[str]) -> Any:
        ranker = super().load(folder, intents)

        class Glancing(Ranker):
            def glance(self, messages: Sequence[Message]) -> list[Glance]:
                return [Glance(row, False) for row in self.rank(messages).scores]

            def rank_on(self, messages: Sequence[Message], glances: Sequence[Glance]) -> Ranking:
                return self.rank(messages[::-1])

        return Glancing(ranker, lambda found, _messages: found)


def _linked(_lesson: Lesson, folder: Path, _progress: Progress, held_out: Ranking) -> Ranking:
    (folder / "link").symlink_to(folder / RULES_FILE)
    return held_out


def _emptied(_lesson: Lesson, folder: Path, _progress: Progress, held_out: Ranking) -> Ranking:
    shutil.copy(folder / RULES_FILE, folder.parent / RULES_FILE)
    (folder / RULES_FILE).unlink()
    return held_out


def _going_back(_lesson: Lesson, _folder: Path, progress: Progress, held_out: Ranking) -> Ranking:
    progress("again", 0.1)
    return held_out


def _overdone(_lesson: Lesson, _folder: Path, progress: Progress, held_out: Ranking) -> Ranking:
    progress("more", 1.5)
    return held_out


def _in_sample(lesson: Lesson, folder: Path, _progress: Progress, _held_out: Ranking) -> Ranking:
    ranker = KeywordEngine.from_options({}).load(folder, lesson.intents)
    return ranker.rank([Message(example.text) for example in lesson.examples])


def _halved(_lesson: Lesson, _folder: Path, _progress: Progress, held_out: Ranking) -> Ranking:
    return Ranking(held_out.scores[::2])


def _backwards(_lesson: Lesson, _folder: Path, _progress: Progress, held_out: Ranking) -> Ranking:
    return Ranking(held_out.scores[::-1], held_out.out_of_scope)


def _first_twenty(lesson: Lesson) -> Lesson:
    return Lesson(lesson.examples[:20], lesson.intents)


def _no_number(found: Ranking, messages: Sequence[Message]) -> Ranking:
    scores = found.scores.copy()
    scores[[not message.text.isascii() for message in messages]] = np.nan
    return Ranking(scores)


def _by_batch(found: Ranking, _messages: Sequence[Message]) -> Ranking:
    scores = 0.5 * found.scores + 0.5 * found.scores.mean(axis=0)
    return Ranking(scores, found.out_of_scope)


def _sometimes_silent(found: Ranking, messages: Sequence[Message]) -> Ranking:
    return Ranking(found.scores, found.out_of_scope if len(messages) > 1 else None)


def _by_chance(found: Ranking, _messages: Sequence[Message]) -> Ranking:
    noise = np.random.default_rng().random(found.scores.shape, np.float32)
    mixed = found.scores + 0.1 * noise
    return Ranking((mixed / mixed.sum(axis=1, keepdims=True)).astype(np.float32))


FAULTS: Sequence[tuple[type[Any], str, str]] = (
    (WithoutNeeds, "test_says_whether_it_needs_vectors", "needs_vectors: ClassVar[bool]"),
    (Lenient, "test_refuses_an_option_that_it_does_not_know", "must raise OptionWrong for an unknown option"),
    (Picky, "test_refuses_an_option_that_it_does_not_know", "must name the option"),
    (ranking(lambda found, _: Ranking(found.scores[:, ::-1])), "test_learns", "in the order of `intents`"),
    (learning(_first_twenty), "test_learns_the_same_from_another_order", "sort them, and fix every seed"),
    (ranking(_by_chance), "test_learns_the_same_from_another_order", "sort them, and fix every seed"),
    (training(_going_back), "test_tells_its_progress", "must not fall"),
    (training(_overdone), "test_tells_its_progress", "must lie in [0, 1]"),
    (
        training(_in_sample),
        "test_ranks_examples_that_it_held_out_without_having_seen_them",
        "a model that has not seen the example",
    ),
    (
        training(_halved),
        "test_ranks_examples_that_it_held_out_without_having_seen_them",
        "must have the shape (messages, intents)",
    ),
    (
        training(_backwards),
        "test_ranks_examples_that_it_held_out_without_having_seen_them",
        "in the order of the examples",
    ),
    (Fragile, "test_learns_from_any_lesson_or_says_why_not", "wifi"),
    (Absent, "test_all_that_it_learned_is_in_the_folder", "rules.json"),
    (training(_emptied), "test_the_folder_is_only_read_once_it_is_written", "training wrote nothing"),
    (training(_linked), "test_the_folder_is_only_read_once_it_is_written", "holds a link, link"),
    (Tidy, "test_the_folder_is_only_read_once_it_is_written", "loading or ranking changed the folder"),
    (Disordered, "test_names_the_intents_of_the_lesson_in_order", "intents must be ['bicycle', "),
    (
        ranking(lambda found, _: Ranking(found.scores.tolist())),
        "test_any_text_has_sound_scores",
        "must be a NumPy array, is list",
    ),
    (
        ranking(lambda found, _: Ranking(found.scores[:, :2])),
        "test_any_text_has_sound_scores",
        "must have the shape",
    ),
    (
        ranking(lambda found, _: Ranking(found.scores.astype(np.float64))),
        "test_any_text_has_sound_scores",
        "must be float32",
    ),
    (
        ranking(lambda found, _: Ranking(found.scores * np.float32(0.5))),
        "test_any_text_has_sound_scores",
        "sums to 0.5000, must be 1",
    ),
    (
        ranking(lambda found, _: Ranking(2 * found.scores - 0.25)),
        "test_any_text_has_sound_scores",
        "must lie in [0, 1]",
    ),
    (ranking(_no_number), "test_any_text_has_sound_scores", "must be finite numbers"),
    (
        ranking(lambda found, _: Ranking(found.scores, found.scores[:, 0] - 2)),
        "test_any_text_has_sound_scores",
        "out_of_scope must lie",
    ),
    (
        ranking(_by_batch),
        "test_a_message_is_ranked_the_same_whatever_it_comes_with",
        "depend on the others of its batch",
    ),
    (ranking(_sometimes_silent), "test_a_message_is_ranked_the_same_whatever_it_comes_with", "out_of_scope"),
    (Squinting, "test_a_glance_changes_nothing", "depends on the others of its batch"),
    (Forgetful, "test_a_glance_changes_nothing", "rank_on must return what rank returns"),
    (Shared, "test_several_threads_rank_the_same_as_one", "guard what they share"),
    (ClosesOnce, "test_closing_twice_does_no_harm", "closed already"),
)
"""Engine, the check that it fails, and what its author is told."""
