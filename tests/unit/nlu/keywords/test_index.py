import threading

import pytest

from balie.nlu.domain import Target, TargetKind
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.index import KeywordIndex
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.patterns import PatternRefused

LANGUAGES = ("nl", "de", "en")


def keyword(key: str, *terms: str, target: str = "", patterns: tuple[str, ...] = ()) -> Keyword:
    return Keyword(
        key,
        Target(TargetKind.VALUE, target or key),
        {"nl": terms} if terms else {},
        tuple(Pattern(expression) for expression in patterns),
    )


def find(index: KeywordIndex, text: str) -> list[tuple[str, str]]:
    found = KeywordFinder([], LANGUAGES).find(text, "nl", more=index)
    return [(match.keyword_id, match.target.name) for match in found]


def test_a_keyword_that_is_put_anew_takes_the_place_of_the_one_before() -> None:
    index = KeywordIndex([keyword("bike", "fiets", "rijwiel"), keyword("boat", "boot")])
    index.put([keyword("bike", "fiets", "karretje", target="new")])
    assert find(index, "fiets en boot") == [("bike", "new"), ("boat", "boat")]
    assert find(index, "rijwielen") == []
    assert find(index, "karretjes") == [("bike", "new")]
    assert len(index) == 2


def test_a_keyword_that_is_removed_is_not_found_by_any_rule() -> None:
    index = KeywordIndex([keyword("bike", "fietskaart", "fiets huren", patterns=("F[0-9]{3}",))])
    texts = ["fietskaart", "fietskaartje", "fietskaatr", "fiets huren", "fietshuren", "F123", "zeefietskaart"]
    assert all(find(index, text) == [("bike", "bike")] for text in texts[:-1])
    index.remove(["bike", "unknown"])
    assert all(find(index, text) == [] for text in texts)
    assert len(index) == 0
    assert index._drawers.phrases.terms == index._drawers.joined.terms == {}
    assert all(forms.terms == {} for forms in index._drawers.forms.values())


def test_terms_that_two_keywords_share_stay_with_the_other() -> None:
    index = KeywordIndex([keyword("one", "fiets"), keyword("two", "fiets"), keyword("three", "fiets")])
    index.remove(["two"])
    assert find(index, "fiets") == [("one", "one"), ("three", "three")]
    index.remove(["three", "one"])
    assert find(index, "fiets") == []


def test_a_pattern_that_is_refused_changes_nothing() -> None:
    index = KeywordIndex([keyword("bike", "fiets")])
    with pytest.raises(PatternRefused):
        index.put([keyword("bike", "karretje"), keyword("bad", patterns=("(",))])
    assert find(index, "fiets") == [("bike", "bike")]
    assert find(index, "karretje") == []


def test_patterns_come_and_go_with_their_keywords() -> None:
    index = KeywordIndex([keyword("a", patterns=("A[0-9]{3}",)), keyword("b", patterns=("B[0-9]{3}",))])
    index.put([keyword("a", patterns=("C[0-9]{3}",))])
    assert find(index, "A123 B123 C123") == [("b", "b"), ("a", "a")]
    index.put([keyword("b", "boot")])
    assert find(index, "A123 B123 C123") == [("a", "a")]
    index.remove(["a"])
    assert find(index, "A123 B123 C123") == []


def test_every_search_finds_a_keyword_that_is_put_anew_over_and_over() -> None:
    index = KeywordIndex([keyword("bike", "fiets", patterns=("F[0-9]{3}",), target="0")])
    finder = KeywordFinder([], LANGUAGES)
    enough = threading.Event()
    changes = 0

    def change() -> None:
        nonlocal changes
        while not enough.is_set():
            changes += 1
            again = keyword("bike", "fiets", f"woord{changes}", patterns=("F[0-9]{3}",), target=str(changes))
            index.put([again])

    changing = threading.Thread(target=change)
    changing.start()
    try:
        searches = 0
        while searches < 100 or changes < 300:
            for text in ("mijn fiets mee", "op F123 mee"):
                found = finder.find(text, "nl", more=index)
                assert [match.keyword_id for match in found] == ["bike"], text
            searches += 1
    finally:
        enough.set()
        changing.join()
    assert find(index, "fiets") == [("bike", str(changes))]


def test_a_text_costs_the_same_however_many_keywords_there_are() -> None:
    def looked_up(count: int) -> int:
        index = KeywordIndex(
            keyword(f"k{number}", f"woord{number % 7} nummer{number}x") for number in range(count)
        )
        asked: list[str] = []

        class Counting(dict[str, object]):
            def __contains__(self, key: object) -> bool:
                asked.append(str(key))
                return super().__contains__(key)

            def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
                asked.append(key)
                return super().get(key, default)

        index._drawers.phrases.terms = Counting(index._drawers.phrases.terms)  # type: ignore[assignment]
        find(index, "waar is mijn woord3 nummer nog gebleven, vraag ik u")
        return len(asked)

    assert looked_up(20_000) <= 2 * looked_up(20)
