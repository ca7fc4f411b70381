"""The retrievers that ship: sentence embeddings, words, or both, weighed by what they were worth on real questions."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from balie.faq.errors import RetrieverUnavailable
from balie.faq.retrieval.analysis import primary, telling
from balie.faq.retrieval.confidence import WEIGHED, Asked, Confidence, Ways, signals
from balie.faq.retrieval.fitting import Candidates, candidates
from balie.faq.retrieval.judged import Judged
from balie.faq.retrieval.keys import key_of
from balie.faq.retrieval.port import PARTS, LeftOut, Parts, Query, Ranked, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHIPPED = "blend.json"
_KNOWN = 0.99
"""How sure it is at least of the entry that has the question word for word, or that one of several is meant."""

_KNOWN_LEAD = math.log(_KNOWN / (1.0 - _KNOWN))
_OTHERS = ""  # the languages that have no weights of their own


@dataclass(frozen=True, slots=True)
class Blend:
    """How the parts of a fit are weighed, and how sure the result is.

    Attributes:
        weights: one for each of `PARTS`, by primary language; those of "" for all others.
        confidence: works out how sure the best entry is.
        reference: what it did on questions that it was not learned from.
    """

    weights: Mapping[str, tuple[float, ...]]
    confidence: Confidence
    reference: Judged

    @staticmethod
    def of(plain: Mapping[str, Any]) -> "Blend":
        """Returns a blend from its plain form."""
        return Blend(
            {language: tuple(values) for language, values in plain["weights"].items()},
            Confidence(tuple(plain["confidence"]["weights"]), plain["confidence"]["bias"]),
            Judged.of(plain["reference"]),
        )

    def plain(self) -> dict[str, Any]:
        """Returns its plain form."""
        return {
            "weights": dict(self.weights),
            "confidence": asdict(self.confidence),
            "reference": self.reference.plain(),
        }

    def version(self) -> str:
        """Returns what changes when it does."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()[:12]

    def of_language(self, language: str) -> "Floats":
        """Returns the weights for questions in a language."""
        return np.asarray(self.weights.get(primary(language), self.weights[_OTHERS]))


@cache
def shipped(kind: str) -> Blend:
    """Returns the blend that ships for a retriever: `dense`, `lexical` or `hybrid`."""
    text = files("balie.faq.retrieval").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return Blend.of(json.loads(text)[kind])


def read_tuned(kind: str, path: Path) -> Blend:
    """Returns the blend of a file.

    Raises:
        RetrieverUnavailable: it cannot be read, or is none of this retriever's.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))[kind]
        blend = Blend.of(plain)
        shapes = {len(values) for values in blend.weights.values()} | {len(blend.confidence.weights)}
        is_fit = _OTHERS in blend.weights and shapes == {len(PARTS), WEIGHED}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_fit = False
    if not is_fit:
        raise RetrieverUnavailable(
            kind, f"cannot use {path}: it is no file that balie faq tune wrote for it with this version"
        )
    return blend


def write_tuned(path: Path, blends: Mapping[str, Blend]) -> None:
    """Writes blends by retriever into a file that `read_tuned` reads; it is there whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    plain = {kind: blend.plain() for kind, blend in blends.items()}
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(plain, separators=(", ", ": ")) + "\n", encoding="utf-8")
    part.replace(path)


class BlendRetriever:
    """Ranks by the weighed sum of parts.

    Args:
        blend: the weights; those that ship by default.
    """

    kind: ClassVar[str]
    uses_vectors: ClassVar[bool] = True
    uses_words: ClassVar[bool] = True

    def __init__(self, blend: Blend | None = None) -> None:
        self.blend = blend or shipped(self.kind)
        self._version = f"{self.kind}.v3.{self.blend.version()}"

    @property
    def version(self) -> str:
        """Returns what changes whenever it would rank or be sure otherwise."""
        return self._version

    @property
    def reference(self) -> Judged:
        """Returns what it did on questions that it was not learned from."""
        return self.blend.reference

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the retriever as it ships, or with what `balie faq tune` wrote into the file of the option `tuned`.

        Raises:
            RetrieverUnavailable: an option is unknown, or the file is none of this retriever's.
        """
        if unknown := sorted(set(options) - {"tuned"}):
            raise RetrieverUnavailable(cls.kind, f"has no option {unknown[0]}; known is tuned")
        return cls(read_tuned(cls.kind, Path(options["tuned"]))) if "tuned" in options else cls()

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the best entries, best first."""
        found = self.fitted(query, view, top)
        if not found.order:
            return []
        return self.ranked(found.led_by_known(), view, top)

    def fitted(self, query: Query, view: View, top: int) -> "Fitted":
        """Returns the candidates in their order."""
        found = candidates(query, view, top, vectors=self.uses_vectors, words=self.uses_words)
        weights = self.blend.of_language(next(iter(query.languages or view.languages), _OTHERS))
        fits = (found.parts * weights).sum(axis=1)  # BLAS may give the same parts two sums
        plain: list[float] = fits.tolist()  # quicker than numbers of NumPy to compare one by one
        best: dict[int, int] = {}
        for line, entry in enumerate(found.entries):
            known = best.setdefault(entry.number, line)
            if plain[line] > plain[known]:
                best[entry.number] = line
        order = sorted(best.values(), key=lambda line: (-plain[line], found.entries[line].id))
        return Fitted(found, fits, order, query.text, query.without)

    def ranked(self, fitted: "Fitted", view: View, top: int) -> list[Ranked]:
        """Returns the best `top` candidates with how sure each is."""
        found = fitted.candidates
        fits = fitted.fits[fitted.order]
        sure = self.blend.confidence.of(fitted.signals(view))
        if fitted.known:
            # Entries that are asked in the same words leave open which is meant: they share what is known.
            sure = max(_KNOWN, sure) if fitted.known == 1 else _KNOWN
        first = fitted.known or 1
        likely = np.exp(fits - fits[0])
        rest = float(likely[first:].sum())
        confidences = np.minimum(sure / first, (1.0 - sure) / rest if rest else 0.0) * likely
        confidences[:first] = sure / first
        return [
            Ranked(
                found.entries[line],
                found.places[line],
                float(fitted.fits[line]),
                Parts(*found.parts[line].tolist()),
                float(confidence),
            )
            for line, confidence in zip(fitted.order[:top], confidences[:top], strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Candidates with how well they fit.

    Attributes:
        fits: shape (texts,).
        order: the best text of each entry, best first.
        text: what is asked.
        without: what was left out.
        known: how many, from the first one on, have the question word for word.
    """

    candidates: Candidates
    fits: "Floats"
    order: list[int]
    text: str
    without: LeftOut | None
    known: int = 0

    def led_by_known(self) -> "Fitted":
        """Returns the same with the entries that have the question word for word before all others."""
        numbers = set(self.candidates.known)
        if not numbers:
            return self
        entries = self.candidates.entries
        same = [line for line in self.order if entries[line].number in numbers]
        others = [line for line in self.order if entries[line].number not in numbers]
        fits = self.fits.copy()
        if others:  # as the difference of two fits says how much likelier one is
            fits[same] = np.maximum(fits[same], fits[others[0]] + _KNOWN_LEAD)
        same.sort(key=lambda line: (-fits[line], entries[line].id))
        return replace(self, fits=fits, order=[*same, *others], known=len(same))

    def signals(self, view: View) -> "Floats":
        """Returns what confidence is worked out from."""
        found, first = self.candidates, self.order[0]
        entry, place = found.entries[first], found.places[first]
        text = entry.texts[place]
        left_out = ""
        if self.without is not None and (entry.number, place) == (self.without.number, self.without.place):
            left_out = text.asked()[self.without.asked]
        asked: Asked | None = None
        if found.words is not None:
            language = primary(text.language)
            looked_up, key = found.words[language], key_of(entry.number, place)
            held, written = view.words.stems_of(key, left_out), view.words.written(key, left_out)
            told = telling(self.text, language)
            asked = Asked(looked_up.letters, looked_up.stems, held, told, written)
        count = sum(one != left_out for one in text.asked())
        ways = Ways(count) if found.ways is None else Ways(count, *found.ways.of(first))
        return signals(self.fits[self.order], found.parts[self.order], asked, ways)


class DenseRetriever(BlendRetriever):
    """Ranks by sentence embeddings alone."""

    kind = "dense"
    uses_words = False


class LexicalRetriever(BlendRetriever):
    """Ranks by words alone."""

    kind = "lexical"
    uses_vectors = False


class HybridRetriever(BlendRetriever):
    """Ranks by both."""

    kind = "hybrid"
