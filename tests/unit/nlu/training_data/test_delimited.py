from pathlib import Path

import pytest

from balie.nlu.examples import Example
from balie.nlu.training_data import Gathered, gather

HOI = Example("greet", "nl", "hoi", 2)


def read(folder: Path, content: str | bytes, name: str = "data.csv") -> Gathered:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return gather([path])


def problems(found: Gathered) -> list[tuple[int, str]]:
    return [(wrong.line, wrong.problem) for wrong in found.problems]


@pytest.mark.parametrize(
    "content",
    [
        "text,label,lang\nhoi,greet,nl\n",
        "text;label;lang\nhoi;greet;nl",
        "text\tlabel\tlang\nhoi\tgreet\tnl\n",
        "text|intent|language\nhoi|greet|nl\n",
        '"Text", "Label","lang"\n" hoi ", greet ,nl\n',
        "id,locale,intent,utterance\n7,nl,greet,hoi\n",
        "text,label,lang,,\nhoi,greet,nl,,\n",
        "text,label,lang\nhoi,greet,nl,,\n",
        "\ufefftext,label,lang\r\nhoi,greet,nl\r\n\r\n",
        "text,label,lang\rhoi,greet,nl\r",
    ],
)
def test_reads_tables_as_programs_write_them(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content)
    assert found.examples == [HOI]
    assert not found.problems


def test_reads_what_excel_writes(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=;\r\ntext;label;lang\r\nhoi;greet;nl\r\n").examples == [
        Example("greet", "nl", "hoi", 3)
    ]
    assert read(
        tmp_path, "text\tlabel\tlang\r\nhoi\tgreet\tnl\r\n".encode("utf-16"), "data.txt"
    ).examples == [HOI]


def test_texts_in_quotes_may_hold_anything(tmp_path: Path) -> None:
    found = read(tmp_path, 'text,label\n"a, b\nand ""c""",greet\n\n"d",bye\n')
    assert found.examples == [Example("greet", "", 'a, b\nand "c"', 2), Example("bye", "", "d", 5)]
    assert not found.problems


def test_quotes_in_files_of_tabs_are_signs_unless_all_of_them_are_quotes(tmp_path: Path) -> None:
    plain = read(tmp_path, 'text\tlabel\n"hoi\tgreet\n"zeg" 5" scherm\tbuy\n', "data.tsv")
    assert [example.text for example in plain.examples] == ['"hoi', '"zeg" 5" scherm']
    quoted = read(tmp_path, 'text\tlabel\n"hoi\tdaar"\tgreet\n"5"" scherm"\tbuy\n', "data.tsv")
    assert [example.text for example in quoted.examples] == ["hoi\tdaar", '5" scherm']
    assert not plain.problems
    assert not quoted.problems


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("hoi", "has 1 columns, the header has 3"),
        ("hoi, daar,greet,nl", "has 4 columns, the header has 3: put a text that holds ',' between quotes"),
        ("hoi,,nl", "the label is empty"),
        ("hoi,greet,Dutch", "'Dutch' is no language tag"),
        ('"say "hoi" now",greet,nl', "write it twice"),
        (f"{'x' * 5000},greet,nl", "the text has 5000 characters"),
        (f"{'x' * 1_000_000},greet,nl", "a column has more than 131072 characters"),
        (f"{'x' * 2_000_000},greet,nl", "the line is longer than"),
        ("h\0i,greet,nl", "the line holds a NUL character"),
    ],
)
def test_names_the_line_of_a_mistake_and_goes_on(tmp_path: Path, row: str, problem: str) -> None:
    found = read(tmp_path, f"text,label,lang\nhoi,greet,nl\n{row}\ndoei,bye,nl\n")
    ((line, told),) = problems(found)
    assert line == 3
    assert problem in told
    assert [example.line for example in found.examples] == [2, 4]


def test_a_quote_that_is_not_closed_is_named_with_the_line_it_begins_in(tmp_path: Path) -> None:
    found = read(tmp_path, 'text,label\nhoi,greet\n"doei,bye\nmeer,more\n')
    assert problems(found) == [(3, "a quote that begins in this row is not closed")]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", 0, "is empty"),
        ("\n\n", 0, "is empty"),
        (
            "hoi,greet\n",
            1,
            "must name the columns text and label (or intent), and perhaps lang; it has 'hoi', 'greet'",
        ),
        ("\ntext;lang\nhoi;nl\n", 2, "it has 'text', 'lang'"),
        ("hé,label\n".encode("latin-1"), 1, "which is not UTF-8"),
    ],
)
def test_a_table_needs_a_header(tmp_path: Path, content: str | bytes, line: int, problem: str) -> None:
    ((found, told),) = problems(read(tmp_path, content))
    assert found == line
    assert problem in told


def test_a_header_alone_holds_nothing_wrong(tmp_path: Path) -> None:
    found = read(tmp_path, "text,label\n")
    assert not found.examples
    assert not found.problems
