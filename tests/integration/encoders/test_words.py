"""The words of Dutch and German that the default encoder has, on the evaluation data beside the checkout.

The bounds are what the documentation promises. No text of the English sets was used to choose a word.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from balie.encoders.adapting.pairs import read_pairs
from balie.encoders.adapting.table_making import make_table
from balie.encoders.adapting.word_table import apply_table, default_table, table_text
from balie.encoders.adapting.words import Vocabulary
from balie.encoders.build import packaged_model
from balie.encoders.folder.model import WORD_ROWS, Model
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import write_encoder
from balie.encoders.onnx import OnnxEncoder

SHARED = Path(__file__).parent.parent.parent.parent.parent / "shared" / "data"
FILES = [
    *(SHARED / "intents" / f"massive_{language}" / "train.jsonl" for language in ("en", "nl", "de")),
    SHARED / "pairs" / "bagisto.jsonl",
]
SOURCES = (
    "MASSIVE 1.0, train (en, nl, de), Amazon.com Inc. or its affiliates, CC-BY-4.0, https://github.com/alexa/massive",
    "bagisto, interface texts (en, nl, de), BannerKW, MIT, https://github.com/bagisto/bagisto",
)
MOST_TEXTS_WITH_A_NEW_WORD = 0.002

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation data is not beside the checkout"),
]


def rows(*path: str) -> list[dict[str, Any]]:
    with SHARED.joinpath(*path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def english_sets() -> Iterator[tuple[str, list[str]]]:
    """Yields the name and the texts of every English set: intents, and the questions and queries of FAQs."""
    for file in sorted(SHARED.glob("intents/*/*.jsonl")):
        texts = [row["text"] for row in rows(str(file)) if row["lang"] == "en"]
        if texts:
            yield f"{file.parent.name}/{file.stem}", texts
    for folder in sorted(SHARED.glob("faq/*")):
        yield f"{folder.name}/questions", [row["question"] for row in rows(str(folder), "entries.jsonl")]
        yield f"{folder.name}/queries", [row["text"] for row in rows(str(folder), "queries.jsonl")]


@pytest.fixture(scope="module")
def plain(encoder_folder: Path) -> Model:
    """The built encoder without the words that it was taught."""
    model = read_model(encoder_folder)
    entries = len(model.tokenizer["model"]["vocab"])
    own = [token for token in model.tokenizer["added_tokens"] if token["id"] < entries]
    return replace(
        model,
        tokenizer={**model.tokenizer, "added_tokens": own},
        weights={**model.weights, WORD_ROWS: model.weights[WORD_ROWS][:entries]},
    )


@pytest.fixture(scope="module")
def taught(plain: Model) -> Model:
    return apply_table(plain, default_table())


@pytest.fixture(scope="module")
def packaged(model_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The model as its makers published it."""
    return packaged_model(model_wheel, tmp_path_factory.mktemp("packaged"))


def tokenizer(model: Model) -> Tokenizer:
    return Tokenizer.from_str(model.tokenizer_text())


def test_the_table_is_made_from_its_sources_to_the_byte(plain: Model):
    made = make_table(read_pairs(FILES, ["nl", "de"]), plain.tokenizer, sources=SOURCES)

    committed = default_table()
    assert made.languages == committed.languages
    assert set(made.words) == set(committed.words)
    assert table_text(made) == table_text(committed)


@pytest.mark.slow
def test_adds_rows_and_changes_none(packaged: Model):
    table = default_table()
    taught = apply_table(packaged, table)

    count = len(table.words)
    old, new = packaged.weights[WORD_ROWS], taught.weights[WORD_ROWS]

    assert len(new) == len(old) + count
    assert new[: len(old)].tobytes() == old.tobytes()
    assert np.isfinite(new).all()
    lengths = np.linalg.norm(new, axis=1)
    assert lengths[len(old) :].min() > 0.2 * np.median(lengths[: len(old)])
    assert list(taught.weights) == list(packaged.weights)
    assert all(
        np.array_equal(taught.weights[name], packaged.weights[name])
        for name in packaged.weights
        if name.startswith("encoder.layer.")
    )
    assert tokenizer(taught).get_vocab_size() == len(new)


def test_english_texts_keep_their_ids_and_hardly_one_holds_a_new_word(plain: Model, taught: Model):
    before, after = tokenizer(plain), tokenizer(taught)
    entries = before.get_vocab_size()
    all_texts = all_changed = 0
    for name, texts in english_sets():
        changed = 0
        for old, new in zip(before.encode_batch(texts), after.encode_batch(texts), strict=True):
            if max(new.ids) < entries:
                assert new.ids == old.ids, name
            else:
                changed += 1
        all_texts, all_changed = all_texts + len(texts), all_changed + changed
        # In a set of a few hundred texts a single one is more than the share.
        if len(texts) >= 1_000:
            assert changed / len(texts) <= MOST_TEXTS_WITH_A_NEW_WORD, name
    assert all_texts > 80_000
    assert all_changed / all_texts <= MOST_TEXTS_WITH_A_NEW_WORD


@pytest.mark.parametrize("language", ["nl", "de"])
def test_a_word_is_hardly_more_than_a_token(plain: Model, taught: Model, language: str):
    texts = [row["text"] for row in rows("intents", f"massive_{language}", "valid.jsonl")]
    vocabulary = Vocabulary(plain.tokenizer)
    words = sum(len(vocabulary.split(text)) for text in texts)

    tokens = sum(len(encoded.ids) - 2 for encoded in tokenizer(taught).encode_batch(texts))

    assert tokens / words <= 1.3


@pytest.fixture(scope="module")
def encoders(packaged: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[OnnxEncoder, OnnxEncoder]:
    """The packaged model's encoder, and the one that was taught the table."""
    folders = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("taught")
    for model, folder in zip((packaged, apply_table(packaged, default_table())), folders, strict=True):
        write_encoder(model, folder)
    return OnnxEncoder(folders[0]), OnnxEncoder(folders[1])


@pytest.mark.slow
def test_english_vectors_stay_the_same_to_the_bit(encoders: tuple[OnnxEncoder, OnnxEncoder], taught: Model):
    plain_encoder, taught_encoder = encoders
    words = {word.word for word in default_table().words}
    vocabulary = Vocabulary(taught.tokenizer)
    texts = [
        text
        for _name, some in english_sets()
        for text in some[:: max(1, len(some) // 100)]
        if words.isdisjoint(vocabulary.split(text))
    ]
    assert len(texts) > 1_500

    assert np.array_equal(plain_encoder.encode(texts), taught_encoder.encode(texts))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_intents_learned_in_english_are_found_in_dutch_and_german(encoders: tuple[OnnxEncoder, OnnxEncoder]):
    from sklearn.linear_model import LogisticRegression

    _plain, encoder = encoders
    english = rows("intents", "massive_en", "train.jsonl")
    classifier = LogisticRegression(C=4, max_iter=300)
    classifier.fit(encoder.encode([row["text"] for row in english]), [row["label"] for row in english])

    found = {}
    for language in ("nl", "de"):
        valid = rows("intents", f"massive_{language}", "valid.jsonl")
        vectors = encoder.encode([row["text"] for row in valid])
        found[language] = classifier.score(vectors, [row["label"] for row in valid])

    assert found["nl"] >= 0.68
    assert found["de"] >= 0.64
