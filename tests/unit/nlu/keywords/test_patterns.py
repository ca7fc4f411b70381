import re

import pytest

from balie.nlu.domain import Rule, Target, TargetKind
from balie.nlu.keywords.check_digits import SCHEMES
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.patterns import PatternRefused, compile_pattern

LANGUAGES = ("nl", "de", "en")


def finder(*patterns: Pattern) -> KeywordFinder:
    return KeywordFinder([Keyword("booking", Target(TargetKind.VALUE, "v"), {}, patterns)], LANGUAGES)


def found(some: KeywordFinder, text: str) -> list[str]:
    matches = some.find(text, "nl")
    assert all(match.rule is Rule.PATTERN for match in matches)
    return [text[match.start_char : match.end_char] for match in matches]


BOOKING = Pattern(r"BK[ -]?(?P<number>[0-9]{4}[ ]?[0-9]{4})", "luhn")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("mijn boeking BK-1234 5674 is weg", ["BK-1234 5674"]),
        ("bk12345674", ["bk12345674"]),
        ("Buchung bk 12345674, und BK-79927397?", ["bk 12345674"]),
        ("BK-1234 5675", []),  # one digit wrong
        ("BK-1234 5764", []),  # two swapped
        ("xBK-12345674", []),
        ("BK-123456740", []),
        ("😀 ＢＫ BK-12345674 é", ["BK-12345674"]),
    ],
)
def test_finds_codes_whose_check_digits_are_right(text: str, codes: list[str]) -> None:
    assert found(finder(BOOKING), text) == codes


def test_without_a_scheme_the_form_is_enough() -> None:
    some = finder(Pattern("[A-Z]{2}[0-9]{3}"))
    assert found(some, "is ab123 er of CD456 of abc12") == ["ab123", "CD456"]


def test_without_a_group_all_that_matches_is_the_number() -> None:
    some = finder(Pattern("[0-9]{3}-[0-9]{3}-[0-9]{3}", "elfproef"))
    assert found(some, "111-222-333 en 111-222-334") == ["111-222-333"]


def test_several_patterns_of_a_keyword_all_count() -> None:
    some = finder(Pattern("A[0-9]{3}"), Pattern("B[0-9]{4}"))
    assert sorted(found(some, "B1234, A123")) == ["A123", "B1234"]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (Pattern("("), "is no expression of RE2: missing )"),
        (Pattern(r"(a)\1"), r"is no expression of RE2: invalid escape sequence: \1"),
        (Pattern("(?=a)b"), "is no expression of RE2: invalid perl operator"),
        (Pattern("a{1001}"), "is no expression of RE2: invalid repetition size"),
        (Pattern(r"(\pL{100}){10}"), "is no expression of RE2: pattern too large"),
        (Pattern("a*"), "matches an empty text"),
        (Pattern("a", "crc32"), "has the unknown check 'crc32'; known are ean13, elfproef"),
    ],
)
def test_refuses_patterns_that_cannot_be_searched_for(pattern: Pattern, problem: str) -> None:
    with pytest.raises(PatternRefused, match=re.escape(problem)):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "expression", ["(a+)+$", "(a|a)*b", "(.*)(.*)(.*)x", "(a|b|ab)*c", "[a-z]+[a-z]+[0-9]"]
)
def test_what_makes_other_engines_search_for_ever_ends(expression: str) -> None:
    assert found(finder(Pattern(expression)), "a" * 4095 + "!") == []


def test_a_long_stretch_is_no_code() -> None:
    assert found(finder(Pattern("[0-9]+")), f"{'1' * 65} {'2' * 64}") == ["2" * 64]


def test_half_a_surrogate_pair_moves_nothing() -> None:
    assert found(finder(Pattern("AB[0-9]{2}")), "\ud83d é AB12") == ["AB12"]


def test_every_scheme_may_be_named() -> None:
    for name in SCHEMES:
        assert compile_pattern(Pattern("[0-9A-Z]{4,30}", name)).pattern.check == name


def test_many_patterns_are_told_apart() -> None:
    many = [
        Keyword(f"k{number}", Target(TargetKind.VALUE, "v"), {}, (Pattern(f"Z{number:03}-[0-9]{{2}}"),))
        for number in range(500)
    ]
    some = KeywordFinder(many, LANGUAGES)
    assert [match.keyword_id for match in some.find("z042-11 en Z499-99")] == ["k42", "k499"]
