"""Compares an encoder's folder with the sentence-transformers model that it was made from, or that was made from it."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from balie.encoders.exporting.errors import EncoderExportDiffers, EncoderExportRefused

if TYPE_CHECKING:
    from balie.encoders.port import Encoder

SAMPLES = (
    "Can I take a dog on board?",
    "Mag mijn hond mee aan boord?",
    "Darf mein Hund mit an Bord?",
    "¿Puedo cambiar mi billete después de la salida?",
    "À quelle heure part le dernier bateau ?",
    "Оплата не прошла",
    "船は何時に出ますか",
    "ok",
    "",
    "I paid twice for order 4711, and nobody at the harbour office could tell me how to get my money back. "
    * 40,
)
"""Sentences of several languages, the shortest and one beyond every limit, whose vectors must be the source's."""


def compare(encoder: Path, model: Path, least: float) -> float | None:
    """Encodes the samples with the ONNX folder and, where it is installed, with sentence-transformers.

    Args:
        encoder: folder of the ONNX encoder.
        model: folder of the sentence-transformers model.
        least: cosine that each sample must reach.

    Returns:
        The least cosine of a sample's two vectors, or None when there was nothing to compare with.

    Raises:
        EncoderExportDiffers: a sample's vectors are further apart than is accepted.
        EncoderExportRefused: the graph does not give unit vectors.
    """
    import numpy as np

    from balie.encoders.onnx import OnnxEncoder

    vectors = OnnxEncoder(encoder, verify="size").encode(SAMPLES)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3):
        raise EncoderExportRefused("the graph does not give vectors of length 1 on this machine")
    if find_spec("sentence_transformers") is None:
        return None
    from balie.encoders.sentence_transformers import SentenceTransformerEncoder

    other: Encoder = SentenceTransformerEncoder(str(model))
    cosines = (vectors * other.encode(SAMPLES)).sum(axis=1)
    worst = int(cosines.argmin())
    if not cosines[worst] >= least:
        raise EncoderExportDiffers(SAMPLES[worst][:40], float(cosines[worst]), least)
    return float(cosines[worst])
