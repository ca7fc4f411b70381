"""What guesses at misspellings are worth, with the keywords of the sample desk and the words that the service knows."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from balie.nlu.domain import Rule
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.keyword import Keyword, words_by_language
from balie.nlu.keywords.lexicon import Lexicon
from balie.nlu.language_words import known_words
from balie.nlu.training_data import read_examples

if TYPE_CHECKING:
    from balie.encoders.onnx import OnnxEncoder

PROJECT = Path(__file__).parents[4]
DESK = PROJECT / "services" / "balie" / "cli" / "waddenveer"
MESSAGES = PROJECT.parent / "shared" / "data" / "intents"
LANGUAGES = ("nl", "de", "en")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def keywords() -> list[Keyword]:
    return read_keywords(DESK / "keywords.yaml")


@pytest.fixture(scope="module")
def finder(keywords: list[Keyword], encoder: "OnnxEncoder") -> KeywordFinder:
    examples = read_examples(DESK / "intents.yaml", LANGUAGES)
    words = known_words(LANGUAGES, [examples.texts_by_language, words_by_language(keywords)])
    return KeywordFinder(keywords, LANGUAGES, Lexicon(words, encoder.words()))


def misspelt(keywords: list[Keyword]) -> Iterator[tuple[Keyword, str, str, int]]:
    """Yields four mistakes in the longest word of each term: keyword, language, text, and the word's letters."""
    source = random.Random(3)
    for keyword in keywords:
        for language, terms in keyword.terms.items():
            for term in terms:
                words = term.split()
                place = max(range(len(words)), key=lambda number: len(words[number]))
                for _ in range(4):
                    word = words[place]
                    if not word.isalpha() or len(word) < 4:
                        continue
                    wrong = mistake(word, source)
                    if wrong.lower() != word.lower():
                        text = " ".join([*words[:place], wrong, *words[place + 1 :]])
                        yield keyword, "nl" if language == "any" else language, text, len(word)


def mistake(word: str, source: random.Random) -> str:
    place = source.randrange(1, len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    return source.choice(
        [
            before + after[0] + letter + after[1:],
            before + after,
            before + letter + letter + after,
            before + source.choice(LETTERS) + after,
        ]
    )


def test_most_mistakes_are_seen_through(finder: KeywordFinder, keywords: list[Keyword]) -> None:
    tried, found = Counter[int](), Counter[int]()
    for keyword, language, text, letters in misspelt(keywords):
        length = min(letters, 8)
        tried[length] += 1
        found[length] += keyword.id in [match.keyword_id for match in finder.find(text, language)]
    assert found.total() / tried.total() >= 0.92
    assert found[4] / tried[4] >= 0.65
    assert found[8] / tried[8] >= 0.96


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(not MESSAGES.is_dir(), reason="the evaluation data is not beside the checkout")
def test_messages_about_something_else_are_left_alone(finder: KeywordFinder) -> None:
    files = [
        *((language, f"massive_{language}/valid.jsonl") for language in LANGUAGES),
        ("en", "banking77/train.jsonl"),
        ("en", "clinc150/valid.jsonl"),
    ]
    read, guessed = 0, 0
    for language, name in files:
        for line in (MESSAGES / name).read_text(encoding="utf-8").splitlines():
            read += 1
            matches = finder.find(json.loads(line)["text"], language)
            guessed += any(match.rule is Rule.FUZZY for match in matches)
    assert read > 19_000
    assert guessed <= 12
