"""Text to vectors: one port, the encoders behind it, and batching for concurrent callers.

Importing this package loads no model library and no NumPy: that happens when an encoder is opened.
"""

from balie.encoders.errors import (
    EncoderBuildFailed,
    EncoderBusy,
    EncoderDamaged,
    EncoderFetchFailed,
    EncoderFolderMissing,
    EncoderUnavailable,
)
from balie.encoders.port import Encoder, KnowsWords
from balie.encoders.registry import ENCODERS, open_encoder
from balie.encoders.settings import EncoderSettings, default_folder

__all__ = [
    "ENCODERS",
    "Encoder",
    "EncoderBuildFailed",
    "EncoderBusy",
    "EncoderDamaged",
    "EncoderFetchFailed",
    "EncoderFolderMissing",
    "EncoderSettings",
    "EncoderUnavailable",
    "KnowsWords",
    "default_folder",
    "open_encoder",
]
