"""The ONNX encoder beside sentence-transformers, which it must agree with, and the port over any of its models."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.integration.encoders.sentences import sentences

from balie.encoders import Encoder, EncoderSettings, open_encoder
from balie.encoders.errors import EncoderModelMissing
from balie.encoders.onnx import OnnxEncoder

if TYPE_CHECKING:
    from balie.encoders.sentence_transformers import SentenceTransformerEncoder

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch and its neighbours
]


@pytest.fixture(scope="module")
def oracle(request: pytest.FixtureRequest) -> "SentenceTransformerEncoder":
    pytest.importorskip("torch", reason="torch is not installed: pip install 'balie[sentence-transformers]'")
    pytest.importorskip("sentence_transformers", reason="pip install 'balie[sentence-transformers]'")
    model_folder = request.getfixturevalue("model_folder")
    return open_encoder(EncoderSettings(name="sentence-transformers", model=str(model_folder)))  # type: ignore[return-value]


def test_agrees_with_sentence_transformers_on_every_sentence(
    oracle: "SentenceTransformerEncoder", encoder: OnnxEncoder
):
    texts = sentences()
    assert len(texts) >= 390

    cosines = (oracle.encode(texts) * encoder.encode(texts)).sum(axis=1)

    assert cosines.min() >= 0.99999, texts[int(cosines.argmin())][:80]


def test_reads_as_many_tokens_as_sentence_transformers(
    oracle: "SentenceTransformerEncoder", encoder: OnnxEncoder
):
    assert (oracle.max_tokens, oracle.dimensions) == (encoder.max_tokens, encoder.dimensions)


def test_offers_the_same_port(oracle: "SentenceTransformerEncoder"):
    assert isinstance(oracle, Encoder)
    assert np.allclose(np.linalg.norm(oracle.encode(["a", "", "b" * 900]), axis=1), 1.0, atol=1e-6)
    assert oracle.encode([]).shape == (0, 384)
    with pytest.raises(TypeError, match="a sequence of texts"):
        oracle.encode("hello")


def test_has_its_own_fingerprint_and_keeps_it(
    oracle: "SentenceTransformerEncoder", encoder: OnnxEncoder, model_folder: Path
):
    again = open_encoder(EncoderSettings(name="sentence-transformers", model=str(model_folder)))

    assert again.fingerprint == oracle.fingerprint != encoder.fingerprint


def test_serves_several_threads_at_once(oracle: "SentenceTransformerEncoder"):
    texts = ["kort", "een heel wat langere zin dan de vorige", "x " * 300]
    expected = [oracle.encode([text]) for text in texts]

    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(oracle.encode, [text]) for text in texts * 5]

    for place, answer in enumerate(answers):
        assert np.allclose(answer.result(), expected[place % 3], atol=1e-5)


@pytest.mark.parametrize("model", ["", "/no/such/model"])
def test_says_which_model_is_missing(oracle: "SentenceTransformerEncoder", model: str):
    with pytest.raises(EncoderModelMissing, match="set BALIE_ENCODER_MODEL"):
        open_encoder(EncoderSettings(name="sentence-transformers", model=model))
