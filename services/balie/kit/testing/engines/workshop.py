"""Where the suite trains engines, each lesson once, and loads what was made."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from balie.kit.testing.engines.lessons import Lessons
from balie.kit.testing.engines.words import Array, Engine, Port, Ranker, Ranking

Making = Callable[[], Engine]


@dataclass(frozen=True)
class Trained:
    """What an engine made of a lesson.

    Attributes:
        held_out: what training returned.
        refusal: why nothing was learned, empty when something was.
    """

    lesson: Any
    folder: Path
    held_out: Ranking | None
    refusal: str = ""


@dataclass(frozen=True)
class Rows:
    """A ranking made of others' rows."""

    scores: Array
    out_of_scope: Array | None

    @classmethod
    def joined(cls, rankings: Sequence[Ranking]) -> "Rows":
        """Returns rankings one below the other; all of them tell what is out of scope, or none does."""
        told = [one.out_of_scope for one in rankings if one.out_of_scope is not None]
        assert len(told) in (0, len(rankings)), "out_of_scope must be there for every message, or for none"
        return cls(np.concatenate([one.scores for one in rankings]), np.concatenate(told) if told else None)

    @classmethod
    def of(cls, ranking: Ranking, places: "Sequence[int] | Array") -> "Rows":
        """Returns some rows of a ranking, in the order given."""
        silent = ranking.out_of_scope
        return cls(ranking.scores[places], None if silent is None else silent[places])

    @classmethod
    def at_a_glance(cls, glances: Sequence[Any]) -> "Rows":
        """Returns what was seen of some messages as the ranking that it is: what lacks to 1 is out of scope."""
        scores = np.stack([glance.scores for glance in glances])
        sums = scores.sum(axis=1, keepdims=True)
        return cls(scores / np.where(sums > 0, sums, 1.0), np.round(1.0 - sums[:, 0], 3))


class Workshop:
    """Trains and loads in a temporary folder, until it is closed.

    Args:
        port: the module that defines engines.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._home = tempfile.TemporaryDirectory(prefix="engine-suite-")
        self._made: dict[str, Trained] = {}

    def close(self) -> None:
        """Removes everything."""
        self._home.cleanup()

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Yields an empty folder."""
        with tempfile.TemporaryDirectory(dir=self._home.name) as made:
            yield Path(made)

    def trained(self, name: str, make: Making, lessons: Lessons) -> Trained:
        """Returns what an engine makes of a lesson, by the name of the method that makes the lesson; trained once."""
        if name not in self._made:
            folder = Path(self._home.name) / name
            folder.mkdir()
            lesson = getattr(lessons, name)()
            try:
                held_out = make().train(lesson, folder, lambda _step, _share: None)
                self._made[name] = Trained(lesson, folder, held_out)
            except self._port.TrainingFailed as refusal:
                assert str(refusal).strip(), f"{name}: TrainingFailed must say why"
                self._made[name] = Trained(lesson, folder, None, str(refusal))
        return self._made[name]

    @contextmanager
    def loaded(self, trained: Trained, make: Making, folder: Path | None = None) -> Iterator[Ranker]:
        """Yields the ranker of a model, loaded by an engine made anew, and closes it."""
        assert not trained.refusal, f"nothing was learned: {trained.refusal}"
        ranker = make().load(folder or trained.folder, trained.lesson.intents)
        try:
            yield ranker
        finally:
            ranker.close()
