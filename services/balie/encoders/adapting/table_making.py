"""Makes a word table from sentence pairs. Used when an encoder is adapted; no service loads this."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from balie.encoders.adapting.alignment import (
    MOST_LINKS,
    Alignment,
    TooManyLinks,
    WordPairs,
    align,
    preference,
)
from balie.encoders.adapting.errors import (
    PairsMissing,
    PairsNotTranslations,
    PairsSwapped,
    PairsTeachNothing,
    PairsTooMany,
)
from balie.encoders.adapting.pairs import LEAST_LEARNT, LEAST_PAIRS, Pairs
from balie.encoders.adapting.word_table import MOST_WEIGHT, MOST_WORDS, NewWord, WordTable
from balie.encoders.adapting.words import Vocabulary
from balie.encoders.progress import Progress

_LEAST_LEAD = 0.05
"""English texts have at least this much more of their words in the vocabulary than texts of another language."""
_MOST_SAME = 0.5
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_PREFERENCE = 0.75
"""MASSIVE's pairs reach 0.89 and more, and 0.59 to 0.69 when the texts are moved to other pairs: people say alike things."""
_CHECKED = 4_000
"""About so many pairs are looked at for that, from first to last."""
_LEAST_TRIED = 50
"""With fewer pairs to try, the share that prefers its own partner says little."""


@dataclass(frozen=True)
class TableSettings:
    """How a table is made. The defaults were chosen on MASSIVE's valid texts; `tables/README.md` has the numbers."""

    rounds: int = 5
    """Rounds of expectation maximisation."""
    least_occurrences: int = 2
    """A rarer word is left in pieces."""
    most_partners: int = 8
    """English words for one new word."""
    least_share: float = 0.05
    """English words that have a smaller share of a new word's links are left out; the first one stays. In [0, 1)."""


def make_table(
    pairs: Sequence[Pairs],
    tokenizer: Mapping[str, Any],
    *,
    sources: Sequence[str] = (),
    settings: TableSettings | None = None,
    progress: Progress = lambda _step, _share: None,
) -> WordTable:
    """Learns which words an encoder lacks and which English words they stand for.

    The same pairs in the same order give the same table on every machine. A word of two languages is learned from both.

    Args:
        pairs: of each language, as `read_pairs` gives them.
        tokenizer: the content of the encoder's `tokenizer.json`.
        sources: one line for each data set, for the table's header.
        settings: how the table is made.
        progress: is told what is being done.

    Raises:
        PairsUnusable: the pairs are no translations, too many or too few; the message says what to do.
        EncoderModelUnsupported: the tokenizer is not one of BERT's word pieces.
    """
    settings = settings or TableSettings()
    vocabulary = Vocabulary(tokenizer)
    _refuse_one_language_twice(pairs)
    english: set[str] = set()
    found: dict[str, Alignment] = {}
    capitals: Counter[str] = Counter()
    for place, part in enumerate(pairs):
        progress(f"aligning words of {part.language}", place / len(pairs))
        split = _split(part, vocabulary)
        try:
            _check(part, split, vocabulary, settings)
            found[part.language] = align(split, rounds=settings.rounds)
        except TooManyLinks:
            raise PairsTooMany(part.files, part.language, MOST_LINKS) from None
        english.update(word for words, _others in split for word in words)
        capitals.update(_capitals(part, vocabulary))
    progress("choosing words", 0.95)
    words, counts = _choose(found, english, capitals, vocabulary, settings)
    if not words:
        raise PairsTeachNothing(pairs[0].files, " and ".join(found))
    progress("done", 1.0)
    return WordTable(counts, vocabulary.fingerprint, tuple(" ".join(line.split()) for line in sources), words)


def _check(pairs: Pairs, split: WordPairs, vocabulary: Vocabulary, settings: TableSettings) -> None:
    """Raises when the pairs cannot be translations from English.

    Found out: the two sides exchanged, the same text or English on both sides, texts that do not belong together.
    Not found out: translations into another language than the one named, which `language_check` is for, and single
    wrong pairs among many right ones.

    Raises:
        PairsNotTranslations: half of the texts are the same on both sides, or pairs do not prefer their own partner.
        PairsSwapped: the English side is not the more English one.
        TooManyLinks: as `align`.
    """
    same = sum(english == words for english, words in split) / len(split)
    if same > _MOST_SAME:
        problem = f"{same:.0%} have the same text on both sides"
        raise PairsNotTranslations(pairs.files, pairs.language, problem)
    left = _known_share((words for words, _others in split), vocabulary)
    right = _known_share((others for _words, others in split), vocabulary)
    if left < right + _LEAST_LEAD:
        raise PairsSwapped(pairs.files, pairs.language, english=left, other=right)
    share, tried = preference(split[:: max(1, len(split) // _CHECKED)], rounds=settings.rounds)
    if tried >= _LEAST_TRIED and share < _LEAST_PREFERENCE:
        problem = f"only {share:.0%} of {tried} texts fit their own English text better than another's"
        raise PairsNotTranslations(pairs.files, pairs.language, problem)


def _known_share(texts: Iterable[Sequence[str]], vocabulary: Vocabulary) -> float:
    """Returns the share of words of two letters or more that are whole entries, in [0, 1].

    Single letters do not count: a tokenizer has those of many scripts, and Chinese texts consist of them. Nor do entries
    that were added: an adapted encoder knows the words of other languages.
    """
    words = known = 0
    for text in texts:
        for word in text:
            if word.isalpha() and len(word) > 1:
                words += 1
                known += vocabulary.had(word)
    return known / words if words else 0.0


def _split(pairs: Pairs, vocabulary: Vocabulary) -> list[tuple[list[str], list[str]]]:
    """Returns the words of each pair that has some on both sides: what starts with a letter or a digit."""
    split = []
    for texts in pairs.texts:
        english, others = ([word for word in vocabulary.split(text) if word[0].isalnum()] for text in texts)
        if english and others:
            split.append((english, others))
    if len(split) < LEAST_LEARNT:
        which = " to learn from that have words on both sides"
        raise PairsMissing(pairs.files, pairs.language, found=len(split), least=LEAST_LEARNT, which=which)
    return split


def _capitals(pairs: Pairs, vocabulary: Vocabulary) -> Counter[str]:
    """Returns how often each word is written in capitals, in texts that are not wholly so."""
    return Counter(
        normal[0]
        for _english, text in pairs.texts
        if not text.isupper()
        for word in _WORD.findall(text)
        if len(word) > 1 and word.isupper() and len(normal := vocabulary.split(word)) == 1
    )


def _refuse_one_language_twice(read: Sequence[Pairs]) -> None:
    """Raises when two of the languages have the same texts: one of them is filed under the other's name."""
    for place, first in enumerate(read):
        for second in read[place + 1 :]:
            texts, others = dict(first.texts), dict(second.texts)
            shared = texts.keys() & others.keys()
            same = sum(texts[english] == others[english] for english in shared)
            if len(shared) >= LEAST_PAIRS and same > _MOST_SAME * len(shared):
                problem = f"{same} of {len(shared)} texts are the same in {second.language}"
                raise PairsNotTranslations(first.files, first.language, problem)


def _choose(
    found: Mapping[str, Alignment],
    english: set[str],
    capitals: Mapping[str, int],
    vocabulary: Vocabulary,
    settings: TableSettings,
) -> tuple[tuple[NewWord, ...], dict[str, int]]:
    """Returns the new words in the table's order, and how many each language has."""
    occurrences: Counter[str] = Counter()
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    of_language: dict[str, set[str]] = {}
    for language, alignment in found.items():
        # A word of the English side stays as it is: a name, a loan word, or English in a text of the other language.
        new = [word not in english and vocabulary.can_be_added(word) for word in alignment.words]
        readable = [vocabulary.knows_all_of(word) for word in alignment.english_words]
        of_language[language] = {word for word, chosen in zip(alignment.words, new, strict=True) if chosen}
        for word, chosen, number in zip(alignment.words, new, alignment.occurrences.tolist(), strict=True):
            if chosen:
                occurrences[word] += number
        for word, partner, count in zip(
            alignment.word.tolist(), alignment.english.tolist(), alignment.counts.tolist(), strict=True
        ):
            if new[word] and readable[partner]:
                counts[alignment.words[word]][alignment.english_words[partner]] += count
    # Abbreviations mean other things in other languages: a German PLZ is a postcode, an English one says please.
    frequent = [
        word
        for word in counts
        if occurrences[word] >= settings.least_occurrences and 2 * capitals.get(word, 0) < occurrences[word]
    ]
    kept = sorted(sorted(frequent, key=lambda word: (-occurrences[word], word))[:MOST_WORDS])
    words = tuple(NewWord(word, _partners(counts[word], settings)) for word in kept)
    return words, {language: len(of_language[language].intersection(kept)) for language in found}


def _partners(counts: Mapping[str, float], settings: TableSettings) -> tuple[tuple[str, int], ...]:
    """Returns the English words that a new word's links lead to, with weights in 1 to `MOST_WEIGHT`."""
    total = 0.0
    for count in counts.values():
        total += count
    heaviest = sorted(counts, key=lambda english: (-counts[english], english))[: settings.most_partners]
    partners = [
        (english, min(MOST_WEIGHT, round(MOST_WEIGHT * counts[english] / total)) if total > 0 else 0)
        for english in heaviest
        if english == heaviest[0] or counts[english] >= settings.least_share * total
    ]
    return tuple((english, max(1, weight)) for english, weight in partners)
