"""Tells the language of a message among the configured ones, or `und` when it cannot.

A detector of letters (py3langid) gives every language a probability; those outside the configured ones together are one
more candidate, so that a French message to a Dutch desk is unknown and not Dutch. Words that only one configured
language has, out of a list and out of the training examples, count on top: they are what short messages consist of.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from balie.nlu.domain import UNKNOWN_LANGUAGE, Detection
from balie.nlu.errors import StartRefused
from balie.nlu.language_words import words_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_MAX_CHARACTERS = 512
"""A text is read this far: more letters make no language surer, and the detector takes 0.1 µs for each."""

_OTHER_PRIOR = 0.01
"""Weight of all languages that are not configured, against the detector's own."""

_WORD_FACTOR = 8.0
"""How much likelier a language gets by each word that only it has."""

_COUNTED_WORDS = 3
"""More such words than this add nothing."""


class LanguageDetector:
    """Tells languages; safe to call from several threads.

    Args:
        languages: the configured ones, as BCP 47 tags; told apart by their primary subtag.
        words: what is known of each language, in lower case; a word of two of them is left out.
        floor: least probability at which a language is named.

    Raises:
        StartRefused: the detector does not know a language, or two have the same primary subtag.
    """

    def __init__(self, languages: Sequence[str], words: Mapping[str, Iterable[str]], *, floor: float) -> None:
        self._identifier = _identifier()
        self._floor = floor
        self._tags = {tag.split("-")[0].lower(): tag for tag in languages}
        if len(self._tags) < len(languages):
            raise StartRefused(f"two of the languages {', '.join(languages)} cannot be told apart")
        if unknown := sorted(set(self._tags) - set(self._identifier.labels)):
            known = ", ".join(sorted(self._identifier.labels))
            raise StartRefused(f"language {unknown[0]} cannot be detected; languages that can are {known}")
        codes: list[str] = self._identifier.nb_classes  # one that stands twice counts where it stands first
        self._places = {tag: codes.index(code) for code, tag in self._tags.items()}
        self._only = _words_of_one(words)

    def knowing(self, words: Mapping[str, Iterable[str]]) -> "LanguageDetector":
        """Returns a detector of the same languages that knows these words instead."""
        other = copy(self)
        other._only = _words_of_one(words)  # noqa: SLF001  of its own kind
        return other

    def detect(self, text: str, hint: str = "") -> Detection:
        """Returns the language of a text.

        Args:
            text: any text.
            hint: a BCP 47 tag; one that names a configured language is taken as it is, any other is ignored. A region
                or script is looked over: `nl-BE` names `nl`.
        """
        probabilities = self.probabilities(text[:_MAX_CHARACTERS])
        if told := self._tags.get(hint.split("-")[0].lower()):
            return Detection(told, probabilities[told])
        best = max(probabilities, key=lambda tag: (probabilities[tag], tag))
        if probabilities[best] < self._floor:
            return Detection(UNKNOWN_LANGUAGE, 0.0)
        return Detection(best, probabilities[best])

    def probabilities(self, text: str) -> dict[str, float]:
        """Returns the probability of each configured language; what lacks to 1 is any other's."""
        # As `rank` of the detector has them, which takes longer to sort its languages than to weigh them.
        letters = self._identifier._decide(text)  # noqa: SLF001  measured: half of the time
        weights = {tag: float(letters[place]) for tag, place in self._places.items()}
        other = _OTHER_PRIOR * max(0.0, 1.0 - sum(weights.values()))
        for tag, count in self._evidence(text).items():
            weights[tag] *= math.pow(_WORD_FACTOR, min(count, _COUNTED_WORDS))
        total = sum(weights.values()) + other
        return {tag: weight / total for tag, weight in weights.items()}

    def _evidence(self, text: str) -> Counter[str]:
        return Counter(tag for word in set(words_of(text)) if (tag := self._only.get(word)) is not None)


@cache
def _identifier() -> "LanguageIdentifier":
    """Returns the detector of letters, which all share as none changes it: unpacking it takes half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _words_of_one(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Returns the language of each word that only one language has."""
    owners: dict[str, set[str]] = {}
    for language, known in words.items():
        for word in known:
            owners.setdefault(word, set()).add(language)
    return {word: next(iter(languages)) for word, languages in owners.items() if len(languages) == 1}
