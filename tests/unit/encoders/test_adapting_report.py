"""Scores say what they mean, and an adaptation is refused for the right reasons."""

from dataclasses import replace
from pathlib import Path

import pytest

from balie.encoders.adapting.english_texts import EnglishTexts, EnglishTextsUnusable, read_english
from balie.encoders.adapting.report import (
    EnglishScores,
    LanguageScores,
    Limits,
    Stage,
    Subject,
    compare_english,
    refusals,
)
from balie.encoders.adapting.word_table import NewWord, WordTable, apply_table
from balie.encoders.adapting.words import Vocabulary
from balie.encoders.folder.model import Model
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import write_encoder

SCORES = LanguageScores(2.0, 16.0, 0.4, 0.3, 0.2, 0.2, 0.0)
BETTER = replace(SCORES, to_english=0.8, from_english=0.7)
ENGLISH = EnglishScores("x.jsonl", 1000, 2, 0.1, 0.995, 0.9, 0.899)
BEFORE = Stage({"fr": SCORES})


def reasons(
    scores: LanguageScores, english: EnglishScores = ENGLISH, *, words: int = 9, limits: Limits | None = None
) -> str:
    stage = Stage({"fr": scores}, (english,))
    return "; ".join(refusals(BEFORE, stage, {"fr": words}, limits or Limits()))


def test_a_gain_without_a_loss_is_no_reason():
    assert not reasons(BETTER)


def test_a_language_must_gain():
    assert "fr gains nothing (0.250 of its held-out sentences were found before, 0.250 after)" in reasons(
        SCORES
    )
    assert "no word of fr is new" in reasons(BETTER, words=0)
    # What one direction gains and the other loses is weighed together.
    assert "gains nothing" in reasons(replace(SCORES, to_english=0.4, from_english=0.05))


def test_english_must_not_fall():
    assert "3 of 1000 English texts of x.jsonl have other tokens, more than 0.20%" in reasons(
        BETTER, replace(ENGLISH, changed=3)
    )
    assert "1.10% of the English texts of x.jsonl have another nearest neighbour, more than 1.00%" in reasons(
        BETTER, replace(ENGLISH, agreement=0.989)
    )
    assert "accuracy on the English texts of x.jsonl falls by 0.60%, more than 0.50%" in reasons(
        BETTER, replace(ENGLISH, accuracy_after=0.894)
    )
    assert not reasons(BETTER, replace(ENGLISH, accuracy_before=None, accuracy_after=None))


def test_more_may_change_when_that_is_allowed():
    fallen = replace(ENGLISH, changed=20, agreement=0.95, accuracy_after=0.885)

    assert reasons(BETTER, fallen).count(";") == 2
    assert not reasons(BETTER, fallen, limits=Limits(changed=0.02))


@pytest.fixture(scope="module")
def taught(encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder with two made-up words."""
    model: Model = read_model(encoder_folder)
    words = (
        NewWord("kwoorderzaal", (("order", 99),)),
        NewWord("vrimpelwond", (("wound", 50), ("invoice", 49))),
    )
    table = WordTable({"xx": 2}, Vocabulary(model.tokenizer).fingerprint, (), words)
    folder = tmp_path_factory.mktemp("taught") / "encoder"
    folder.mkdir()
    write_encoder(apply_table(model, table), folder)
    return folder


def test_counts_tokens_and_words_and_finds_translations(encoder_folder: Path, taught: Path):
    pairs = [("order", "Kwoorderzaal"), ("a wound on the invoice", "vrimpelwond!"), ("the red house", "ok")]
    before, after = (Subject(folder).language(pairs) for folder in (encoder_folder, taught))

    assert after.known_words == 1.0
    assert before.known_words == pytest.approx(1 / 3)
    assert after.tokens_per_word == pytest.approx(
        4 / 3
    )  # three words and a mark, for three words between spaces
    assert after.tokens_per_text == pytest.approx(10 / 3)
    assert before.tokens_per_text > after.tokens_per_text
    assert after.to_english >= 2 / 3
    assert after.cosine > before.cosine


def test_a_sentence_may_have_several_translations(encoder_folder: Path):
    pairs = [("hello", "hello"), ("hello", "hello there"), ("the train is late", "the train is late")]

    scores = Subject(encoder_folder).language(pairs)

    assert (scores.to_english, scores.from_english) == (1.0, 1.0)


def test_sees_which_english_texts_change_and_how_much(encoder_folder: Path, taught: Path):
    texts = tuple(f"text number {number} about trains" for number in range(30))
    labels = ("a",) * 15 + ("b",) * 15
    one, other = Subject(encoder_folder), Subject(taught)

    same = compare_english(one, other, EnglishTexts("x", texts, labels))
    assert (same.changed, same.greatest_change, same.agreement) == (0, 0.0, 1.0)
    assert same.accuracy_before == same.accuracy_after is not None

    texts = (*texts[:-1], "a kwoorderzaal of trains")
    changed = compare_english(one, other, EnglishTexts("x", texts))
    assert changed.changed == 1
    assert changed.changed_share == pytest.approx(1 / 30)
    assert changed.greatest_change > 0.05
    assert changed.accuracy_before is None


def test_a_text_is_not_its_own_neighbour(encoder_folder: Path):
    texts = ("the dog barks", "a dog is barking", "my invoice is wrong", "the bill is not right")
    subject = Subject(encoder_folder)

    alike, unlike = (
        compare_english(subject, subject, EnglishTexts("x", texts, labels))
        for labels in (("a", "a", "b", "b"), ("a", "b", "a", "b"))
    )

    assert (alike.accuracy_before, unlike.accuracy_before) == (1.0, 0.0)


def test_reads_english_texts_once_each(tmp_path: Path):
    file = tmp_path / "x.jsonl"
    file.write_bytes(
        b'\xef\xbb\xbf{"text": "a", "label": "1"}\n\n{"text": "a", "label": "2"}\n{"text": "b", "label": "1"}\n'
    )
    assert read_english(file) == EnglishTexts("x.jsonl", ("a", "b"), ("1", "1"))

    file.write_text('{"text": "a", "label": "1"}\n{"text": "b"}\n')
    assert read_english(file).labels is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "there are none; a line holds"),
        (b"\n  \n", "there are none"),
        (b"text\n", "line 1: not JSON in UTF-8"),
        (b'{"text": "a"}\n{"text": "\xff"}\n', "line 2: not JSON in UTF-8"),
        (b"[1]\n", 'line 1: no "text" that is a text'),
        (b'{"text": "\\ud800"}\n', 'line 1: no "text" that is a text'),
        (b'{"text": "' + b"a" * 70_000 + b'"}', "line 1: longer than 65536 bytes; write one text a line"),
        (b"[" * 60_000 + b"\n", "line 1: not JSON"),
    ],
)
def test_names_the_line_that_is_no_english_text(content: bytes, complaint: str, tmp_path: Path):
    (tmp_path / "x.jsonl").write_bytes(content)

    with pytest.raises(EnglishTextsUnusable, match=complaint.replace("(", r"\(")) as error:
        read_english(tmp_path / "x.jsonl")
    assert len(str(error.value)) < 400


def test_says_which_file_of_english_texts_is_missing(tmp_path: Path):
    with pytest.raises(EnglishTextsUnusable, match=r"absent\.jsonl: No such file"):
        read_english(tmp_path / "absent.jsonl")


def test_an_adaptation_that_touches_what_was_there_is_a_fault(encoder_folder: Path):
    from balie.encoders.adapting.adapt import _check_untouched
    from balie.encoders.folder.model import WORD_ROWS

    base = read_model(encoder_folder)
    _check_untouched(base, base)
    for name in (WORD_ROWS, "encoder.layer.5.output.dense.bias"):
        weights = {**base.weights, name: base.weights[name].copy()}
        weights[name][0] += 1e-3
        with pytest.raises(RuntimeError, match="changed a row or a layer"):
            _check_untouched(base, replace(base, weights=weights))
