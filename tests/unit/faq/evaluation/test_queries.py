"""Files of questions with known answers, and questions made unanswerable."""

from pathlib import Path

import pytest

from balie.faq.errors import EntryFileWrong
from balie.faq.evaluation.queries import EvalQuery, known, read_queries
from balie.faq.evaluation.unanswerable import made_unanswerable
from balie.faq.knowledge.files import Source

GOOD = '{"text": " may I bring a dog ", "entry_ids": ["dogs"], "lang": "en"}'


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "queries.jsonl"
    path.write_bytes(text.encode(encoding))
    return path


def test_reads_questions_with_their_lines_and_languages(tmp_path: Path):
    path = written(tmp_path, f'{GOOD}\n\n{{"text": "hond", "entry_ids": []}}\n')

    first, second = read_queries(Source(path, language="nl"))

    assert first == EvalQuery("may I bring a dog", frozenset({"dogs"}), "en")
    assert (second.text, second.language, second.line) == ("hond", "nl", 3)


def test_reads_utf_16_and_what_is_named(tmp_path: Path):
    umlaut = '{"text": "für", "entry_ids": []}\n'

    assert read_queries(written(tmp_path, umlaut, "utf-16"))[0].text == "für"
    path = written(tmp_path, umlaut, "windows-1252")
    assert read_queries(Source(path, "windows-1252"))[0].text == "für"
    with pytest.raises(EntryFileWrong, match=r":1: the byte 0xFC .* --encoding windows-1252"):
        read_queries(path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "needs a `text`"),
        ('{"text": " ", "entry_ids": []}', "needs a `text`"),
        ('{"text": "a"}', "`entry_ids` must be a list"),
        ('{"text": "a", "entry_ids": "dogs"}', "`entry_ids` must be a list"),
        ('{"text": "a", "entry_ids": [1]}', "`entry_ids` must be a list"),
        ('{"text": "a", "entry_ids": [], "lang": 3}', "`lang` must be a text"),
        (r'{"text": "\ud800", "entry_ids": []}', "half of a character"),
    ],
)
def test_names_the_line_that_is_no_question(tmp_path: Path, line: str, problem: str):
    path = written(tmp_path, f"{GOOD}\n\n{line}\n")

    with pytest.raises(EntryFileWrong, match=f":3: .*{problem}"):
        read_queries(path)


def test_a_file_that_is_empty_or_not_there_is_said(tmp_path: Path):
    with pytest.raises(EntryFileWrong, match="holds no question"):
        read_queries(written(tmp_path, "\n"))
    with pytest.raises(EntryFileWrong, match="cannot be read"):
        read_queries(tmp_path / "nowhere.jsonl")


def test_an_entry_that_is_not_there_is_named_with_its_line_and_the_one_that_may_be_meant(tmp_path: Path):
    path = written(tmp_path, f'{GOOD}\n\n{{"text": "a", "entry_ids": ["dog"]}}\n')

    with pytest.raises(EntryFileWrong) as error:
        known(read_queries(path), frozenset({"dogs", "cats"}), path)

    assert (error.value.line, error.value.problem) == (
        3,
        "there is no published entry 'dog'; is 'dogs' meant?",
    )


def test_a_share_of_the_questions_is_made_unanswerable_whatever_their_order():
    queries = [EvalQuery(f"question {number}", frozenset({f"e{number}"})) for number in range(50)]

    made = made_unanswerable(queries, 0.3)

    assert [one.text for one in made] == [one.text for one in queries]
    taken = {one.text: one for one in made if one.without}
    assert len(taken) == 15
    assert all(not one.entry_ids for one in taken.values())
    assert {one.without for one in taken.values()} <= {one.entry_ids for one in queries}
    again = made_unanswerable(queries[::-1], 0.3)
    assert {one.text for one in again if one.without} == set(taken)
