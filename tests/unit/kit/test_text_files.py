"""Text files that people made: lines, encodings and columns."""

from pathlib import Path

import pytest

from balie.kit.text_files.encoding import as_windows_1252, is_encoding, undecoded, wrong_encoding
from balie.kit.text_files.lines import FileUnreadable, read_lines
from balie.kit.text_files.rows import read_rows


def put(folder: Path, data: bytes) -> Path:
    path = folder / "file.txt"
    path.write_bytes(data)
    return path


def test_tells_lines_that_cannot_be_used_and_goes_on(tmp_path: Path) -> None:
    file = put(tmp_path, b"one\r\n\xe9\ntwo" + b"x" * 50 + b"\na\0b\nlast")
    found = [(line.place, line.text, line.problem) for line in read_lines(file, max_characters=20)]
    assert found[0] == (1, "one\n", "")
    assert found[1][2] == "holds the byte 0xE9, which is not UTF-8: save the file as UTF-8"
    assert found[2][2] == "is longer than 20 characters"
    assert found[3][2] == "holds a NUL character: save the file as UTF-8"
    assert found[4] == (5, "last", "")


def test_reports_how_far_it_is(tmp_path: Path) -> None:
    file = put(tmp_path, b"line\n" * 100_000)
    seen: list[int] = []
    assert sum(1 for _ in read_lines(file, max_characters=20, on_bytes=seen.append)) == 100_000
    assert seen == sorted(seen)
    assert len(seen) == 500
    assert 480_000 < seen[-1] <= 500_000


@pytest.mark.parametrize("encoding", ["", "utf-32"])
def test_tells_a_file_that_cannot_be_read_on(tmp_path: Path, encoding: str) -> None:
    file = put(tmp_path, b"\xff\xfea")
    with pytest.raises(FileUnreadable):
        list(read_lines(file, max_characters=20, encoding=encoding))


def test_refuses_a_pipe(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="pipe"):
        list(read_lines(Path("/dev/zero"), max_characters=20))


def test_knows_encodings_of_text() -> None:
    assert is_encoding("windows-1252")
    assert not is_encoding("klingon")
    assert not is_encoding("rot13")


def test_tells_what_a_byte_would_be_in_windows_1252() -> None:
    line = b"na\xefef \x80".decode("utf-8", "surrogateescape")
    assert undecoded(line) == (0xEF, 3)
    assert as_windows_1252(line) == "naïef €"
    assert as_windows_1252(b"\x81".decode("utf-8", "surrogateescape")) == ""
    assert undecoded("naïef") is None
    assert wrong_encoding("\ud83d") == "holds half a character: check how its escapes were written"


def test_a_row_begins_where_its_first_line_does() -> None:
    lines = enumerate(['a,"b\n', 'c"\n', "\n", "d,e\n", 'f,"g"h\n', "i,j\n"], start=5)
    found = list(read_rows(lines, ",", quoted=True))
    assert [(row.place, list(row.cells)) for row in found if not row.problem] == [
        (5, ["a", "b\nc"]),
        (8, ["d", "e"]),
        (10, ["i", "j"]),
    ]
    assert [(row.place, row.problem) for row in found if row.problem] == [
        (9, "a quote stands inside a text in quotes: write it twice")
    ]
