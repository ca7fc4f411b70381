"""Training the new words: the encoder in torch is the encoder, and nothing but the new rows changes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.integration.encoders.pairs_fr import french_pairs
from tests.integration.encoders.sentences import sentences

from balie.encoders.folder.model import WORD_ROWS, Model
from balie.encoders.folder.reading import read_model
from balie.encoders.onnx import OnnxEncoder

if TYPE_CHECKING:
    from balie.encoders.adapting.adapt import Adapted

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch and its neighbours
]
pytest.importorskip("torch", reason="torch is not installed: pip install 'balie[sentence-transformers]'")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "fr.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in french_pairs()))
    return file


@pytest.fixture(scope="module")
def trained(pairs: Path, encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> "Adapted":
    from balie.encoders.adapting.adapt import adapt
    from balie.encoders.adapting.plan import Plan

    folder = tmp_path_factory.mktemp("trained") / "fr"
    return adapt(Plan(pairs=(pairs,), languages=("fr",), base=encoder_folder, folder=folder, train=True))


@pytest.fixture(scope="module")
def composed(pairs: Path, encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    from balie.encoders.adapting.adapt import adapt
    from balie.encoders.adapting.plan import Plan

    folder = tmp_path_factory.mktemp("composed") / "fr"
    adapt(Plan(pairs=(pairs,), languages=("fr",), base=encoder_folder, folder=folder))
    return read_model(folder)


def test_the_student_is_the_encoder(encoder: OnnxEncoder, encoder_folder: Path):
    import torch

    from balie.encoders.adapting.distilling import Student

    model = read_model(encoder_folder)
    texts = [*sentences(), "", "x " * 400]
    # Some rows stand for new ones, so that both ways to look a row up are compared.
    student = Student(model, len(model.weights[WORD_ROWS]) - 25_000)
    rows = student.ids(texts)
    with torch.no_grad():
        parts = [student.vectors(rows[start : start + 16]).numpy() for start in range(0, len(rows), 16)]

    cosines = (np.concatenate(parts) * encoder.encode(texts)).sum(axis=1)

    assert len(texts) >= 390
    assert cosines.min() >= 0.99999, texts[int(cosines.argmin())][:80]


def test_brings_translations_nearer(trained: "Adapted"):
    report = trained.report
    assert report.trained is not None
    composed, after = report.composed.languages["fr"], report.trained.languages["fr"]

    assert after.found > composed.found
    assert after.cosine > composed.cosine + 0.05
    assert report.kept == "trained"
    assert trained.manifest is not None
    assert trained.manifest.adaptations[-1].trained
    assert trained.manifest.name.endswith("-fr")


def test_changes_the_new_rows_alone(
    trained: "Adapted", composed: Model, encoder: OnnxEncoder, encoder_folder: Path
):
    assert trained.folder is not None
    base, after = read_model(encoder_folder), read_model(trained.folder)
    old = len(base.weights[WORD_ROWS])

    for name, values in base.weights.items():
        assert np.array_equal(after.weights[name][: len(values)], values), name
    assert after.tokenizer == composed.tokenizer
    assert not np.array_equal(after.weights[WORD_ROWS][old:], composed.weights[WORD_ROWS][old:])
    adapted = OnnxEncoder(trained.folder)
    for text in ("How do I reset my password?", "The washing machine leaks."):
        assert np.array_equal(adapted.encode([text]), encoder.encode([text]))
    assert trained.report.trained is not None
    assert trained.report.trained.english[0].greatest_change == 0.0


def test_gives_the_same_rows_each_time(composed: Model, encoder: OnnxEncoder, encoder_folder: Path):
    from balie.encoders.adapting.distilling import train_words

    old = len(read_model(encoder_folder).weights[WORD_ROWS])
    some = french_pairs()[:100]
    targets = encoder.encode([pair["en"] for pair in some])
    once, again = (train_words(composed, old, [pair["fr"] for pair in some], targets) for _time in range(2))

    assert np.array_equal(once.weights[WORD_ROWS], again.weights[WORD_ROWS])
    assert not np.array_equal(once.weights[WORD_ROWS], composed.weights[WORD_ROWS])


def test_keeps_the_rows_when_training_only_spoils_them(
    composed: Model, encoder: OnnxEncoder, encoder_folder: Path
):
    from balie.encoders.adapting.distilling import Training, train_words

    old = len(read_model(encoder_folder).weights[WORD_ROWS])
    some = french_pairs()[:100]
    targets = encoder.encode([pair["en"] for pair in some])
    wild = replace(Training(), rate=1000.0)

    after = train_words(composed, old, [pair["fr"] for pair in some], targets, training=wild)

    assert np.array_equal(after.weights[WORD_ROWS], composed.weights[WORD_ROWS])


def test_has_nothing_to_train_in_texts_without_a_new_word(composed: Model, encoder_folder: Path):
    from balie.encoders.adapting.distilling import train_words

    old = len(read_model(encoder_folder).weights[WORD_ROWS])

    assert train_words(composed, old, ["hello there"], np.ones((1, 384), np.float32)) is composed
