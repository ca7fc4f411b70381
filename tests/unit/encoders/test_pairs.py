"""Reading sentence pairs: both kinds of file, and a sentence that says what to do for everything that is none."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from balie.encoders.adapting.english_texts import EnglishTextsUnusable, read_english
from balie.encoders.adapting.errors import (
    PairsFileEmpty,
    PairsFileUnreadable,
    PairsLanguageAbsent,
    PairsLanguageWrong,
    PairsLineWrong,
    PairsMissing,
    PairsUnusable,
)
from balie.encoders.adapting.pairs import (
    LEAST_PAIRS,
    MOST_CHARACTERS,
    MOST_LINE_BYTES,
    MOST_WORDS,
    read_pairs,
)


def written(file: Path, rows: Sequence[object]) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def rows(count: int = LEAST_PAIRS) -> list[dict[str, str]]:
    return [{"en": f"day {place}", "nl": f"dag {place}", "de": f"Tag {place}"} for place in range(count)]


def test_reads_texts_that_share_a_line(tmp_path: Path):
    file = written(tmp_path / "shop.jsonl", [*rows(), {"en": "only here", "de": "nur hier"}])

    dutch, german = read_pairs([file], ["nl", "de"])

    assert (dutch.language, german.language) == ("nl", "de")
    assert dutch.texts == tuple((row["en"], row["nl"]) for row in rows())
    assert german.texts[-1] == ("only here", "nur hier")
    assert len(german.texts) == LEAST_PAIRS + 1
    assert str(file) in dutch.files


def test_joins_texts_of_several_files_by_id(tmp_path: Path):
    count = LEAST_PAIRS
    english = [
        {"id": place, "lang": "en", "text": f"day {place}", "label": "x"} for place in range(count + 1)
    ]
    # In another order, and ids as text: what counts is what the id says.
    dutch = [{"id": str(place), "lang": "nl", "text": f"dag {place}"} for place in reversed(range(count + 1))]
    french = [{"id": 1, "lang": "fr", "text": "jour"}, {"id": 1, "lang": "fr", "text": "encore"}]
    files = [
        written(tmp_path / f"{name}.jsonl", content)
        for name, content in (("nl", dutch[1:]), ("en", english), ("fr", french))
    ]

    (pairs,) = read_pairs(files, ["nl"])

    assert pairs.texts == tuple((f"day {place}", f"dag {place}") for place in range(count))


def test_leaves_out_blank_and_long_texts_and_counts_them(tmp_path: Path):
    extra = [
        {"en": " ", "nl": "leeg"},
        {"en": "empty", "nl": ""},
        {"en": "x" * (MOST_CHARACTERS + 1), "nl": "lang"},
        {"en": "many", "nl": "a " * (MOST_WORDS + 1)},
        {"en": "x" * MOST_CHARACTERS, "nl": "a " * MOST_WORDS},
    ]

    (pairs,) = read_pairs([written(tmp_path / "pairs.jsonl", [*rows(), *extra])], ["nl"])

    assert (pairs.blank, pairs.too_long) == (2, 2)
    assert len(pairs.texts) == LEAST_PAIRS + 1


def test_passes_over_blank_lines_and_a_byte_order_mark(tmp_path: Path):
    file = written(tmp_path / "pairs.jsonl", rows())
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n\r\n"))

    assert len(read_pairs([file], ["nl"])[0].texts) == LEAST_PAIRS


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"day = dag", "not JSON"),
        (b"[" * 30_000, "not JSON"),
        (b'["day", "dag"]', "no object"),
        (b'{"en": "day", "nl": 5}', '"nl" is no text'),
        (b'{"en": null, "nl": "dag"}', '"en" is no text'),
        (b'{"en": "day", "nl": "\\ud83d"}', "half a character"),
        (b'{"nl": "dag"}', 'no "en"'),
        (b'{"id": 1.5, "lang": "nl", "text": "dag"}', '"id" is neither'),
        (b'{"id": 1, "lang": ["nl"], "text": "dag"}', '"lang" is no text'),
        (b'{"en": "day", "nl": "\xff"}', "not UTF-8"),
    ],
)
def test_names_file_and_line_of_what_is_no_pair(tmp_path: Path, line: bytes, problem: str):
    file = written(tmp_path / "pairs.jsonl", rows())
    file.write_bytes(file.read_bytes() + line + b"\n")

    with pytest.raises(PairsLineWrong, match=problem) as caught:
        read_pairs([file], ["nl"])

    assert f"{file}, line {LEAST_PAIRS + 1}: " in str(caught.value)


def test_refuses_a_huge_line_without_reading_it(tmp_path: Path):
    import tracemalloc

    file = tmp_path / "pairs.jsonl"
    file.write_bytes(b'{"en": "' + b"x" * 10_000_000 + b'", "nl": "lang"}\n')
    tracemalloc.start()
    try:
        with pytest.raises(PairsLineWrong, match="line 1: longer than 65536 bytes"):
            read_pairs([file], ["nl"])
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 20 * MOST_LINE_BYTES


def test_takes_a_line_of_just_the_limit(tmp_path: Path):
    file = written(tmp_path / "pairs.jsonl", rows())
    row = b'{"en": "day", "nl": "dag", "more": ""}\n'
    with file.open("ab") as stream:
        stream.write(row.replace(b'""', b'"' + b"x" * (MOST_LINE_BYTES - len(row)) + b'"'))

    assert len(read_pairs([file], ["nl"])[0].texts) == LEAST_PAIRS + 1


def test_refuses_a_second_text_of_an_id(tmp_path: Path):
    texts = [{"id": place, "lang": "en", "text": "day"} for place in (1, 2, 1)]

    with pytest.raises(
        PairsLineWrong, match=r"line 3: a second text of id 1 in en; .*one data set at a time"
    ):
        read_pairs([written(tmp_path / "pairs.jsonl", texts)], ["nl"])


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_refuses_an_empty_file(tmp_path: Path, content: str):
    file = tmp_path / "pairs.jsonl"
    file.write_text(content)

    with pytest.raises(PairsFileEmpty, match=r"pairs\.jsonl is empty"):
        read_pairs([file], ["nl"])


def test_refuses_too_few_pairs_of_a_language(tmp_path: Path):
    file = written(tmp_path / "pairs.jsonl", [*rows(), {"en": "day", "fr": "jour"}])

    with pytest.raises(
        PairsMissing, match=r"pairs\.jsonl: usable pairs of en and fr: 1, needed: at least 20"
    ):
        read_pairs([file], ["nl", "fr"])


def test_capitals_in_the_name_of_a_language_do_not_count(tmp_path: Path):
    files = [
        written(tmp_path / "together.jsonl", [{"EN": row["en"], "Nl": row["nl"]} for row in rows()]),
        written(
            tmp_path / "apart.jsonl",
            [{"id": 1, "lang": lang, "text": text} for lang, text in (("En", "night"), ("nL", "nacht"))],
        ),
    ]

    (pairs,) = read_pairs(files, ["NL"])

    assert pairs.language == "NL"
    assert pairs.texts == (*((row["en"], row["nl"]) for row in rows()), ("night", "nacht"))


def test_names_the_languages_that_there_are(tmp_path: Path):
    apart = [{"id": "1", "lang": "pt-BR", "text": "dia"}, {"id": "1", "lang": "en", "text": "day"}]
    file = written(tmp_path / "pairs.jsonl", [*({"id": "a", **row} for row in rows()), *apart])

    with pytest.raises(PairsLanguageAbsent, match="en and fr: 0; they hold de, nl, pt-BR: name one of those"):
        read_pairs([file], ["fr"])
    with pytest.raises(PairsLanguageAbsent, match="en and fr: 0; they hold no language but en"):
        read_pairs([written(tmp_path / "none.jsonl", [{"en": "day"}])], ["fr"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
@pytest.mark.timeout(20)
def test_does_not_wait_for_a_pipe(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(PairsFileUnreadable, match="pipe cannot be read: it is a pipe or a device, and not"):
        read_pairs([tmp_path / "pipe"], ["nl"])
    with pytest.raises(EnglishTextsUnusable, match="pipe: it is a pipe or a device, and not a regular file"):
        read_english(tmp_path / "pipe")


def test_refuses_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(PairsFileUnreadable, match=r"none\.jsonl cannot be read: No such file"):
        read_pairs([tmp_path / "none.jsonl"], ["nl"])
    with pytest.raises(PairsUnusable, match="cannot be read: Is a directory"):
        read_pairs([tmp_path], ["nl"])


@pytest.mark.parametrize("language", ["en", "EN", "", "n", "dutch", "nl_NL"])
def test_refuses_what_is_no_language_to_learn(tmp_path: Path, language: str):
    with pytest.raises(PairsLanguageWrong, match="name it such as nl"):
        read_pairs([written(tmp_path / "pairs.jsonl", rows())], [language])
