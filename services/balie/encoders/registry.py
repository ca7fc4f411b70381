"""Chooses an encoder by its name."""

from typing import TYPE_CHECKING

from balie.kit.registry import Registry

if TYPE_CHECKING:
    from balie.encoders.port import Encoder
    from balie.encoders.settings import EncoderSettings

ENCODERS = Registry(
    "encoder",
    {
        "onnx": "balie.encoders.onnx:OnnxEncoder",
        "sentence-transformers": "balie.encoders.sentence_transformers:SentenceTransformerEncoder",
    },
    "balie.encoders",
    extras={"onnx": "encoder", "sentence-transformers": "sentence-transformers"},
)
"""Every encoder class has `from_settings(settings: EncoderSettings)`, which returns an `Encoder`."""


def open_encoder(settings: "EncoderSettings") -> "Encoder":
    """Loads the encoder that the settings name; takes up to a second, so not on an event loop.

    Raises:
        UnknownPlugin: nobody registered the name.
        MissingExtra: the encoder's library is not installed; the message has the line that installs it.
        EncoderUnavailable: its files are missing or damaged; the message says what to do.
    """
    kind = ENCODERS.load(settings.name)
    encoder: Encoder = kind.from_settings(settings)  # type: ignore[attr-defined]
    return encoder
