"""The graph beside the same model written down in NumPy, in every precision, on a tiny model of made-up weights."""

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from balie.encoders.folder.graph import GRAPH_FILE, PRECISIONS, WEIGHTS_FILE, BertShape, write_graph
from balie.encoders.folder.precisions import EncoderPrecisionUnknown

SHAPE = BertShape(layers=2, heads=2, dimensions=24, norm_epsilon=1e-12)
WIDE = 40  # not a whole number of blocks
WORDS = 50
MOST_OFF = {"fp32": 2e-6, "w16": 1e-3, "w8": 0.03}  # of a number in a vector; 24 of them have the length 1

Weights = dict[str, np.ndarray]
_ERF = np.vectorize(math.erf)


@pytest.fixture(scope="module")
def weights() -> Weights:
    rng = np.random.default_rng(7)
    size = SHAPE.dimensions

    def values(*shape: int, scale: float = 0.3, mean: float = 0.0) -> np.ndarray:
        return (rng.normal(size=shape) * scale + mean).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": values(WORDS, size),
        "embeddings.position_embeddings.weight": values(16, size),
        "embeddings.token_type_embeddings.weight": values(2, size),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(SHAPE.layers):
        prefix = f"encoder.layer.{layer}."
        sizes = {f"attention.self.{part}": (size, size) for part in ("query", "key", "value")}
        sizes |= {"attention.output.dense": (size, size), "intermediate.dense": (WIDE, size)}
        sizes |= {"output.dense": (size, WIDE)}
        for name, shape in sizes.items():
            made[f"{prefix}{name}.weight"] = values(*shape)
            made[f"{prefix}{name}.bias"] = values(shape[0])
        norms += [f"{prefix}attention.output.LayerNorm", f"{prefix}output.LayerNorm"]
    for norm in norms:
        made[f"{norm}.weight"] = values(size, mean=1.0, scale=0.2)
        made[f"{norm}.bias"] = values(size)
    return made


def _norm(values: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + SHAPE.norm_epsilon)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _linear(values: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    return values @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"]


def _expected(weights: Weights, ids: list[int]) -> np.ndarray:
    """One text's vector as the papers have it, in 64 bits."""
    hidden = (
        weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = _norm(hidden, weights, "embeddings.LayerNorm")
    width = SHAPE.dimensions // SHAPE.heads
    for layer in range(SHAPE.layers):
        prefix = f"encoder.layer.{layer}."
        query, key, value = (
            _linear(hidden, weights, f"{prefix}attention.self.{part}")
            .reshape(len(ids), SHAPE.heads, width)
            .swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(width))
        context = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        mixed = context.swapaxes(0, 1).reshape(len(ids), -1)
        mixed = _linear(mixed, weights, f"{prefix}attention.output.dense")
        hidden = _norm(hidden + mixed, weights, f"{prefix}attention.output.LayerNorm")
        wide = _linear(hidden, weights, f"{prefix}intermediate.dense")
        wide = wide * 0.5 * (1 + _ERF(wide / np.sqrt(2)))
        hidden = _norm(
            hidden + _linear(wide, weights, f"{prefix}output.dense"), weights, f"{prefix}output.LayerNorm"
        )
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _run(folder: Path, rows: list[list[int]], width: int = 0) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / GRAPH_FILE), options, providers=["CPUExecutionProvider"]
    )
    width = max(width, *map(len, rows))
    ids = np.array([row + [0] * (width - len(row)) for row in rows], np.int64)
    mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], np.int64)
    vectors: np.ndarray = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


ROWS = [[1, 7, 2], [1, 9, 30, 4, 9, 2], [1, 2], [1, 49, 48, 47, 46, 45, 44, 43, 2], [5]]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_gives_the_vectors_of_the_model(weights: Weights, tmp_path: Path, precision: str):
    write_graph(weights, SHAPE, tmp_path, precision)

    vectors = _run(tmp_path, ROWS)

    expected = np.array([_expected(weights, row) for row in ROWS])
    assert np.abs(vectors - expected).max() <= MOST_OFF[precision]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_vector_depends_on_neither_batch_mates_nor_padding(
    weights: Weights, tmp_path: Path, precision: str
):
    write_graph(weights, SHAPE, tmp_path, precision)

    together = _run(tmp_path, ROWS, width=14)

    alone = np.concatenate([_run(tmp_path, [row]) for row in ROWS])
    assert (alone * together).sum(axis=1).min() >= 0.99999


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_same_weights_give_the_same_bytes(weights: Weights, tmp_path: Path, precision: str):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        write_graph(weights, SHAPE, folder, precision)

    for name in (GRAPH_FILE, WEIGHTS_FILE):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1, name


def test_writes_whole_weights_unless_told_otherwise(weights: Weights, tmp_path: Path):
    write_graph(weights, SHAPE, tmp_path)

    content = (tmp_path / WEIGHTS_FILE).read_bytes()

    assert content.startswith(weights["embeddings.word_embeddings.weight"].tobytes())
    assert weights["encoder.layer.1.output.dense.weight"].T.tobytes() in content


def test_fewer_bits_take_less_room(weights: Weights, tmp_path: Path):
    large = weights | {"embeddings.word_embeddings.weight": np.ones((4000, SHAPE.dimensions), np.float32)}
    sizes = []
    for precision in PRECISIONS:
        write_graph(large, SHAPE, tmp_path, precision)
        sizes.append((tmp_path / WEIGHTS_FILE).stat().st_size)

    assert max(sizes[1:]) < 0.55 * sizes[0]


def test_refuses_a_precision_that_there_is_not_and_writes_nothing(weights: Weights, tmp_path: Path):
    with pytest.raises(EncoderPrecisionUnknown, match="choose one of fp32, w16, w8"):
        write_graph(weights, SHAPE, tmp_path, "int8")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_number_of_words_will_do(weights: Weights, tmp_path: Path, precision: str):
    more = np.concatenate([weights["embeddings.word_embeddings.weight"]] * 3)
    write_graph(weights | {"embeddings.word_embeddings.weight": more}, SHAPE, tmp_path, precision)

    first, second = _run(tmp_path, [[1, 7, 2], [1, 7 + WORDS, 2 + 2 * WORDS]])

    assert np.allclose(first, second, atol=1e-6)
