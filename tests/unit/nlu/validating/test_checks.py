"""What each check finds, and what it leaves alone."""

import json
from pathlib import Path

import pytest
from tests.unit.nlu.validating.found import LANGUAGES, found_by, lines_of, validated, write

from balie.nlu.validating import CHECKS, Severity, validate
from balie.nlu.validating.validation import MOST_FINDINGS

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FILLED = [
    *((f"where is parcel {number}", "parcel") for number in NUMBERS),
    *((f"i want my money back {number}", "refund") for number in NUMBERS),
    *((f"tell me a joke {number}", "oos") for number in NUMBERS),
]


def test_there_is_nothing_to_say_against_good_data(tmp_path: Path) -> None:
    found = validated(tmp_path, FILLED)
    assert not found.findings
    assert (found.examples, found.languages) == (36, {"en": 36})
    assert list(found.intents) == ["parcel", "refund", "oos"]


def test_conflicts_are_the_same_words_under_two_intents(tmp_path: Path) -> None:
    rows = [*FILLED, ("Where's it?", "parcel"), ("where s IT", "refund"), ("where's it", "oos")]
    (conflict,) = found_by("conflict", tmp_path, rows)
    assert conflict.severity is Severity.ERROR
    assert lines_of(conflict) == [37, 38, 39]
    assert conflict.message == "the same words are an example of oos and parcel and refund"


def test_the_same_words_in_two_languages_are_no_conflict(tmp_path: Path) -> None:
    rows = [*FILLED, ("die", "refund", "en"), ("die", "parcel", "de")]
    assert not found_by("conflict", tmp_path, rows)


def test_duplicates_differ_by_case_and_signs_alone(tmp_path: Path) -> None:
    rows = [*FILLED, ("Hello, there!", "parcel"), ("hello there", "parcel"), ("hello thére", "parcel")]
    (duplicate,) = found_by("duplicate", tmp_path, rows)
    assert duplicate.severity is Severity.HINT
    assert lines_of(duplicate) == [37, 38, 39]


@pytest.mark.parametrize(
    ("count", "severity"),
    [(1, Severity.WARNING), (4, Severity.WARNING), (5, Severity.HINT), (9, Severity.HINT), (10, None)],
)
def test_few_examples_are_counted_once_each(tmp_path: Path, count: int, severity: Severity | None) -> None:
    rows = [
        *FILLED,
        *((f"open at {number}", "hours") for number in NUMBERS[:count]),
        ("Open at one!", "hours"),
    ]
    found = found_by("few-examples", tmp_path, rows)
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    if found:
        assert found[0].message == f"hours has {count} different example{'s' if count > 1 else ''}"
        assert lines_of(found[0]) == [37]


def test_a_language_that_an_intent_lacks_is_named(tmp_path: Path) -> None:
    rows = [
        *FILLED,
        *((f"waar is pakje {number}", "parcel", "nl") for number in NUMBERS),
        *((f"wo ist paket {number}", "parcel", "de") for number in NUMBERS[:3]),
        *((f"geld terug {number}", "refund", "nl") for number in NUMBERS),
        ("einmal", "once", "de"),
    ]
    found = found_by("languages", tmp_path, rows)
    assert [(finding.severity, finding.message) for finding in found] == [
        (Severity.HINT, "parcel has few in de (nl 12, de 3, en 12)"),
        (Severity.WARNING, "refund has no examples in de (nl 12, de 0, en 12)"),
    ]


def test_a_language_of_few_intents_is_named_once(tmp_path: Path) -> None:
    rows = [
        *FILLED,
        *((f"open at {number}", "hours") for number in NUMBERS),
        ("wo ist mein paket", "parcel", "de"),
    ]
    (found,) = found_by("languages", tmp_path, rows)
    assert (found.severity, found.message) == (Severity.HINT, "1 of 3 intents have examples in de")


def test_an_intent_that_dwarfs_the_others_is_named(tmp_path: Path) -> None:
    rows = [*FILLED, *((f"anything else {number}", "other") for number in range(241))]
    (found,) = found_by("imbalance", tmp_path, rows)
    assert (
        found.message
        == "other has 241 different examples, 20 times as many as is usual, such as parcel with 12"
    )
    assert not found_by("imbalance", tmp_path, rows[:-1])


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("hi", "greet"), ("hello", "greet")], "there is only one intent, greet"),
        ([("cake", "oos")], "there is only oos, and no intent"),
    ],
)
def test_one_label_alone_is_an_error(tmp_path: Path, rows: list[tuple[str, str]], problem: str) -> None:
    (found,) = found_by("one-intent", tmp_path, rows)
    assert (found.severity, found.message) == (Severity.ERROR, problem)


@pytest.mark.parametrize("name", ["None", "fallback", "nlu_fallback", "out of scope", "OOS"])
def test_names_that_seem_to_mean_out_of_scope_are_named(tmp_path: Path, name: str) -> None:
    (found,) = found_by("oos", tmp_path, [*FILLED[:24], ("cake", name)])
    assert found.message.endswith(f"call it oos or add --oos-label '{name}'")


def test_it_is_said_when_nothing_is_out_of_scope(tmp_path: Path) -> None:
    (found,) = found_by("oos", tmp_path, FILLED[:24])
    assert found.message.startswith("there are no examples of oos")
    assert not found_by("oos", tmp_path, FILLED)


def test_names_that_differ_by_case_or_signs_are_named(tmp_path: Path) -> None:
    rows = [*FILLED, ("a b", "Re-Fund"), ("c d", "order_status"), ("e f", "order status"), ("g h", "orders")]
    found = found_by("label-names", tmp_path, rows)
    assert [finding.message for finding in found] == [
        "Re-Fund and refund differ by case or signs alone",
        "order status and order_status differ by case or signs alone",
    ]
    assert lines_of(found[0]) == [37, 13]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("waar is mijn cafÃ© bon", "holds 'Ã©': UTF-8 that was read in another encoding"),
        ("itâ€™s broken", "UTF-8 that was read in another encoding"),
        ("zero\u200bwidth", "holds the invisible character U+200B"),
        ("soft\u00adhyphen", "holds the invisible character U+00AD"),
        ("over\u202eride", "holds the invisible character U+202E"),
        ("bell\x07", "holds the control character U+0007"),
        ("caf\ufffd", "holds the replacement character U+FFFD"),
        ("rock &amp; roll", "holds '&amp;' of a web page"),
        ("it&#39;s", "holds '&#39;' of a web page"),
        ("one<br/>two", "holds '<br/>' of a web page"),
    ],
)
def test_characters_that_nobody_types_are_named(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = found_by("characters", tmp_path, [*FILLED, (text, "parcel")])
    assert found.severity is Severity.WARNING
    assert problem in found.message
    assert lines_of(found) == [37]


@pytest.mark.parametrize(
    "text",
    [
        "één café à Ürdingen",
        "👩‍👩‍👧 family",
        "R&D < 3 & more",
        "مرحبا",
        "تست\u200cها",
        "two\nlines",
        "Â",
        "naïve – “quoted”",
    ],
)
def test_characters_that_people_type_are_left_alone(tmp_path: Path, text: str) -> None:
    assert not found_by("characters", tmp_path, [*FILLED, (text, "parcel")])


def test_long_texts_are_named(tmp_path: Path) -> None:
    (found,) = found_by("long-text", tmp_path, [*FILLED, ("word " * 101, "parcel"), ("w" * 500, "parcel")])
    assert lines_of(found) == [37]


def test_texts_without_a_word_are_named_and_emoji_are_words(tmp_path: Path) -> None:
    (found,) = found_by("no-words", tmp_path, [*FILLED, ("?!", "parcel"), ("👍", "refund")])
    assert lines_of(found) == [37]


def test_what_cannot_be_read_comes_first_and_the_rest_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path, [*FILLED, ("hello", "parcel"), ("hello", "refund")])
    path.write_text(path.read_text() + "nonsense\n{}\n")
    found = validate([path, tmp_path / "absent.csv"], LANGUAGES)
    assert [(finding.check, lines_of(finding)) for finding in found.findings] == [
        ("file", [39]),
        ("file", [40]),
        ("file", [0]),
        ("conflict", [37, 38]),
    ]
    assert found.severities == {Severity.ERROR: 4}


def test_notes_and_languages_that_are_not_configured_are_told(tmp_path: Path) -> None:
    rows = [*FILLED, ("où est mon colis", "parcel", "fr"), ("", "parcel")]
    assert [finding.message for finding in found_by("left-out", tmp_path, rows)] == [
        "left out, for its text is empty",
        "1 examples are in fr, which is none of nl, de, en",
    ]


def test_findings_are_counted_beyond_those_that_are_kept(tmp_path: Path) -> None:
    rows = [(f"text number {number}", "parcel") for number in range(MOST_FINDINGS + 10) for _ in range(2)]
    found = validated(tmp_path, rows)
    assert found.counts["duplicate"] == MOST_FINDINGS + 10
    assert sum(finding.check == "duplicate" for finding in found.findings) == MOST_FINDINGS
    assert found.severities[Severity.HINT] > MOST_FINDINGS


def test_checks_can_be_skipped(tmp_path: Path) -> None:
    rows = [*FILLED, ("hello", "parcel"), ("hello", "refund"), ("bye", "parcel"), ("bye!", "parcel")]
    found = validate([write(tmp_path, rows)], LANGUAGES, skip=["conflict"])
    assert {finding.check for finding in found.findings} == {"duplicate"}
    assert "conflict" not in found.counts


def test_every_finding_is_of_a_check_that_says_what_to_do(tmp_path: Path) -> None:
    rows = [
        ("hello", "a"),
        ("hello", "b"),
        ("Hello", "a"),
        ("?", "A"),
        ("x" * 501, "none"),
        ("a\x07", "b", "nl"),
    ]
    path = write(tmp_path, rows)
    path.write_text(path.read_text() + "nonsense\n" + json.dumps({"text": "", "label": "a"}))
    found = validate([path], LANGUAGES)
    assert {finding.check for finding in found.findings} <= CHECKS.keys()
    assert len({finding.check for finding in found.findings}) >= 9
    order = list(CHECKS)
    places = [order.index(finding.check) for finding in found.findings]
    assert places == sorted(places)


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    validate([write(tmp_path, FILLED)], LANGUAGES, progress=lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
