"""Fetches a model from a hub without torch: `huggingface_hub` comes with `tokenizers`."""

import re
from pathlib import Path

from balie.encoders.exporting.errors import EncoderSourceMissing
from balie.encoders.folder.writing import require_libraries

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_USUAL_OWNER = "sentence-transformers"
_WANTED = ("*.json", "*.txt", "*.model", "*.safetensors", "README.md")
_PASSED_OVER = ("onnx/*", "openvino/*")


def is_name(model: str) -> bool:
    """Tells whether a text can be a model's name on a hub, such as `owner/model`, and not a path."""
    return bool(_NAME.fullmatch(model)) and not model.startswith(".")


def fetch_model(model: str) -> Path:
    """Downloads a model unless it was before, and returns its folder, whose name is the revision.

    Args:
        model: `owner/model`; without an owner, one of sentence-transformers.

    Raises:
        EncoderSourceMissing: the hub has no such model or cannot be reached.
        MissingExtra: the library is not installed.
    """
    require_libraries(("huggingface_hub",))
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    name = model if "/" in model else f"{_USUAL_OWNER}/{model}"
    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=list(_WANTED), ignore_patterns=list(_PASSED_OVER)
            )
        )
        if not next(folder.rglob("*.safetensors"), None):
            huggingface_hub.snapshot_download(name, allow_patterns=["pytorch_model*.bin"])
    except Exception as error:  # of the library, of its HTTP client, of the system
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EncoderSourceMissing(model, f"the hub says {type(error).__name__}: {first[:200]}") from error
    return folder
