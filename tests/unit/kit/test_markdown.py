"""Tables in Markdown, and their place in a document."""

import pytest

from balie.kit.text_files.markdown import Marks, MarksMissing, table

MARKS = Marks("balie count sheep")


def test_a_table_has_a_rule_and_keeps_bars_apart():
    assert table(["a", "b"], [["1", "x|y"]]) == ["", "| a | b |", "| --- | --- |", "| 1 | x\\|y |", ""]


def test_a_table_takes_the_place_of_the_one_before():
    document = f"before\n{MARKS.begin}\nold\n{MARKS.end}\nafter\n"

    once = MARKS.placed(document, "| new |")

    assert once == f"before\n{MARKS.begin}\n\n| new |\n\n{MARKS.end}\nafter\n"
    assert MARKS.placed(once, "| new |") == once


@pytest.mark.parametrize("document", ["nothing", f"{MARKS.end}\n{MARKS.begin}"])
def test_a_document_without_a_place_for_it_is_left_alone(document: str):
    with pytest.raises(MarksMissing, match="needs the lines"):
        MARKS.placed(document, "| new |")
