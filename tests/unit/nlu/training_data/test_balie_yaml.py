from pathlib import Path

import pytest
from tests.unit.nlu.sample import LANGUAGES, as_yaml, examples, intents_file

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import Example
from balie.nlu.training_data import read_examples

GOOD = "intents:\n  a: {nl: [een, twee]}\n  b: {nl: [drie, vier]}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "examples.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_examples_by_intent_and_language(tmp_path: Path) -> None:
    found = read_examples(intents_file(tmp_path), LANGUAGES)
    assert found.intents == ["bicycle_information", "opening_hours", "refund_request"]
    assert {item.language for item in found.items} == set(LANGUAGES)
    assert sum(item.intent == "oos" for item in found.items) == 9
    assert "of mijn fiets mee mag?" in found.texts_by_language["nl"]


def test_leaves_out_languages_that_are_not_configured(tmp_path: Path) -> None:
    found = read_examples(intents_file(tmp_path), ("de",))
    assert {item.language for item in found.items} == {"de"}


def test_numbers_and_truth_values_are_examples_like_others(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path, "intents: {a: {nl: [no, 12]}, b: {nl: [yes, null]}}"), ("nl",))
    assert [item.text for item in found.items] == ["12", "no", "null", "yes"]


def test_the_same_words_count_once(tmp_path: Path) -> None:
    text = "intents: {a: {nl: [Dank je!, dank je, hoi]}, b: {nl: [drie, vier]}}"
    assert len(read_examples(write(tmp_path, text), ("nl",)).items) == 4


def test_the_same_words_may_mean_other_things_in_other_languages(tmp_path: Path) -> None:
    text = "intents: {a: {nl: [die, twee]}, b: {de: [die, vier]}}"
    found = read_examples(write(tmp_path, text), LANGUAGES)
    assert Example("a", "nl", "die", 1) in found.items
    assert Example("b", "de", "die", 1) in found.items


def test_what_is_learned_from_does_not_depend_on_the_order(tmp_path: Path) -> None:
    sample = examples()
    first = read_examples(write(tmp_path, as_yaml(sample)), LANGUAGES)
    turned = {
        intent: {language: texts[::-1] for language, texts in reversed(by_language.items())}
        for intent, by_language in reversed(sample.items())
    }
    second = read_examples(write(tmp_path, as_yaml(turned)), LANGUAGES)
    assert first.fingerprint() == second.fingerprint()
    assert [(i.intent, i.language, i.text) for i in first.items] == [
        (i.intent, i.language, i.text) for i in second.items
    ]
    turned["opening_hours"]["nl"].append("nog een")
    third = read_examples(write(tmp_path, as_yaml(turned)), LANGUAGES)
    assert third.fingerprint() != first.fingerprint()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 0, "is empty"),
        ("[]", 1, "the file must be a mapping"),
        (f"{GOOD}answers: {{}}\n", 4, "unknown key 'answers'"),
        ("answers: {}", 0, "holds no examples"),
        ("intents: a", 1, "intents must be a mapping"),
        ("intents: [a]", 1, "intents is a list of names"),
        (f"{GOOD}  c: [x, y]\n", 4, "the examples of c must be a mapping"),
        (f"{GOOD}  c: {{nl: text}}\n", 4, "the examples of c in nl must be a list"),
        (f"{GOOD}  c: {{dutch: [x, y]}}\n", 4, "'dutch' is no language tag"),
        (f"{GOOD}  c: {{nl: [x, [y]]}}\n", 4, "an example of c must be a text"),
        (f"{GOOD}  c: {{nl: [x, {'y' * 4097}]}}\n", 4, "the text has 4097 characters"),
        (f"{GOOD}  c: {{}}\n", 4, "c has no examples"),
        (f"{GOOD}  a: {{nl: [x, y]}}\n", 4, "intents has 'a' twice"),
        (f"{GOOD}  oos: {{nl: [x, y]}}\n", 4, "oos is no intent"),
        (f'{GOOD}  "a\\tb": {{nl: [x, y]}}\n', 4, "holds a control character"),
        (f"{GOOD}  {'c' * 129}: {{nl: [x, y]}}\n", 4, "a label has at most 128 characters"),
        ("intents: {a: {nl: [een, twee]}}", 0, "one intent cannot be told from others"),
        ("oos: {nl: [een, twee]}", 0, "there is only oos"),
        ("intents: {}", 0, "there are no examples"),
        ("intents: {a: {fr: [x]}, b: {fr: [y]}}", 0, "configured languages, nl; there are some in fr (2)"),
        ("intents: }\n", 1, "is no YAML"),
        ("intents:\n\t- x\n", 2, "by spaces, never by tabs"),
        ("intents:\n  a: {nl: [x\u0007]}\n", 2, "U+0007 is not allowed"),
        ("intents: &a\n  b: *a\n", 1, "'b' is no language tag"),
        (f"{GOOD}---\n{GOOD}", 4, "expected a single document"),
        (f"intents: {'[' * 20}{']' * 20}", 1, "nested deeper than 16"),
    ],
)
def test_names_the_line_of_a_mistake(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(DataFileWrong) as raised:
        read_examples(write(tmp_path, text), ("nl",))
    assert problem in raised.value.problem
    assert raised.value.line == line


def test_one_intent_and_what_is_out_of_scope_are_enough(tmp_path: Path) -> None:
    text = "intents: {a: {nl: [een, twee]}}\noos: {nl: [drie, vier]}\n"
    assert read_examples(write(tmp_path, text), ("nl",)).intents == ["a"]


def test_all_mistakes_are_counted(tmp_path: Path) -> None:
    text = f"{GOOD}  c: {{dutch: [x]}}\n  d: {{nl: [[x], y]}}\n  e: {{}}\n"
    with pytest.raises(DataFileWrong, match=r"examples.yaml:4: .*and 2 more; balie nlu validate lists them"):
        read_examples(write(tmp_path, text), ("nl",))


def test_an_anchor_gives_its_texts_to_several_intents(tmp_path: Path) -> None:
    text = "intents:\n  a: {nl: &shared [een, twee]}\n  b: {nl: *shared}\n"
    assert len(read_examples(write(tmp_path, text), ("nl",)).items) == 4


def test_names_of_intents_may_hold_spaces(tmp_path: Path) -> None:
    text = "intents: {Change Password: {nl: [een]}, Delete Account: {nl: [twee]}}"
    assert read_examples(write(tmp_path, text), ("nl",)).intents == ["Change Password", "Delete Account"]
