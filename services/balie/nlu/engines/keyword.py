"""The engine `keyword`: words and phrases that tell intents apart, learned by counting, and rules that are given.

The cheapest engine and the one that explains itself: its folder is one file that lists each phrase with what it counts for
each intent. A phrase counts the logarithm of the odds of seeing it in an example of the intent against seeing it in another,
from counts that are smoothed by half an example; a phrase of two words counts half, since its words count as well. A phrase
that never occurs without a shorter one adds nothing, and is left out.

Source: Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis 16(4), section 3.3 (smoothed log-odds-ratio);
the half is that of Haldane 1956 and Anscombe 1956.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from balie.nlu.engines.keyword_rules import GivenRule, compiled_rule, read_rules
from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import OUT_OF_SCOPE, Lesson, Message, Progress, Ranking
from balie.nlu.engines.softmax import softmax
from balie.nlu.folding import phrase_of
from balie.nlu.folds import FOLDS, folds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RULES_FILE = "rules.json"

_SMOOTHING = 0.5
_GIVEN_SHARE = 0.99
"""What the intents that given rules name get together, whatever was learned."""
_SHARPNESSES = np.geomspace(0.05, 5.0, 40)


class KeywordOptions(EngineOptions):
    """What the engine can be told."""

    longest: int = Field(
        default=2,
        ge=0,
        le=5,
        description="Words of the longest phrase that is learned, 0 to 5; 0 learns none.",
    )
    rules: Path | None = Field(
        default=None,
        description="YAML file of rules that outweigh what is learned: for each intent a list of words, phrases, and patterns between slashes.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.longest and self.rules is None:
            raise ValueError("longest=0 learns nothing, and no rules are given")
        return self


class Rules(BaseModel):
    """All that the engine knows, as its file holds it.

    Attributes:
        longest: words of the longest phrase.
        sharpness: what the sums are multiplied with before they become probabilities.
        scale: the sum, in nats, that is as much as half of all held-out examples have.
        given: the operator's rules.
        learned: for each phrase what it counts for which intents, `oos` among them, in nats.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    longest: int
    sharpness: float = 1.0
    scale: float = 1.0
    given: Sequence[GivenRule] = ()
    learned: Mapping[str, Mapping[str, float]]


class KeywordEngine:
    """Learns phrases by counting them; see `KeywordOptions`."""

    needs_vectors: ClassVar[bool] = False

    def __init__(self, options: KeywordOptions) -> None:
        self._options = options

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine that the options describe."""
        return cls(read_options("keyword", KeywordOptions, options))

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
        """Learns phrases, and how sharply to tell intents apart from examples that were held out."""
        options = self._options
        given = [] if options.rules is None else read_rules(options.rules, lesson.intents)
        taught = [_Taught(one.intent, phrases_of(one.text, options.longest)) for one in lesson.examples]
        sums = np.zeros((len(taught), len(lesson.intents) + 1))
        folds = folds_of(lesson.examples)
        for fold in np.unique(folds):
            progress("counting phrases, a part held out", float(fold) / (FOLDS + 1))
            learned = _counted([one for one, its in zip(taught, folds, strict=True) if its != fold])
            finder = _Finder(Rules(longest=options.longest, learned=learned), lesson.intents)
            for place in np.flatnonzero(folds == fold):
                sums[place] = finder.sums(taught[place].phrases)
        progress("counting phrases", FOLDS / (FOLDS + 1))
        sharpness, scale = _fitted(sums, lesson)
        rules = Rules(
            longest=options.longest, sharpness=sharpness, scale=scale, given=given, learned=_counted(taught)
        )
        (folder / RULES_FILE).write_text(_as_json(rules), encoding="utf-8")
        progress("phrases counted", 1.0)
        return _Finder(rules, lesson.intents).ranking(sums, [one.text for one in lesson.examples])

    def load(self, folder: Path, intents: Sequence[str]) -> "KeywordRanker":
        """Returns the ranker of a folder."""
        rules = Rules.model_validate_json((folder / RULES_FILE).read_bytes())
        return KeywordRanker(rules, intents)


class KeywordRanker:
    """Adds up what the phrases of a message count; holds nothing that ranking changes, so threads may share it."""

    def __init__(self, rules: Rules, intents: Sequence[str]) -> None:
        self._finder = _Finder(rules, intents)
        self._longest = rules.longest
        self.intents = tuple(intents)

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message."""
        texts = [message.text for message in messages]
        sums = [self._finder.sums(phrases_of(text, self._longest)) for text in texts]
        return self._finder.ranking(np.array(sums), texts)

    def close(self) -> None:
        """Does nothing: there is nothing to free."""


@dataclass(frozen=True, slots=True)
class _Taught:
    """An example's phrases, and what it is an example of."""

    intent: str
    phrases: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """What a phrase counts, and for which columns."""

    columns: "NDArray[np.intp]"
    values: "Floats"


class _Finder:
    """Finds phrases in texts; the last column of its sums is `oos`."""

    def __init__(self, rules: Rules, intents: Sequence[str]) -> None:
        self._rules = rules
        self._columns = {name: place for place, name in enumerate((*intents, OUT_OF_SCOPE))}
        self._learned = {
            phrase: _Weights(
                np.array([self._columns[name] for name in weights], np.intp), np.array([*weights.values()])
            )
            for phrase, weights in rules.learned.items()
        }
        self._patterns = [
            (self._columns[rule.intent], compiled_rule(rule.pattern)) for rule in rules.given if rule.pattern
        ]
        self._phrases = [
            (self._columns[rule.intent], f" {rule.phrase} ") for rule in rules.given if rule.phrase
        ]

    def sums(self, phrases: Sequence[str]) -> "Floats":
        """Returns what the phrases of a text count for each intent and for `oos`, shape (intents + 1,)."""
        found = np.zeros(len(self._columns))
        for phrase in phrases:
            weights = self._learned.get(phrase)
            if weights is not None:
                found[weights.columns] += weights.values
        return found

    def ranking(self, sums: "Floats", texts: Sequence[str]) -> Ranking:
        """Returns the ranking that sums amount to, and the rules that were given."""
        scores = softmax((self._rules.sharpness * sums[:, :-1]).astype(np.float32))
        out_of_scope = np.exp(-_evidence(sums) / self._rules.scale).astype(np.float32)
        for row, text in enumerate(texts):
            named = self._given(text)
            if named:
                scores[row] *= 1.0 - _GIVEN_SHARE
                scores[row, named] += _GIVEN_SHARE / len(named)
                out_of_scope[row] = 1.0 - _GIVEN_SHARE
        return Ranking(scores, out_of_scope)

    def _given(self, text: str) -> list[int]:
        """Returns the columns of the intents that given rules name for a text."""
        if not (self._phrases or self._patterns):
            return []
        words = f" {phrase_of(text)} "
        found = {column for column, phrase in self._phrases if phrase in words}
        return sorted(found | {column for column, pattern in self._patterns if pattern.search(text)})


def phrases_of(text: str, longest: int) -> list[str]:
    """Returns the runs of one to `longest` words of a text, folded, each once, in the order of their first place."""
    words = phrase_of(text).split()
    runs = (
        " ".join(words[start : start + size])
        for size in range(1, longest + 1)
        for start in range(len(words) - size + 1)
    )
    return list(dict.fromkeys(runs))


def _counted(taught: Sequence[_Taught]) -> dict[str, dict[str, float]]:
    """Returns what each phrase of the examples counts for the intents that it speaks for."""
    sizes = Counter(one.intent for one in taught)
    by_phrase: dict[str, Counter[str]] = defaultdict(Counter)
    for one in taught:
        for phrase in one.phrases:
            by_phrase[phrase][one.intent] += 1
    totals = {phrase: counts.total() for phrase, counts in by_phrase.items()}
    found: dict[str, dict[str, float]] = {}
    for phrase in sorted(by_phrase):
        words = phrase.split()
        shorter = (" ".join(words[1:]), " ".join(words[:-1])) if len(words) > 1 else ()
        if any(totals[part] == totals[phrase] for part in shorter):
            continue
        weights = {
            intent: _log_odds(count, sizes[intent], totals[phrase], len(taught)) / len(words)
            for intent, count in sorted(by_phrase[phrase].items())
        }
        if speaking := {intent: round(weight, 4) for intent, weight in weights.items() if weight > 0}:
            found[phrase] = speaking
    return found


def _log_odds(inside: int, size: int, total: int, examples: int) -> float:
    """Returns the logarithm of the odds of a phrase in an intent's examples against those in all others."""
    outside, rest = total - inside, examples - size
    odds_inside = (inside + _SMOOTHING) / (size - inside + _SMOOTHING)
    odds_outside = (outside + _SMOOTHING) / (rest - outside + _SMOOTHING)
    return math.log(odds_inside / odds_outside)


def _evidence(sums: "Floats") -> "Floats":
    """Returns how much more speaks for the best intent than for none, shape (messages,), 0 or more, in nats."""
    found: Floats = np.maximum(sums[:, :-1].max(axis=1) - sums[:, -1], 0.0)
    return found


def _fitted(sums: "Floats", lesson: Lesson) -> tuple[float, float]:
    """Returns the sharpness under which held-out examples are likeliest, and the evidence that is usual for them."""
    columns = {name: place for place, name in enumerate(lesson.intents)}
    inside = [place for place, example in enumerate(lesson.examples) if example.intent in columns]
    if not inside:
        return 1.0, 1.0
    truth = [columns[lesson.examples[place].intent] for place in inside]

    def loss(sharpness: float) -> float:
        shares = softmax((sharpness * sums[inside, :-1]).astype(np.float32))
        return float(-np.log(shares[np.arange(len(truth)), truth] + 1e-9).mean())

    usual = float(np.median(_evidence(sums)[inside]))
    return float(min(_SHARPNESSES, key=loss)), usual or 1.0


def _as_json(rules: Rules) -> str:
    """Returns the rules as people can read them, a phrase on each line."""
    return json.dumps(rules.model_dump(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
