import os
from pathlib import Path

import pytest

from balie.nlu.examples import Example
from balie.nlu.training_data import Gathered, gather
from balie.nlu.training_data.text_lines import LINE_CHARACTERS

ROW = '{"text": "hoi", "label": "greet", "lang": "nl"}'


def read(folder: Path, content: str | bytes) -> Gathered:
    path = folder / "data.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return gather([path])


def problems(found: Gathered) -> list[tuple[int, str]]:
    return [(wrong.line, wrong.problem) for wrong in found.problems]


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        '{"text": " hoi ", "intent": "greet", "language": "nl"}',
        '{"utt": "hoi", "intent": "greet", "locale": "nl", "id": 7, "nested": {"a": [1]}}',
        '{"text": "hoi", "label": "greet", "intent": "other", "lang": "nl"}',
        '{"text": "h\\u006fi", "label": "greet", "lang": "nl"}',
    ],
)
def test_reads_a_row_as_people_write_it(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, row)
    assert found.examples == [Example("greet", "nl", "hoi", 1)]
    assert not found.problems


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{ROW}\r\n\r\n{ROW}\r\n".encode(),
        f"{ROW}\r{ROW}".encode(),
        f"\n{ROW}\n   \n\t{ROW}".encode(),
        f"{ROW}\n{ROW}\n".encode("utf-16"),
    ],
)
def test_marks_and_line_ends_of_all_kinds_make_no_difference(tmp_path: Path, content: bytes) -> None:
    found = read(tmp_path, content)
    assert [example.text for example in found.examples] == ["hoi", "hoi"]
    assert not found.problems


def test_whole_numbers_are_labels_too(tmp_path: Path) -> None:
    assert read(tmp_path, '{"text": "hoi", "label": 11}').examples == [Example("11", "", "hoi", 1)]


@pytest.mark.parametrize("lang", ["null", '""', '"und"'])
def test_the_language_may_be_left_open(tmp_path: Path, lang: str) -> None:
    (found,) = read(tmp_path, f'{{"text": "hoi", "label": "greet", "lang": {lang}}}').examples
    assert found.language == ""


@pytest.mark.parametrize(
    "text",
    [
        "👍🏽",
        "🙏 bedankt 🙏",
        "مرحبا hello שלום",
        "退款 refund возврат",
        "zero\u200bwidth",
        "👩‍👩‍👧",
        "!!!",
        "x" * 4096,
        "two\\nlines",
    ],
)
def test_scripts_and_signs_of_all_kinds_are_texts(tmp_path: Path, text: str) -> None:
    (found,) = read(tmp_path, f'{{"text": "{text}", "label": "greet"}}').examples
    assert found.text == text.replace("\\n", "\n")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("nonsense", "is not JSON, from column 1"),
        ('{"text": "hoi", "label": "greet"', "is not JSON, from column 33"),
        ("[1]", "is JSON, but no object"),
        ('"hoi"', "is JSON, but no object"),
        ('{"label": "greet"}', "has no text"),
        ('{"text": null, "label": "greet"}', "has no text"),
        ('{"text": "hoi"}', "has no label or intent"),
        ('{"text": 7, "label": "greet"}', "the text is no text"),
        ('{"text": "hoi", "label": true}', "the label is neither"),
        ('{"text": "hoi", "label": ["greet"]}', "the label is neither"),
        ('{"text": "hoi", "label": "greet", "lang": 7}', "the language is no text"),
        ('{"text": "hoi", "label": "greet", "lang": "Dutch!"}', "'Dutch!' is no language tag"),
        ('{"text": "hoi", "label": " "}', "the label is empty"),
        ('{"text": "hoi", "label": "a\\nb"}', "holds a control character"),
        ('{"text": "h\\u0000i", "label": "greet"}', "the text holds a NUL character"),
        ('{"text": "h\\ud83di", "label": "greet"}', "the text holds half a character"),
        ('{"text": "hoi", "text": "hai", "label": "greet"}', "holds text twice"),
        (f'{{"text": "{"x" * 1_000_000}", "label": "greet"}}', "the text has 1000000 characters"),
        (f'{{"text": "{"x" * LINE_CHARACTERS}", "label": "greet"}}', "the line is longer than 1048576"),
        (f'{{"text": {"[" * 20_000}', "is not JSON"),
        (f'{{"text": {"9" * 5000}, "label": "greet"}}', "is not JSON"),
    ],
)
def test_names_the_line_of_a_mistake_and_goes_on(tmp_path: Path, row: str, problem: str) -> None:
    found = read(tmp_path, f"{ROW}\n{row}\n{ROW}\n")
    ((line, told),) = problems(found)
    assert line == 2
    assert problem in told
    assert [example.line for example in found.examples] == [1, 3]


def test_names_the_line_that_is_in_another_encoding(tmp_path: Path) -> None:
    found = read(tmp_path, f"{ROW}\n".encode() + '{"text": "café", "label": "greet"}\n'.encode("latin-1"))
    assert problems(found) == [
        (2, "the line holds the byte 0xE9, which is not UTF-8: save the file as UTF-8")
    ]


def test_says_that_a_file_without_its_mark_is_no_utf8(tmp_path: Path) -> None:
    found = read(tmp_path, ROW.encode("utf-16-le"))
    assert problems(found) == [(1, "the line holds a NUL character: save the file as UTF-8")]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_a_mistake(tmp_path: Path, content: bytes) -> None:
    assert problems(read(tmp_path, content)) == [(0, "is empty")]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data.jsonl")
    ((_, problem),) = problems(gather([tmp_path / "data.jsonl"]))
    assert "is a pipe or a device" in problem
