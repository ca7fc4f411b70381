"""Every precision beside the whole weights, with the encoder that ships: how near, how large, how good."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.integration.encoders.sentences import SHARED, sentences

from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.bench.quality import compare
from balie.encoders.errors import EncoderPrecisionMissing
from balie.encoders.folder.graph import PRECISIONS
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.precisions import EncoderPrecisionUnknown, EncoderRuntimeTooOld
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import write_encoder
from balie.encoders.onnx import OnnxEncoder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUNDED = [precision for precision in PRECISIONS if precision != "fp32"]
LEAST_COSINE = {"w16": 0.99999, "w8": 0.997}  # measured: 0.999999, 0.9980 (for the shortest texts)
MEAN_COSINE = {"w16": 0.999999, "w8": 0.9993}  # measured: 0.9999999, 0.9996
BATCH_LEAST_COSINE = {"fp32": 0.9999, "w16": 0.9999, "w8": 0.999}
MOST_DISK = {"w16": 0.52, "w8": 0.43}  # shares of fp32; measured: 0.507, 0.41


@pytest.fixture(scope="module")
def folders(encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    model = read_model(encoder_folder)
    folders = {"fp32": encoder_folder}
    for precision in ROUNDED:
        folders[precision] = tmp_path_factory.mktemp(precision)
        write_encoder(model, folders[precision], precision=precision)
    return folders


@pytest.fixture(scope="module")
def whole(encoder: OnnxEncoder) -> np.ndarray:
    return encoder.encode(sentences())


@pytest.mark.parametrize("precision", ROUNDED)
def test_stays_near_the_whole_weights(folders: Mapping[str, Path], whole: np.ndarray, precision: str):
    vectors = OnnxEncoder(folders[precision]).encode(sentences())

    cosines = (whole.astype(np.float64) * vectors).sum(axis=1)
    assert cosines.min() >= LEAST_COSINE[precision], sentences()[int(cosines.argmin())][:80]
    assert cosines.mean() >= MEAN_COSINE[precision]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_vector_does_not_depend_on_what_it_was_batched_with(folders: Mapping[str, Path], precision: str):
    encoder = OnnxEncoder(folders[precision])
    texts = sentences()[::4]
    alone = np.concatenate([encoder.encode([text]) for text in texts])

    shuffled = np.random.default_rng(5).permutation(len(texts))
    together = np.empty_like(alone)
    for start in range(0, len(texts), 32):
        places = shuffled[start : start + 32]
        together[places] = _one_run(encoder, [texts[place] for place in places])

    assert (alone * together).sum(axis=1).min() >= BATCH_LEAST_COSINE[precision]


def _one_run(encoder: OnnxEncoder, texts: list[str]) -> np.ndarray:
    """All texts in one run of the session, short ones padded to the longest."""
    rows = [encoder._tokenizer.encode(text).ids for text in texts]
    ids, mask = encoder._padded(rows)
    vectors: np.ndarray = encoder._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


@pytest.mark.parametrize("precision", PRECISIONS)
def test_is_written_to_the_same_bytes_again(
    folders: Mapping[str, Path], encoder_folder: Path, tmp_path: Path, precision: str
):
    again = write_encoder(read_model(encoder_folder), tmp_path, precision=precision)

    first = Manifest.read(folders[precision])
    assert again.files == first.files
    assert again.fingerprint == first.fingerprint
    assert f".{precision}." in again.fingerprint


@pytest.mark.parametrize("precision", ROUNDED)
def test_takes_less_room(folders: Mapping[str, Path], precision: str):
    size, whole = ((folders[name] / "weights.bin").stat().st_size for name in (precision, "fp32"))

    assert size <= MOST_DISK[precision] * whole


@pytest.mark.parametrize("precision", PRECISIONS)
def test_is_opened_by_the_setting_and_by_no_other(folders: Mapping[str, Path], precision: str):
    other = next(name for name in PRECISIONS if name != precision)

    encoder = open_encoder(EncoderSettings(folder=folders[precision], precision=precision))

    assert encoder.encode(["hallo"]).shape == (1, encoder.dimensions)
    with pytest.raises(EncoderPrecisionMissing, match=f"is {precision}, and the setting asks for {other}"):
        open_encoder(EncoderSettings(folder=folders[precision], precision=other))


def test_refuses_a_precision_that_there_is_not(encoder_folder: Path, tmp_path: Path):
    with pytest.raises(EncoderPrecisionUnknown, match=r"'int8'.*choose one of fp32, w16, w8"):
        write_encoder(read_model(encoder_folder), tmp_path, precision="int8")


def test_says_so_when_the_runtime_is_too_old(folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("onnxruntime.__version__", "1.21.1")

    OnnxEncoder(folders["fp32"])
    with pytest.raises(EncoderRuntimeTooOld, match=r"needs onnxruntime 1\.22 or newer, and 1\.21\.1"):
        OnnxEncoder(folders["w8"])


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the evaluation data beside the checkout")
@pytest.mark.parametrize("precision", ROUNDED)
def test_answers_as_well_as_the_whole_weights(
    encoder: OnnxEncoder, folders: Mapping[str, Path], precision: str
):
    found = compare(encoder, OnnxEncoder(folders[precision]), SHARED.parent)

    # Measured for w16 / w8: the same nearest text 0.998 / 0.964, the same intent 1 / 0.996, the same answer 1 / 0.998.
    assert found.top1 >= {"w16": 0.99, "w8": 0.95}[precision]
    for score in (found.intents, found.answers):
        assert score.other >= score.reference - {"w16": 0.001, "w8": 0.005}[precision]
        assert score.alike >= {"w16": 0.999, "w8": 0.99}[precision]
    assert found.least_cosine >= LEAST_COSINE[precision]
    assert found.batch_least_cosine >= BATCH_LEAST_COSINE[precision]
