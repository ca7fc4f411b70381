"""A sentence's vector is its own, whatever it was encoded with: hundreds of sentences of every length."""

import numpy as np
import pytest
from tests.integration.encoders.sentences import sentences

from balie.encoders.onnx import OnnxEncoder

pytestmark = pytest.mark.slow


def test_a_vector_does_not_depend_on_what_it_was_batched_with(encoder: OnnxEncoder):
    texts = sentences()[:200]
    alone = np.concatenate([encoder.encode([text]) for text in texts])

    shuffled = np.random.default_rng(5).permutation(len(texts))
    together = np.empty_like(alone)
    for start in range(0, len(texts), 32):
        places = shuffled[start : start + 32]
        together[places] = encoder.encode([texts[place] for place in places])

    assert (alone * together).sum(axis=1).min() >= 0.9999
