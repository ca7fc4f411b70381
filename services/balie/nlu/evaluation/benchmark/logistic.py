"""What everybody tries first: logistic regression on the encoder's vectors, and nothing else. An engine has to beat it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.evaluation.port import Judgement
from balie.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

    from balie.nlu.engines.port import Progress
    from balie.nlu.evaluation.vectors import Vectors
    from balie.nlu.examples import Example

_STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse strengths of the regularisation that are tried, by cross-validation on what is learned from."""

_FOLDS = 3
_ITERATIONS = 300


class LogisticTeacher:
    """Fits logistic regression; examples out of scope are left aside.

    Args:
        vectors: of texts, by the base encoder; what earlier layers say is not looked at.
    """

    def __init__(self, vectors: "Vectors") -> None:
        self._vectors = vectors

    @property
    def encoder_fingerprint(self) -> str:
        """Returns which encoder was used."""
        return self._vectors.encoder.fingerprint

    def prepare(self, messages: "Sequence[Example]", progress: "Progress") -> None:
        """Encodes messages."""
        self._vectors.add([message.text for message in messages], progress)

    def preparing_seconds(self, messages: "Sequence[Example]") -> float:
        """Returns how long encoding takes for one message, in seconds."""
        return self._vectors.seconds_for_each([message.text for message in messages])

    def teach(
        self,
        examples: "Sequence[Example]",
        intents: Sequence[str],
        valid: "Sequence[Example]",
        progress: "Progress",
    ) -> "LogisticJudge":
        """Returns the fitted regression, which accepts everything."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV

        progress("fitting logistic regression", 0.0)
        inside = [one for one in examples if one.intent != OUT_OF_SCOPE]
        places = {intent: place for place, intent in enumerate(intents)}
        rows = self._vectors.of([one.text for one in inside])[:, 0]
        classes = np.array([places[one.intent] for one in inside])
        search = GridSearchCV(
            LogisticRegression(max_iter=_ITERATIONS, tol=1e-3), {"C": list(_STRENGTHS)}, cv=_FOLDS
        )
        return LogisticJudge(search.fit(rows, classes).best_estimator_, intents, self._vectors)


class LogisticJudge:
    """A fitted regression.

    Args:
        regression: its classes are places in `intents`.
        intents: what judgements are about.
        vectors: of texts.
    """

    def __init__(self, regression: "LogisticRegression", intents: Sequence[str], vectors: "Vectors") -> None:
        self._regression, self._intents, self._vectors = regression, intents, vectors

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._intents

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Returns that everything is accepted."""
        return {"match": 0.0}

    @property
    def calibration_version(self) -> str:
        """Returns that nothing was calibrated."""
        return "none"

    def judge(self, messages: "Sequence[Example]") -> Judgement:
        """Returns what the regression says; how little the best intent scores speaks for out of scope."""
        rows = self._vectors.of([message.text for message in messages])[:, 0]
        scores = np.zeros((len(messages), len(self._intents)))
        scores[:, self._regression.classes_] = self._regression.predict_proba(rows)
        everything = np.ones(len(messages), np.bool_)
        return Judgement(scores, 1.0 - scores.max(axis=1), everything, ~everything)

    def close(self) -> None:
        """Frees nothing."""
