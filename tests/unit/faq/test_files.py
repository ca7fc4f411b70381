"""Files of entries: both kinds are read alike, and what is wrong is named with its line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent, EntryText
from balie.faq.knowledge.files import FileEntry, count_entries, read_entries

YAML = """\
collection: ferry
languages: [nl, 'no']
entries:
  # Dogs
  - id: dogs
    tags: [dogs, prices]
    metadata: {owner: 12}
    texts:
      nl:
        question: Mag mijn hond mee?
        phrasings: [hond, 'yes', 2024]
        answer: >-
          Ja, aan de
          lijn.
      no:
        question: Kan hunden bli med?
        answer: Ja.
  - id: cats
    texts:
      nl: {question: En de kat?, answer: Ook.}
"""


def wrong(path: Path) -> EntryFileWrong:
    with pytest.raises(EntryFileWrong) as caught:
        list(read_entries(path))
    assert str(path) in str(caught.value)
    return caught.value


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_reads_yaml_with_every_scalar_as_text(tmp_path: Path) -> None:
    dogs, cats = read_entries(written(tmp_path, "faq.yaml", YAML))
    made = EntryContent(
        id="dogs",
        texts=(
            EntryText("nl", "Mag mijn hond mee?", ("hond", "yes", "2024"), "Ja, aan de lijn."),
            EntryText("no", "Kan hunden bli med?", (), "Ja."),
        ),
        tags=("dogs", "prices"),
        metadata={"owner": "12"},
    )
    assert dogs == FileEntry(made, 5)
    assert (cats.id, cats.place) == ("cats", 18)


def test_reads_json_lines_in_both_forms(tmp_path: Path) -> None:
    whole = {
        "id": "a",
        "texts": {"nl": {"question": "q", "answer": "a"}},
        "tags": ["t"],
        "metadata": {"k": "v"},
    }
    flat = {"id": "b", "question": "q", "answer": "a", "lang": "en", "source": "elsewhere"}
    path = written(tmp_path, "faq.jsonl", f"{json.dumps(whole)}\n\n{json.dumps(flat)}\n")
    first, second = read_entries(path)
    assert first == FileEntry(EntryContent("a", (EntryText("nl", "q", (), "a"),), ("t",), {"k": "v"}), 1)
    assert second == FileEntry(EntryContent("b", (EntryText("en", "q", (), "a"),)), 3)


def test_reads_a_file_that_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert count_entries(written(tmp_path, "faq.yaml", b"\xef\xbb\xbf" + YAML.encode())) == 2
    line = b'{"id": "b", "question": "q", "answer": "a", "language": "en"}'
    assert count_entries(written(tmp_path, "faq.jsonl", b"\xef\xbb\xbf" + line)) == 1


@pytest.mark.parametrize(
    ("find", "put", "line", "says"),
    [
        ("- id: cats", "- name: cats", 18, "'name'"),
        ("- id: cats", "- id: ''", 18, "'id'"),
        ("tags: [dogs, prices]", "tags: dogs", 5, "'tags'"),
        ("metadata: {owner: 12}", "metadata: 12", 5, "'metadata'"),
        ("question: Mag mijn hond mee?", "question: [a]", 5, "'question'"),
        ("question: Mag mijn hond mee?", "vraag: Mag mijn hond mee?", 5, "'vraag'"),
        ("      no:", "      nl:", 15, "'nl' is given twice"),
        ("phrasings: [hond, 'yes', 2024]", "phrasings: {a: b}", 5, "'phrasings'"),
        ("metadata: {owner: 12}", "metadata: {[a]: 12}", 7, "key"),
        ("metadata: {owner: 12}", "metadata: {a: {b: {c: {d: {e: {f: {g: h}}}}}}}", 7, "deep"),
        ("metadata: {owner: 12}", "metadata: &a {b: *a}", 7, "deep"),
        ("collection: ferry", "collection: [ferry", 2, "YAML"),
        ("entries:", "entry:", 1, "`entries`"),
    ],
)
def test_names_the_line_of_what_is_wrong_in_yaml(
    tmp_path: Path, find: str, put: str, line: int, says: str
) -> None:
    assert find in YAML
    failure = wrong(written(tmp_path, "faq.yaml", YAML.replace(find, put, 1)))
    assert failure.line == line
    assert says in failure.problem


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[1]", "mapping"),
        ('{"id": 7, "question": "q", "answer": "a", "lang": "en"}', "'id'"),
        ('{"id": "b", "question": "q", "lang": "en"}', "'answer'"),
        ('{"id": "b", "question": "q", "answer": "a"}', "'language'"),
        ('{"id": "b", "texts": {"nl": []}}', "'nl'"),
        ('{"id": "b", "texts": {"nl": {"question": "q", "answer": "a", "phrasings": [1]}}}', "'phrasings'"),
    ],
)
def test_names_the_line_of_what_is_wrong_in_json_lines(tmp_path: Path, second: str, says: str) -> None:
    first = '{"id": "a", "question": "q", "answer": "a", "lang": "en"}'
    failure = wrong(written(tmp_path, "faq.jsonl", f"{first}\n{second}\n"))
    assert failure.line == 2
    assert says in failure.problem


@pytest.mark.parametrize("name", ["faq.yaml", "faq.jsonl"])
def test_refuses_another_encoding(tmp_path: Path, name: str) -> None:
    failure = wrong(written(tmp_path, name, "\nvraag: één".encode("latin-1")))
    assert failure.line == 2
    assert failure.problem.startswith("the byte 0xE9 in column 8 is not UTF-8; in Windows-1252 it is 'é'")
    assert "--encoding windows-1252" in failure.problem


@pytest.mark.parametrize("name", ["faq.yaml", "faq.jsonl"])
def test_refuses_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    assert "cannot be read" in wrong(tmp_path / name).problem


def test_refuses_a_kind_that_it_does_not_know(tmp_path: Path) -> None:
    assert ".jsonl" in wrong(written(tmp_path, "faq.docx", "id")).problem


def test_gives_up_on_an_entry_that_aliases_blow_up(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in ("ab", "bc", "cd", "de")]
    text = "\n".join([*lines, "entries:", "  - {id: x, tags: *e}"])
    assert "too large" in wrong(written(tmp_path, "faq.yaml", text)).problem


def test_needs_no_heavy_library() -> None:
    script = (
        "import sys, balie.faq.knowledge.files\n"
        "print([name for name in ('numpy', 'faiss', 'grpc', 'sqlalchemy', 'google.protobuf') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
