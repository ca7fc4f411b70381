"""The word table's file: the same table gives the same bytes, and every damage is named by its line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.encoders.toy import toy_tokenizer

from balie.encoders.adapting.errors import WordTableDamaged, WordTableUnfitting
from balie.encoders.adapting.word_table import (
    NewWord,
    WordTable,
    apply_table,
    default_table,
    parse_table,
    read_table,
    table_text,
)
from balie.encoders.adapting.words import Vocabulary
from balie.encoders.errors import EncoderUnavailable
from balie.encoders.folder.graph import BertShape
from balie.encoders.folder.model import WORD_ROWS, Model

TABLE = WordTable(
    languages={"nl": 2, "de": 1},
    vocabulary=Vocabulary(toy_tokenizer()).fingerprint,
    sources=("some pairs, their makers, MIT", "others"),
    words=(
        NewWord("dag", (("day", 90), ("good", 9))),
        NewWord("hond", (("dog", 99),)),
        NewWord("tag", (("day", 1),)),
    ),
)
TEXT = table_text(TABLE)


def model(entries: int | None = None) -> Model:
    tokenizer = toy_tokenizer()
    rng = np.random.default_rng(5)
    count = len(Vocabulary(tokenizer)) if entries is None else entries
    weights = {WORD_ROWS: rng.normal(size=(count, 4)).astype(np.float32), "layer": np.ones(3, np.float32)}
    return Model("toy", "a test", "MIT", BertShape(1, 1, 4, 1e-12), weights, tokenizer, 32)


def test_reads_what_it_wrote(tmp_path: Path):
    (tmp_path / "table.txt").write_bytes(TEXT.encode())

    assert read_table(tmp_path / "table.txt") == TABLE
    assert table_text(read_table(tmp_path / "table.txt")) == TEXT


WORDS = st.text(st.characters(categories=("Ll", "Lo")), min_size=2, max_size=12)
PARTNERS = st.lists(
    st.tuples(WORDS, st.integers(1, 99)), min_size=1, max_size=5, unique_by=lambda partner: partner[0]
)


@given(st.dictionaries(WORDS, PARTNERS, min_size=1, max_size=8))
def test_any_table_comes_back(words: dict[str, list[tuple[str, int]]]):
    table = replace(TABLE, words=tuple(NewWord(word, tuple(words[word])) for word in sorted(words)))

    assert parse_table(table_text(table).encode(), "a table") == table


def swapped(old: str, new: str) -> Callable[[str], str]:
    def damage(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return damage


@pytest.mark.parametrize(
    ("damage", "line", "problem"),
    [
        (swapped("table 1", "table 2"), 1, "is not '# balie word table 1'"),
        (lambda _text: "", 1, "is not"),
        (swapped("# languages: ", ""), 2, "does not state the languages"),
        (swapped("nl 2, de 1", "nl two"), 2, "does not state the languages"),
        (swapped("nl 2, de 1", "nl 2, nl 1"), 2, "names a language twice"),
        (swapped("sha256:", "md5:"), 3, "does not state the vocabulary"),
        (swapped("# words: 3", "# words: 0"), 6, "does not state the words"),
        (swapped("# words: 3", "# words: 100001"), 6, "states more than 100000 words"),
        (swapped("# words: 3", "# words: 2"), 9, "comes after the 2 words"),
        (swapped("# words: 3", "# words: 4"), 10, "is not a word, then English words"),
        (swapped("# words: 3", "# words: 5"), 10, "is not a word, then English words"),
        (lambda text: text.rstrip("\n"), 10, "is missing"),
        (lambda text: text + "\n", 10, "comes after the 3 words"),
        (lambda text: text[: text.index("tag")], 9, "is not a word, then English words"),
        (swapped("hond dog 99", "hond"), 8, "is not a word, then English words"),
        (swapped("hond dog 99", "hond dog"), 8, "is not a word, then English words"),
        (swapped("hond dog 99", "hond  99"), 8, "is not a word, then English words"),
        (swapped("hond dog", "h9nd dog"), 8, "holds 'h9nd', which is no word"),
        (swapped("hond dog 99", "hond dog 100"), 8, "holds a weight that is not in 1 to 99"),
        (swapped("hond dog 99", "hond dog 0"), 8, "holds a weight"),
        (swapped("hond dog 99", "hond dog \u0663"), 8, "holds a weight"),
        (swapped("good 9", "day 9"), 7, "holds an English word twice"),
        (swapped("hond", "dag"), 8, "holds 'dag' twice or out of order"),
        (swapped("hond", "bond"), 8, "holds 'bond' twice or out of order"),
        (swapped("\n", "\r\n"), 1, "is not"),
    ],
)
def test_names_the_line_that_is_damaged(
    tmp_path: Path, damage: Callable[[str], str], line: int, problem: str
):
    file = tmp_path / "table.txt"
    file.write_bytes(damage(TEXT).encode())

    with pytest.raises(WordTableDamaged) as caught:
        read_table(file)

    assert f"{file}, line {line}, {problem}" in str(caught.value)
    assert isinstance(caught.value, EncoderUnavailable)


def test_refuses_bytes_that_are_no_text(tmp_path: Path):
    file = tmp_path / "table.txt"
    file.write_bytes(TEXT.encode().replace(b"hond", b"h\xffnd"))

    with pytest.raises(WordTableDamaged, match="line 8, is not UTF-8"):
        read_table(file)


def test_refuses_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(WordTableDamaged, match="cannot be read"):
        read_table(tmp_path / "none.txt")


def test_teaches_a_model_without_changing_what_is_there():
    plain = model()

    taught = apply_table(plain, TABLE)

    old, new = plain.weights[WORD_ROWS], taught.weights[WORD_ROWS]
    assert new[: len(old)].tobytes() == old.tobytes()
    vocabulary = Vocabulary(taught.tokenizer)
    (day,), (good,), (dag,), (tag,) = map(vocabulary.ids, ("day", "good", "dag", "tag"))
    assert (dag, tag) == (len(old), len(old) + 2)
    assert new[dag] == pytest.approx((old[day] * 90 + old[good] * 9) / 99, abs=1e-6)
    assert new[tag].tobytes() == old[day].tobytes()
    assert taught.weights["layer"] is plain.weights["layer"]
    assert replace(taught, tokenizer=plain.tokenizer, weights=plain.weights) == plain


def test_refuses_another_vocabulary_and_a_second_time():
    other = replace(TABLE, vocabulary=f"sha256:{'0' * 64}")

    with pytest.raises(WordTableUnfitting, match="made for the vocabulary sha256:0000"):
        apply_table(model(), other)
    with pytest.raises(WordTableUnfitting):
        apply_table(apply_table(model(), TABLE), TABLE)


def test_refuses_an_encoder_without_a_row_for_each_entry():
    entries = len(Vocabulary(toy_tokenizer()))

    with pytest.raises(WordTableUnfitting, match=rf"of {entries} entries, .* word rows for {entries + 8}"):
        apply_table(model(entries + 8), TABLE)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        (NewWord("house", (("day", 1),)), "line 7, holds 'house', which cannot be added"),
        (NewWord("Dag", (("day", 1),)), "holds 'Dag', which cannot be added"),
        (NewWord("dag", (("日", 1),)), "holds '日', which this vocabulary cannot read"),
    ],
)
def test_refuses_words_that_do_not_fit_the_vocabulary(word: NewWord, problem: str):
    with pytest.raises(WordTableDamaged, match=problem):
        apply_table(model(), replace(TABLE, words=(word,)))


def test_the_default_table_is_whole_and_says_where_it_comes_from():
    table = default_table()

    assert set(table.languages) == {"nl", "de"}
    assert max(table.languages.values()) < len(table.words) < sum(table.languages.values())
    assert any("MASSIVE" in source and "CC-BY-4.0" in source for source in table.sources)
    assert any("bagisto" in source and "MIT" in source for source in table.sources)
    partners = {word.word: word.partners[0][0] for word in table.words}
    assert (partners["wachtwoord"], partners["rechnung"]) == ("password", "invoice")
    assert len(table_text(table).encode()) < 300_000
