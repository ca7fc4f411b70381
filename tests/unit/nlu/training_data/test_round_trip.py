"""What is written in any format is read back the same."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.nlu.examples import Example
from balie.nlu.training_data import gather
from balie.nlu.training_data.formats import WRITERS
from balie.nlu.training_data.rasa import OOS_LABELS, without_entities

LABELS = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda name: name and name not in ("oos", *OOS_LABELS))
) | st.just("oos")
TEXTS = (
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=60)
    .map(lambda text: text.replace("\r", "").strip())
    .filter(lambda text: any(sign.isprintable() and sign != " " for sign in text))
) | st.sampled_from(
    [
        "no",
        "~",
        "- x",
        "# x",
        "a: b",
        '"',
        "'",
        "|",
        "a,b;c",
        'say "hi"',
        "two\nlines",
        "null",
        "😀",
        "0",
        "x #y",
        "1e3",
    ]
)
EXAMPLES = st.lists(st.tuples(LABELS, st.sampled_from(["nl", "de", "pt-BR"]), TEXTS), min_size=1, max_size=12)


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, max_examples=60)
@given(rows=EXAMPLES)
def test_what_is_written_is_read_back(name: str, rows: list[tuple[str, str, str]]) -> None:
    rows = [row for row in rows if name != "rasa" or without_entities(row[2]) == row[2]]
    target = WRITERS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{target.ending}"
        with path.open("w", encoding="utf-8", newline="") as stream:
            target.write([Example(*row) for row in rows], stream)
        found = gather([path])
    assert not found.problems or not rows
    assert sorted((e.intent, e.language, e.text) for e in found.examples) == sorted(rows)


@pytest.mark.parametrize("name", ["csv", "jsonl", "rasa"])
def test_a_language_that_nobody_knows_stays_unknown(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{WRITERS[name].ending}"
    with path.open("w", encoding="utf-8", newline="") as stream:
        WRITERS[name].write([Example("greet", "", "hoi")], stream)
    assert gather([path]).examples == [Example("greet", "", "hoi", gather([path]).examples[0].line)]


def test_balies_own_format_needs_languages(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("w") as stream, pytest.raises(ValueError, match="needs the language"):
        WRITERS["yaml"].write([Example("greet", "", "hoi")], stream)


def test_what_rasa_would_take_for_an_entity_is_not_written(tmp_path: Path) -> None:
    with (tmp_path / "a.yml").open("w") as stream, pytest.raises(ValueError, match="for an entity"):
        WRITERS["rasa"].write([Example("greet", "nl", "see [this](https://example.org)")], stream)
