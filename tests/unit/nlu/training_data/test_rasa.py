from pathlib import Path

import pytest

from balie.nlu.examples import Example
from balie.nlu.training_data import Gathered, gather
from balie.nlu.training_data.rasa import without_entities

FILE = """version: "3.1"

nlu:
- intent: greet
  examples: |
    - hey
    - hello there

    # not an example
    -   good morning
- intent: check_balance
  metadata:
    sentiment: neutral
    language: de
  examples: |
    - wie viel ist auf meinem [Sparkonto](account)?
    - und auf der [Kreditkarte]{"entity": "account", "value": "credit", "role": "to"}?
- intent: faq/ask_hours
  examples:
  - text: |
      when are you open
    metadata:
      language: en
  - hours?
- intent: nlu_fallback
  examples: "- tell me a joke"
- synonym: credit
  examples: |
    - credit card account
- regex: account_number
  examples: |
    - \\d{10,12}
- lookup: banks
  examples: |
    - JPMC
- lookup: countries
  examples: |
    - Peru

stories:
- story: x
  steps: []
"""


def read(folder: Path, content: str) -> Gathered:
    path = folder / "nlu.yml"
    path.write_bytes(content.encode())
    return gather([path])


def test_reads_intents_and_says_what_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, FILE)
    assert found.examples == [
        Example("greet", "", "hey", 6),
        Example("greet", "", "hello there", 7),
        Example("greet", "", "good morning", 10),
        Example("check_balance", "de", "wie viel ist auf meinem Sparkonto?", 16),
        Example("check_balance", "de", "und auf der Kreditkarte?", 17),
        Example("faq/ask_hours", "en", "when are you open", 20),
        Example("faq/ask_hours", "", "hours?", 24),
        Example("oos", "", "tell me a joke", 26),
    ]
    assert not found.problems
    assert [note.text for note in found.notes] == [
        "stories is left out: only nlu is read",
        "synonyms left out: 1",
        "regular expressions left out: 1",
        "lookup tables left out: 2",
    ]


def test_windows_line_ends_move_no_line(tmp_path: Path) -> None:
    assert read(tmp_path, FILE.replace("\n", "\r\n")).examples == read(tmp_path, FILE).examples


def test_an_intent_may_stand_in_several_places(tmp_path: Path) -> None:
    found = read(tmp_path, 2 * "- intent: greet\n  examples: |\n    - hi\n")
    assert found.problems  # a list alone is no file of Rasa's
    found = read(tmp_path, "nlu:\n" + 2 * "- intent: greet\n  examples: |\n    - hi\n")
    assert [example.line for example in found.examples] == [4, 7]


def test_labels_that_were_named_go_before_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text(FILE, encoding="utf-8")
    found = gather([tmp_path / "nlu.yml"], oos_labels=["greet"])
    assert {example.intent for example in found.examples} == {
        "oos",
        "check_balance",
        "faq/ask_hours",
        "nlu_fallback",
    }


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("from [Rome](city)", "from Rome"),
        ("from [NYC](city:New York) to [Rome](city)", "from NYC to Rome"),
        ('[home]{"entity": "place", "role": "to", "group": "1"} now', "home now"),
        ('[big apple][{"entity": "city"}, {"entity": "fruit", "value": "apple"}]', "big apple"),
        ("[a] and (b)", "[a] and (b)"),
        ("[](x)", "[](x)"),
        ("see [1] (page 2)", "see [1] (page 2)"),
        ("plain", "plain"),
    ],
)
def test_takes_the_marks_of_entities_out(marked: str, text: str) -> None:
    assert without_entities(marked) == text


@pytest.mark.parametrize(
    ("item", "line", "problem"),
    [
        ("- greet", 2, "an entry of nlu must be a mapping"),
        ("- examples: |\n    - hi", 2, "must have an intent, or one of synonym, regex, lookup"),
        ("- intent: greet", 2, "intent greet has no examples"),
        ("- intent: greet\n  examples:", 3, "intent greet has no examples"),
        ("- intent: greet\n  examples: |\n\n", 3, "intent greet has no examples"),
        ("- intent: greet\n  examples: |\n    - hi\n    hello", 5, "must begin with a dash"),
        ("- intent: greet\n  examples: >\n    - hi\n    - hello", 3, "write | instead"),
        ("- intent: greet\n  examples: {a: b}", 3, "must be a text"),
        ("- intent: greet\n  examples:\n  - text: hi\n    txt: x", 5, "unknown key 'txt'"),
        ("- intent: greet\n  examples:\n  - metadata: {}", 4, "has no text"),
        ("- intent: greet\n  example: hi", 3, "unknown key 'example'"),
        ("- intent: greet\n  intent: bye\n  examples: x", 3, "has 'intent' twice"),
        ("- intent: [greet]\n  examples: x", 2, "an intent must be a text"),
        ("- intent: greet\n  metadata: {language: Dutch}\n  examples: |\n    - hi", 5, "is no language tag"),
    ],
)
def test_names_the_line_of_a_mistake_and_goes_on(tmp_path: Path, item: str, line: int, problem: str) -> None:
    found = read(tmp_path, f"nlu:\n{item}\n- intent: bye\n  examples: |\n    - bye\n")
    (wrong,) = found.problems
    assert problem in wrong.problem
    assert wrong.line == line
    assert found.examples[-1].intent == "bye"


def test_a_domain_file_holds_no_examples(tmp_path: Path) -> None:
    (wrong,) = read(tmp_path, "version: '3.1'\nintents:\n- greet\n- bye\n").problems
    assert "a domain file of Rasa's" in wrong.problem


def test_a_domain_with_examples_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, "intents:\n- greet\nnlu:\n- intent: greet\n  examples: |\n    - hi\n")
    assert found.examples == [Example("greet", "", "hi", 6)]
