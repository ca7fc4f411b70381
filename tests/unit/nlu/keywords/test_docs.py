"""What docs/keywords.md says is so."""

import re
from pathlib import Path

import pytest

from balie.nlu.domain import Rule
from balie.nlu.keywords.check_digits import SCHEMES
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.limits import TENANT_PATTERNS
from balie.nlu.keywords.patterns import MOST_CHARACTERS
from balie.nlu.keywords.searching import GUESSED_WORDS

DOCS = (Path(__file__).parents[4] / "docs" / "keywords.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([A-Z]+)` \|[^|]*\| (.*) \|$", DOCS, re.MULTILINE)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> KeywordFinder:
    example = re.search(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert example
    file = tmp_path_factory.mktemp("docs") / "keywords.yaml"
    file.write_text(example[1], encoding="utf-8")
    return KeywordFinder(read_keywords(file), ("nl", "de", "en"))


def test_tells_of_every_rule_in_order() -> None:
    assert [rule for rule, _ in ROWS] == [rule.name for rule in Rule]


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in ROWS for text in re.findall(r"`([^`]+)`", texts)]
)
def test_each_example_is_found_by_its_rule(finder: KeywordFinder, rule: str, text: str) -> None:
    matches = finder.find(text)
    assert matches
    assert {match.rule.name for match in matches} == {rule}


def test_a_literal_term_is_not_guessed(finder: KeywordFinder) -> None:
    assert [match.keyword_id for match in finder.find("noorderlicht")] == ["code-word"]
    assert finder.find("noorderlciht") == []


def test_tells_of_every_scheme() -> None:
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", DOCS, re.MULTILINE)) == set(SCHEMES)


def test_gives_the_limits_as_they_are() -> None:
    assert f"may have {TENANT_PATTERNS:,} patterns" in DOCS
    assert f"at most {MOST_CHARACTERS} characters" in DOCS
    assert f"the first {GUESSED_WORDS} different words" in DOCS
