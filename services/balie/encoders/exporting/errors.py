"""What can go wrong when an encoder is exported, each with what to do about it."""

from pathlib import Path

from balie.encoders.errors import EncoderUnavailable


class EncoderModelFileWrong(EncoderUnavailable):
    """A file of a model's folder is missing, cut off, or does not hold what its name says."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"the model's file {file} {problem}: copy or fetch the model again")


class EncoderSourceMissing(EncoderUnavailable):
    """There is no model at the path or of the name given, or its hub cannot be reached."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(
            f"there is no model {model!r} to export: {problem}; "
            "name a sentence-transformers model's folder, or its name on a hub that this machine can reach"
        )


class EncoderExportNeedsTorch(EncoderUnavailable):
    """The model is of a kind that is written with torch, and torch is not installed."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}; other models are exported with torch, which is not installed: "
            "pip install 'balie[sentence-transformers]'"
        )


class EncoderExportRefused(EncoderUnavailable):
    """The export is not possible as it was asked for; nothing was written."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"nothing was exported: {problem}")


class EncoderExportDiffers(EncoderUnavailable):
    """What was written does not give the source's vectors; it was thrown away."""

    def __init__(self, text: str, cosine: float, least: float) -> None:
        super().__init__(
            f"nothing was exported: the vector of {text!r} has cosine {cosine:.6f} to the source's, "
            f"and {least} is the least that is accepted"
        )
