"""Turns what models think into a ranking, by what held-out examples taught of how much each is worth."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.engines.cross_fitting import FEWEST_OUTSIDE, Course, Fitter
from balie.nlu.engines.mixing import Mixture
from balie.nlu.engines.opinions import Opinions
from balie.nlu.engines.port import HeldOutRanking, Ranking
from balie.nlu.engines.scope import Scope, signs_of
from balie.nlu.engines.softmax import softmax
from balie.nlu.errors import ModelDamaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MIX_FILE, _SCOPE_FILE = "mixture.json", "scope.npz"


@dataclass(frozen=True, eq=False)
class Judge:
    """Ranks by what models think; safe to ask from several threads.

    Attributes:
        mixture: what each model counts.
        scope: None when nothing tells what is out of scope: a lesson without such, and of three intents or fewer.
    """

    mixture: Mixture
    scope: Scope | None

    def ranking(self, opinions: Opinions, languages: "Sequence[str]", intent_count: int) -> Ranking:
        """Returns the ranking of texts, of which each is in a language."""
        mixed = self.mixture.mixed(opinions.logits, languages)
        outside = None
        if self.scope is not None:
            outside = self.scope.out_of_scope(signs_of(opinions, mixed, intent_count))
        return Ranking(softmax(mixed[:, :intent_count]), outside)

    def write(self, folder: Path) -> None:
        """Stores it."""
        content = {
            "overall": self.mixture.overall.tolist(),
            "by_language": {name: row.tolist() for name, row in self.mixture.by_language.items()},
        }
        (folder / _MIX_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        if self.scope is not None:
            write_arrays(folder / _SCOPE_FILE, self.scope.arrays())

    @staticmethod
    def read(folder: Path) -> "Judge":
        """Returns what was stored.

        Raises:
            ModelDamaged: a file cannot be read.
        """
        path, scope = folder / _MIX_FILE, folder / _SCOPE_FILE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            by_language = {name: np.array(row, np.float32) for name, row in found["by_language"].items()}
            mixture = Mixture(np.array(found["overall"], np.float32), by_language)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelDamaged(path, "cannot be read") from None
        return Judge(mixture, Scope.of_arrays(read_arrays(scope)) if scope.exists() else None)


@dataclass(frozen=True, eq=False)
class Judged:
    """What held-out examples taught.

    Attributes:
        judge: ranks from now on.
        opinions: of models on examples that they had not seen, in the course's order.
        ranking: what the judge makes of them.
        strangers: of models that know nothing of an example's intent, on the examples in scope; None when a lesson has
            examples out of scope of its own, or too few intents.
        strange_ranking: what the judge makes of these.
        held_out: the examples' rankings, in the order of the lesson as it was given.
    """

    judge: Judge
    opinions: Opinions
    ranking: Ranking
    strangers: Opinions | None
    strange_ranking: Ranking | None
    held_out: HeldOutRanking


def judged(course: Course, fit: Fitter) -> Judged:
    """Returns what is learned from models of parts of a lesson.

    Raises:
        TrainingFailed: there is nothing to measure with.
    """
    opinions, languages, count = course.held_out(fit), course.languages, course.intent_count
    mixture = Mixture.fit(opinions.logits, course.classes, languages)
    signs = signs_of(opinions, mixture.mixed(opinions.logits, languages), count)
    strangers, strange, scope, unknown = None, None, None, None
    inside = np.flatnonzero(~course.outside)
    if course.makes_strangers:
        strangers = course.strangers(fit)
        spoken = [languages[place] for place in inside]
        unknown_signs = signs_of(strangers, mixture.mixed(strangers.logits, spoken), count)
        scope = Scope.fit(signs[inside], np.concatenate([unknown_signs, signs[course.outside]]))
    elif course.outside.sum() >= FEWEST_OUTSIDE:
        scope = Scope.fit(signs[inside], signs[course.outside])
    judge = Judge(mixture, scope)
    ranking = judge.ranking(opinions, languages, count)
    if strangers is not None:
        strange = judge.ranking(strangers, spoken, count)
        unknown = _over(ranking, inside, strange, course.back)
    return Judged(
        judge,
        opinions,
        ranking,
        strangers,
        strange,
        HeldOutRanking(
            ranking.scores[course.back],
            None if ranking.out_of_scope is None else ranking.out_of_scope[course.back],
            unknown,
        ),
    )


def _over(ranking: Ranking, places: "NDArray[np.intp]", other: Ranking, back: "NDArray[np.intp]") -> Ranking:
    """Returns a ranking in which some rows are another's, in another order."""
    scores, outside = ranking.scores.copy(), ranking.out_of_scope
    scores[places] = other.scores
    if outside is None or other.out_of_scope is None:
        return Ranking(scores[back])
    outside = outside.copy()
    outside[places] = other.out_of_scope
    return Ranking(scores[back], outside[back])
