"""Texts that nobody means well, and texts that nobody thought of."""

import random

import pytest

from balie.nlu.domain import ContactTerms, Rule, Target, TargetKind
from balie.nlu.keywords.finder import MOST_MATCHES, KeywordFinder
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.searching import GUESSED_WORDS

LANGUAGES = ("nl", "de", "en")
TARGET = Target(TargetKind.VALUE, "v")


@pytest.fixture(scope="module")
def finder() -> KeywordFinder:
    terms = {"nl": ["fiets", "veerboot"], "de": ["Fähre"], "any": ["WV-1042", "велосипед", "自転車", "🚲"]}
    return KeywordFinder(
        [
            Keyword("bike", TARGET, terms),
            Keyword("booking", TARGET, patterns=(Pattern("BK[ -]?[0-9]{8}", "luhn"),)),
        ],
        LANGUAGES,
    )


def found(finder: KeywordFinder, text: str, language: str = "nl") -> list[tuple[Rule, str]]:
    return [(one.rule, text[one.start_char : one.end_char]) for one in finder.find(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👩‍👩‍👧 mijn 🚲 en fiets 🇳🇱", [(Rule.EXACT, "fiets"), (Rule.EXACT, "🚲")]),
        ("Привет, мой велосипед и fiets", [(Rule.EXACT, "велосипед"), (Rule.EXACT, "fiets")]),
        ("自転車 fiets دراجة", [(Rule.EXACT, "fiets"), (Rule.EXACT, "自転車")]),
        ("fi\u200bets", [(Rule.NORMALISED, "fi\u200bets")]),
        ("veer\u00adboot", [(Rule.NORMALISED, "veer\u00adboot")]),
        ("\ufefffiets\u200d", [(Rule.NORMALISED, "fiets\u200d")]),
        ("\u202efiets\u202c", [(Rule.NORMALISED, "fiets\u202c")]),
        ("f\u0308iets fa\u0308hren", [(Rule.NORMALISED, "f\u0308iets")]),
        ("ＷＶ１０４２", [(Rule.NORMALISED, "ＷＶ１０４２")]),
        ("ﬁets", [(Rule.NORMALISED, "ﬁets")]),
        ("fіets", [(Rule.FUZZY, "fіets")]),  # its i is Cyrillic
        ("wv\u200b-\u200b1042", []),
    ],
)
def test_finds_what_a_person_would_read(
    finder: KeywordFinder, text: str, expected: list[tuple[Rule, str]]
) -> None:
    assert found(finder, text) == expected


def test_finds_in_german_whatever_form_of_unicode_it_comes_in(finder: KeywordFinder) -> None:
    for text in ("Fähren", "Fa\u0308hren"):
        assert found(finder, text, "de") == [(Rule.FORM, text)]


def test_a_million_characters_are_read_to_the_end(finder: KeywordFinder) -> None:
    source = random.Random(3)
    filler = " ".join("".join(source.choices("abcdefgh", k=source.randint(1, 12))) for _ in range(140_000))
    text = filler[:999_980] + " fiets WV-1042 fiets"
    assert len(text) == 1_000_000
    assert (Rule.EXACT, "WV-1042") in found(finder, text)
    assert len(finder.find("fiets " * 166_666, "nl")) == MOST_MATCHES


@pytest.mark.parametrize(
    "text",
    [
        "fiet" * 1024,
        "fietsveerboot" * 315,
        "a" * 4096,
        "fi-" * 1365,
        "🚲" * 4096,
        "\u0301" * 4096,
        "\u200b" * 4096,
        "1042 " * 819,
        "BK" + "0" * 4094,
        "\ud800" * 4096,
        "(" * 2048 + ")" * 2048,
    ],
)
def test_reads_messages_that_are_made_to_be_hard(finder: KeywordFinder, text: str) -> None:
    for match in finder.find(text, "nl"):
        assert 0 <= match.start_char < match.end_char <= len(text)


def test_guesses_at_a_bounded_number_of_words(finder: KeywordFinder) -> None:
    source = random.Random(4)
    unknown = ["".join(source.choices("qxzjk", k=7)) for _ in range(GUESSED_WORDS)]
    assert len(set(unknown)) == GUESSED_WORDS
    assert (Rule.FUZZY, "feits") in found(finder, " ".join([*unknown[:-1], "feits"]))
    assert (Rule.FUZZY, "feits") not in found(finder, " ".join([*unknown, "feits"]))
    assert (Rule.EXACT, "fiets") in found(finder, " ".join([*unknown, "fiets"]))


def test_finds_the_terms_of_one_contact(finder: KeywordFinder) -> None:
    own = (
        ContactTerms("booking-1", Target(TargetKind.VALUE, "1"), ("TX-778", "overtocht van zaterdag")),
        ContactTerms("booking-2", Target(TargetKind.VALUE, "2"), ("Terschelling",)),
    )
    text = "mag er een fiets bij op tx778, en op Terscheling?"
    matches = finder.find(text, "nl", own)
    assert [(one.keyword_id, one.rule) for one in matches] == [
        ("bike", Rule.EXACT),
        ("booking-1", Rule.NORMALISED),
        ("booking-2", Rule.FUZZY),
    ]
    assert matches[1].target == Target(TargetKind.VALUE, "1")
    assert [one.keyword_id for one in finder.find(text, "nl")] == ["bike"]


def test_a_term_of_the_contact_and_a_keyword_that_cover_the_same_are_both_kept(finder: KeywordFinder) -> None:
    own = (ContactTerms("mine", TARGET, ("Fiets",)),)
    assert [(one.keyword_id, one.rule) for one in finder.find("fiets", "nl", own)] == [
        ("bike", Rule.EXACT),
        ("mine", Rule.NORMALISED),
    ]
