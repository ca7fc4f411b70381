"""The built encoder for tests, made once and kept beside the environment."""

import os
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def encoder_folder() -> Path:
    """Returns a whole encoder's folder: BALIE_ENCODER_FOLDER's, or `.venv/balie-encoder`, built there when absent."""
    named = os.environ.get("BALIE_ENCODER_FOLDER")
    return _built(Path(named) if named else PROJECT / ".venv" / "balie-encoder")


@cache
def _built(folder: Path) -> Path:
    from balie.encoders.build import build

    build(folder)
    return folder
