from pathlib import Path

import pytest
from tests.unit.nlu.sample import keywords_file

from balie.nlu.domain import Target, TargetKind
from balie.nlu.errors import DataFileWrong
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.keyword import words_by_language


def write(folder: Path, text: str) -> Path:
    path = folder / "keywords.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_keywords_with_their_targets_and_terms(tmp_path: Path) -> None:
    keywords = {keyword.id: keyword for keyword in read_keywords(keywords_file(tmp_path))}
    assert keywords["article-WV-1042"].target == Target(TargetKind.FAQ_ENTRY, "product-model-ferry")
    assert keywords["topic-bicycle"].target == Target(TargetKind.INTENT, "bicycle_information")
    assert keywords["ship-wulp"].target == Target(TargetKind.VALUE, "ship-wulp")
    assert keywords["topic-bicycle"].terms["nl"] == ("fiets", "fietsen")
    assert words_by_language(list(keywords.values()))["en"] == ["bicycle", "bike", "motorbike"]


def test_numbers_and_truth_values_are_terms_like_others(tmp_path: Path) -> None:
    text = "keywords: [{id: a, target: {value: 1}, terms: {any: [1042, no, 1.50, null]}}]"
    (keyword,) = read_keywords(write(tmp_path, text))
    assert keyword.terms["any"] == ("1042", "no", "1.50", "null")


def keyword(fields: str) -> str:
    return f"keywords:\n  - id: good\n    target: {{value: v}}\n    terms: {{any: [goed]}}\n  - {fields}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (keyword("{target: {value: v}, terms: {any: [x]}}"), "has no id"),
        (keyword("{id: 'a b', target: {value: v}, terms: {any: [x]}}"), "keyword 'a b': an id has"),
        (keyword("{id: good, target: {value: v}, terms: {any: [x]}}"), "keyword good is there twice"),
        (keyword("{id: bad, terms: {any: [x]}}"), "keyword bad: target is missing"),
        (keyword("{id: bad, target: {value: v}}"), "keyword bad: terms is missing"),
        (keyword("{id: bad, target: {}, terms: {any: [x]}}"), "keyword bad: a target has exactly one of"),
        (
            keyword("{id: bad, target: {value: v, intent: i}, terms: {any: [x]}}"),
            "keyword bad: a target has exactly one",
        ),
        (
            keyword("{id: bad, target: {url: u}, terms: {any: [x]}}"),
            "keyword bad: a target has exactly one of",
        ),
        (
            keyword(f"{{id: bad, target: {{value: {'v' * 129}}}, terms: {{any: [x]}}}}"),
            "keyword bad: value has 129",
        ),
        (keyword("{id: bad, target: {value: v}, terms: {any: []}}"), "keyword bad: there is no term"),
        (keyword("{id: bad, target: {value: v}, terms: {any: ['']}}"), "keyword bad: a term is empty"),
        (keyword("{id: bad, target: {value: v}, terms: {any: x}}"), "keyword bad: terms must be a list"),
        (
            keyword("{id: bad, target: {value: v}, terms: {english: [x]}}"),
            "keyword bad: 'english' is neither",
        ),
        (
            keyword("{id: bad, target: {value: v}, terms: {any: [GOED]}}"),
            "'GOED' is one of keyword good as well",
        ),
        (
            keyword("{id: bad, target: {value: v}, terms: {any: [x]}, colour: red}"),
            "keyword bad: unknown key 'colour'",
        ),
        (keyword("{id: bad, id: worse, target: {value: v}, terms: {any: [x]}}"), "a keyword has 'id' twice"),
        (keyword("just text"), "a keyword must be a mapping"),
    ],
)
def test_names_the_keyword_and_the_line_of_a_mistake(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataFileWrong) as raised:
        read_keywords(path)
    assert problem in str(raised.value)
    assert str(raised.value).startswith(f"{path}:5: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("[]", "the file must be a mapping"),
        ("words: []", "must have the key keywords"),
        ("keywords: {}", "keywords must be a list"),
        ("keywords: [", "is no YAML"),
        ("keywords: \x01", "is no YAML"),
        ("[" * 100_000, "is nested deeper than 16 levels"),
    ],
)
def test_refuses_files_that_hold_no_keywords(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataFileWrong, match=problem):
        read_keywords(write(tmp_path, text))


def test_refuses_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataFileWrong, match="cannot be read: No such file"):
        read_keywords(tmp_path / "absent.yaml")
    with pytest.raises(DataFileWrong, match="cannot be read"):
        read_keywords(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"keywords: [\xe9]")
    with pytest.raises(DataFileWrong, match="is not UTF-8"):
        read_keywords(tmp_path / "latin.yaml")
