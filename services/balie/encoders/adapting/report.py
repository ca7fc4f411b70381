"""What an encoder gains and loses by learning a language, measured on sentences that it did not learn from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tokenizers

from balie.encoders.adapting.english_texts import EnglishTexts
from balie.encoders.adapting.errors import PairsUnusable
from balie.encoders.folder.manifest import TOKENIZER_FILE
from balie.encoders.onnx import OnnxEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ENGLISH_TEXTS = 2000
"""More texts are split into tokens, but not encoded: an answer within a thousandth needs no more."""

_WORD = re.compile(r"[^\W_]+")
_CHUNK_TEXTS = 256


@dataclass(frozen=True)
class Limits:
    """How much English may lose before an adaptation is refused.

    Attributes:
        changed: largest share of English texts whose tokens change, 0 to 1.
    """

    changed: float = 0.002

    @property
    def moved(self) -> float:
        """Returns the largest share of texts with another nearest neighbour: a text that changed, and those around it."""
        return max(0.01, 3 * self.changed)

    @property
    def accuracy_fall(self) -> float:
        """Returns how much lower the accuracy by nearest neighbour may be."""
        return max(0.005, self.changed)


@dataclass(frozen=True)
class LanguageScores:
    """How well an encoder knows a language, on pairs that were held out.

    Attributes:
        tokens_per_word: tokens, punctuation included, for each word between spaces.
        tokens_per_text: what a sentence costs, whatever the processor; the two marks that frame it included.
        known_words: share of words, as often as they occur, that have an entry of their own.
        to_english: share of sentences whose nearest English sentence is their translation (P@1).
        from_english: the same from English to the language.
        cosine: mean cosine of a sentence and its translation.
        cosine_random: mean cosine of a sentence and the other English sentences.
    """

    tokens_per_word: float
    tokens_per_text: float
    known_words: float
    to_english: float
    from_english: float
    cosine: float
    cosine_random: float

    @property
    def found(self) -> float:
        """Returns P@1 over both directions."""
        return (self.to_english + self.from_english) / 2


@dataclass(frozen=True)
class EnglishScores:
    """What an adaptation changed for English texts.

    Attributes:
        source: where the texts come from.
        texts: how many, each counted once.
        changed: how many of them are split into other tokens than before.
        greatest_change: largest Euclidean distance between a text's vectors before and after, 0 to 2.
        agreement: share of texts whose nearest neighbour among the others is the same.
        accuracy_before: share of texts whose nearest neighbour has their label; None without labels.
        accuracy_after: the same after the adaptation.
    """

    source: str
    texts: int
    changed: int
    greatest_change: float
    agreement: float
    accuracy_before: float | None = None
    accuracy_after: float | None = None

    @property
    def changed_share(self) -> float:
        """Returns the share of texts that are split otherwise."""
        return self.changed / self.texts if self.texts else 0.0


@dataclass(frozen=True)
class Stage:
    """The scores of an encoder at one time: before, with its new words, or with its new words trained."""

    languages: Mapping[str, LanguageScores]
    english: tuple[EnglishScores, ...] = ()


@dataclass(frozen=True)
class AdaptationReport:
    """Everything that was measured, and what follows from it.

    Attributes:
        base: fingerprint of the encoder that was adapted.
        learnt: by language, from how many pairs it was learnt.
        held_out: by language, on how many pairs it was measured.
        words: by language, how many words got an entry.
        language_checks: by language, whether its texts were found to be in it, as `check_languages` says.
        before: the encoder as it was.
        composed: with its new words.
        trained: with its new words trained, when that was asked for.
        kept: which of the two is written.
        refusals: why nothing is written; empty when all is well.
    """

    base: str
    learnt: Mapping[str, int]
    held_out: Mapping[str, int]
    words: Mapping[str, int]
    language_checks: Mapping[str, str]
    before: Stage
    composed: Stage
    trained: Stage | None = None
    kept: str = "composed"
    refusals: tuple[str, ...] = field(default=())

    @property
    def after(self) -> Stage:
        """Returns the scores of what is written."""
        return self.trained if self.kept == "trained" and self.trained is not None else self.composed


class AdaptationRefused(PairsUnusable):
    """The adapted encoder would be worse in English, or no better in the language.

    Attributes:
        report: what was measured.
    """

    def __init__(self, report: AdaptationReport) -> None:
        self.report = report
        super().__init__(f"the adaptation is refused, and nothing was written: {'; '.join(report.refusals)}")


class Subject:
    """An encoder whose scores are taken.

    Args:
        folder: of an encoder that is whole.
    """

    def __init__(self, folder: Path) -> None:
        self._encoder = OnnxEncoder(folder, verify="size")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER_FILE))

    @property
    def fingerprint(self) -> str:
        """Returns the encoder's fingerprint."""
        return self._encoder.fingerprint

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the tokens of each text, the two that frame it included."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def vectors(self, texts: Sequence[str], progress: Callable[[int], None]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text; `progress` is told how many more are done."""
        vectors = np.empty((len(texts), self._encoder.dimensions), np.float32)
        for start in range(0, len(texts), _CHUNK_TEXTS):
            chunk = texts[start : start + _CHUNK_TEXTS]
            vectors[start : start + len(chunk)] = self._encoder.encode(chunk)
            progress(len(chunk))
        return vectors

    def language(
        self, pairs: Sequence[tuple[str, str]], progress: Callable[[int], None] = lambda _count: None
    ) -> LanguageScores:
        """Returns the scores on pairs of an English text and its translation, at least one."""
        english = list(dict.fromkeys(pair[0] for pair in pairs))
        foreign = list(dict.fromkeys(pair[1] for pair in pairs))
        tokens = sum(len(row) for row in self.ids(foreign))
        spaced = sum(len(text.split()) for text in foreign)
        words = [word.lower() for text in foreign for word in _WORD.findall(text)]
        known = {word for word in set(words) if self._knows(word)}
        places = {text: place for place, text in enumerate(english)}
        rows = {text: place for place, text in enumerate(foreign)}
        right = np.zeros((len(foreign), len(english)), bool)
        for one, other in pairs:
            right[rows[other], places[one]] = True
        cosines = self.vectors(foreign, progress) @ self.vectors(english, progress).T
        return LanguageScores(
            tokens_per_word=(tokens - 2 * len(foreign)) / max(spaced, 1),
            tokens_per_text=tokens / len(foreign),
            known_words=sum(word in known for word in words) / max(len(words), 1),
            to_english=float(right[np.arange(len(foreign)), cosines.argmax(axis=1)].mean()),
            from_english=float(right[cosines.argmax(axis=0), np.arange(len(english))].mean()),
            cosine=float(cosines[right].mean()),
            cosine_random=float(cosines[~right].mean()) if not right.all() else 0.0,
        )

    def _knows(self, word: str) -> bool:
        found = self._tokenizer.encode(word, add_special_tokens=False)
        return len(found.ids) == 1 and found.tokens[0] != "[UNK]"


def compare_english(
    before: Subject,
    after: Subject,
    given: EnglishTexts,
    progress: Callable[[int], None] = lambda _count: None,
) -> EnglishScores:
    """Returns what changed for English texts between two encoders."""
    old, new = before.ids(given.texts), after.ids(given.texts)
    changed = [place for place in range(len(given.texts)) if old[place] != new[place]]
    # Those that changed come first, so that they are among the ones that are encoded. The others share their runs with
    # the same texts in both encoders: a difference of theirs is the encoder's, and not one of batching.
    same = sorted(set(range(len(given.texts))) - set(changed))
    places = [*changed, *same][:MOST_ENGLISH_TEXTS]
    cut = min(len(changed), len(places))
    texts = [given.texts[place] for place in places]
    sides = [
        np.concatenate([subject.vectors(texts[:cut], progress), subject.vectors(texts[cut:], progress)])
        for subject in (before, after)
    ]
    neighbours = [_neighbours(side) for side in sides]
    accuracies: list[float] = []
    if given.labels is not None and len(texts) > 1:
        labels = np.array([given.labels[place] for place in places])
        accuracies = [float((labels[nearest] == labels).mean()) for nearest in neighbours]
    return EnglishScores(
        source=given.source,
        texts=len(given.texts),
        changed=len(changed),
        greatest_change=float(np.linalg.norm(sides[0] - sides[1], axis=1).max()) if texts else 0.0,
        agreement=float((neighbours[0] == neighbours[1]).mean()) if texts else 1.0,
        accuracy_before=accuracies[0] if accuracies else None,
        accuracy_after=accuracies[1] if accuracies else None,
    )


def _neighbours(vectors: "NDArray[np.float32]") -> "NDArray[np.intp]":
    """Returns the place of each row's nearest other row, the first of those that are equally near."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2.0)
    nearest: NDArray[np.intp] = cosines.argmax(axis=1)
    return nearest


def refusals(before: Stage, after: Stage, words: Mapping[str, int], limits: Limits) -> tuple[str, ...]:
    """Returns why an adaptation must not be used, each reason with what to do; empty when it may be."""
    reasons = []
    for language, scores in after.languages.items():
        was, now = before.languages[language].found, scores.found
        if not words.get(language, 0):
            reasons.append(f"no word of {language} is new to the encoder, so give more pairs")
        elif now <= was:
            reasons.append(
                f"{language} gains nothing ({was:.3f} of its held-out sentences were found before, {now:.3f} after), "
                "so give more pairs"
            )
    for english in after.english:
        if english.changed_share > limits.changed:
            reasons.append(
                f"{english.changed} of {english.texts} English texts of {english.source} have other tokens, more than "
                f"{limits.changed:.2%}: allow it with --max-changed, or give more pairs, whose English is left alone"
            )
        if 1 - english.agreement > limits.moved:
            reasons.append(
                f"{1 - english.agreement:.2%} of the English texts of {english.source} have another nearest neighbour, "
                f"more than {limits.moved:.2%}"
            )
        if english.accuracy_before is not None and english.accuracy_after is not None:
            fall = english.accuracy_before - english.accuracy_after
            if fall > limits.accuracy_fall:
                reasons.append(
                    f"the accuracy on the English texts of {english.source} falls by {fall:.2%}, more than "
                    f"{limits.accuracy_fall:.2%}"
                )
    return tuple(reasons)
