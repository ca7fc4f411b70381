"""What every caller of the default encoder relies on, tried with the real model."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from balie.encoders import Encoder
from balie.encoders.onnx import OnnxEncoder

QUESTION = "How do I reset my password?"
SENTENCES = (
    QUESTION,
    "I forgot my password and cannot log in",
    "Mag mijn hond mee op de veerboot naar Texel?",
    "Darf mein Hund mit auf die Fähre?",
    "What time does the last ferry leave on Sundays, and can I still bring a bicycle when it is crowded?",
    "ja",
    "🙂",
    "",
    "een twee drie vier vijf zes zeven acht negen tien " * 12,
)


def test_keeps_the_port(encoder: OnnxEncoder):
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.dimensions, encoder.max_tokens) == ("minilm-l6-v2-nl-de", 384, 256)


def test_gives_one_unit_vector_for_each_text(encoder: OnnxEncoder):
    vectors = encoder.encode(SENTENCES)

    assert vectors.shape == (len(SENTENCES), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_gives_no_vectors_for_no_texts(encoder: OnnxEncoder):
    assert encoder.encode([]).shape == (0, 384)


def test_gives_the_original_models_vector(encoder: OnnxEncoder):
    # From sentence-transformers 6.2 and torch 2.13 with the same weights.
    expected = [0.0069031, -0.0630234, -0.0720440, -0.0324961, -0.0427093, 0.0704294, 0.0090738, 0.0154077]

    assert np.allclose(encoder.encode([QUESTION])[0, :8], expected, atol=2e-6)


def test_gives_the_same_vector_each_time(encoder: OnnxEncoder):
    assert np.array_equal(encoder.encode(SENTENCES), encoder.encode(SENTENCES))


def test_does_not_depend_on_batch_mates(encoder: OnnxEncoder):
    texts = list(SENTENCES) * 8
    alone = np.concatenate([encoder.encode([text]) for text in texts])

    together = encoder.encode(texts)

    assert (alone * together).sum(axis=1).min() >= 0.9999


def test_does_not_depend_on_padding(encoder: OnnxEncoder):
    ids = np.array([encoder._tokenizer.encode(QUESTION).ids])
    padded = np.pad(ids, ((0, 0), (0, 90)))
    masks = [np.ones_like(ids), np.pad(np.ones_like(ids), ((0, 0), (0, 90)))]

    short, long = (
        encoder._session.run(None, {"input_ids": rows, "attention_mask": mask})[0][0]
        for rows, mask in zip((ids, padded), masks, strict=True)
    )

    assert short @ long >= 0.99999


def test_returns_vectors_in_the_order_of_the_texts(encoder: OnnxEncoder):
    forward, backward = encoder.encode(SENTENCES), encoder.encode(SENTENCES[::-1])

    assert np.allclose(forward, backward[::-1], atol=1e-5)
    assert len(np.unique(forward.round(3), axis=0)) == len(SENTENCES)


def test_finds_like_meanings_near_each_other(encoder: OnnxEncoder):
    asked, like, unlike = encoder.encode([QUESTION, SENTENCES[1], "Is there a café on board the boat?"])

    assert asked @ like > 0.6 > 0.3 > asked @ unlike


def test_reads_no_more_than_its_token_limit(encoder: OnnxEncoder):
    within = "ferry " * 254  # with [CLS] and [SEP] 256 tokens
    beyond = within + "and then something else entirely"

    first, second, shorter = encoder.encode([within, beyond, "ferry " * 253])

    assert np.array_equal(first, second)
    assert not np.allclose(first, shorter, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "🧑🏽‍🚀👩‍👩‍👧",
        "日本語のテキスト",
        "مرحبا",
        "é" * 3000,
        "\x00\ufeff\u200b",
        "x" * 1_000_000,
        "[MASK] [PAD] [SEP]",
    ],
    ids=[
        "empty",
        "blank",
        "emoji",
        "cjk",
        "arabic",
        "one long word",
        "controls",
        "a megabyte",
        "model tokens",
    ],
)
def test_encodes_whatever_a_contact_writes(encoder: OnnxEncoder, text: str):
    vector = encoder.encode([text])[0]

    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_encodes_half_a_surrogate_pair(encoder: OnnxEncoder):
    assert np.array_equal(encoder.encode(["hello \ud83d"]), encoder.encode(["hello ?"]))


def test_refuses_one_text_in_place_of_a_list(encoder: OnnxEncoder):
    with pytest.raises(TypeError, match="a sequence of texts"):
        encoder.encode("hello")


def test_serves_several_threads_at_once(encoder: OnnxEncoder):
    expected = encoder.encode(SENTENCES)
    start = threading.Barrier(4)

    def encode() -> np.ndarray:
        start.wait()
        return encoder.encode(SENTENCES)

    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(encode) for _ in range(4)]

    assert all(np.array_equal(answer.result(), expected) for answer in answers)
