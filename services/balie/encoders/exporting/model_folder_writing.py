"""Writes an encoder as a folder that sentence-transformers loads, without torch."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from balie.encoders.errors import EncoderNotReadable
from balie.encoders.exporting.errors import EncoderExportRefused, EncoderModelFileWrong
from balie.encoders.exporting.model_folder import (
    CONFIG_FILE,
    MODULES_FILE,
    NO_LICENCE,
    POOLING_FOLDER,
    POSITION_ROWS,
    PROMPTS_FILE,
    SEGMENT_ROWS,
    SENTENCE_FILE,
    TOKENIZER_SETTINGS_FILE,
    WEIGHTS_FILE,
    read_json,
)
from balie.encoders.folder.manifest import TOKENIZER_FILE, Adaptation, Manifest, ManifestFile, describe_files
from balie.encoders.folder.model import WORD_ROWS, Model
from balie.encoders.folder.weights import write_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXPORT_FILE = "balie.json"
_NORMALIZE_FOLDER = "2_Normalize"
_SPECIAL_MAP_FILE = "special_tokens_map.json"

_SPECIAL = {
    "unk_token": ("[UNK]", "<unk>"),
    "sep_token": ("[SEP]", "</s>"),
    "pad_token": ("[PAD]", "<pad>"),
    "cls_token": ("[CLS]", "<s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
"""What the special tokens are called in BERT's vocabularies and in XLM-R's."""

_README = """\
---
{head}---

# {name}

A sentence encoder: text in, a vector of {dimensions} numbers and of length 1 out. `balie encoder export` wrote this folder from
the encoder `{fingerprint}`.

```python
from sentence_transformers import SentenceTransformer

vectors = SentenceTransformer("path/to/this/folder").encode(["How do I reset my password?"])
```

- Source: {source}
- Licence: {licence}
- Reads {max_tokens} tokens of a text, special ones included.
{adaptations}"""


class ExportedFolder(BaseModel):
    """What an exported folder says of itself, in `balie.json`; other programs pass it over.

    Attributes:
        fingerprint: of the encoder that was exported.
        source: where the model comes from.
        licence: of the model.
        dimensions: of a vector.
        max_tokens: that are read of a text.
        adaptations: what was taught to the encoder.
        files: size and checksum of each file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fingerprint: str
    source: str
    licence: str
    dimensions: int
    max_tokens: int
    adaptations: tuple[Adaptation, ...] = ()
    files: dict[str, ManifestFile]

    @staticmethod
    def read(folder: Path) -> "ExportedFolder":
        """Returns what a folder says of itself.

        Raises:
            EncoderModelFileWrong: the file is missing or is not one of these.
        """
        try:
            return ExportedFolder.model_validate(read_json(folder / EXPORT_FILE))
        except ValidationError:
            raise EncoderModelFileWrong(folder / EXPORT_FILE, "is not the description of an export") from None


def require_tokenizer(model: Model, folder: Path) -> None:
    """Checks that the library reads the tokenizer with which sentence-transformers reads it.

    Args:
        model: what is to be written.
        folder: of the encoder that it was read from.

    Raises:
        EncoderNotReadable: it does not; the message says what the library says.
    """
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_str(model.tokenizer_text())
    except Exception as error:  # the library raises no narrower kind
        raise EncoderNotReadable(folder, f"its {TOKENIZER_FILE} is not a tokenizer ({error})") from error


def write_folder(model: Model, manifest: Manifest, folder: Path) -> ExportedFolder:
    """Writes everything that sentence-transformers wants; the same encoder gives the same bytes.

    Args:
        model: what to write.
        manifest: of the encoder that it was read from.
        folder: an existing empty folder.

    Raises:
        EncoderExportRefused: the tokenizer has no padding token, without which there are no batches.
    """
    special = _special_tokens(model.tokenizer)
    write_weights(folder / WEIGHTS_FILE, _whole(model.weights, model.shape.dimensions))
    (folder / TOKENIZER_FILE).write_text(model.tokenizer_text(), encoding="utf-8")
    files: dict[str, Any] = {
        CONFIG_FILE: _config(model, special),
        TOKENIZER_SETTINGS_FILE: {
            # The class that takes tokenizer.json as it is, whole-word entries included; BERT's own may build anew.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": model.max_tokens,
            "clean_up_tokenization_spaces": False,
            **special,
        },
        _SPECIAL_MAP_FILE: special,
        MODULES_FILE: _modules(),
        SENTENCE_FILE: {"max_seq_length": model.max_tokens, "do_lower_case": False},
        PROMPTS_FILE: {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
        f"{POOLING_FOLDER}/{CONFIG_FILE}": {
            "word_embedding_dimension": model.shape.dimensions,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        f"{_NORMALIZE_FOLDER}/{CONFIG_FILE}": {},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_readme(model, manifest), encoding="utf-8")
    exported = ExportedFolder(
        name=model.name,
        fingerprint=manifest.fingerprint,
        source=model.source,
        licence=model.licence,
        dimensions=model.shape.dimensions,
        max_tokens=model.max_tokens,
        adaptations=model.adaptations,
        files=describe_files(folder, sorted([*files, "README.md", TOKENIZER_FILE, WEIGHTS_FILE])),
    )
    text = json.dumps(exported.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    (folder / EXPORT_FILE).write_text(text, encoding="utf-8")
    return exported


def _whole(weights: "Mapping[str, NDArray[np.float32]]", size: int) -> "dict[str, NDArray[np.float32]]":
    """Returns the tensors with a pooler of zeros: nobody asks it, and without it transformers fills one at random."""
    import numpy as np

    kept = {name: weights[name] for name in weights if name.startswith(("embeddings.", "encoder."))}
    kept.pop("embeddings.position_ids", None)
    zeros = {
        "pooler.dense.weight": np.zeros((size, size), np.float32),
        "pooler.dense.bias": np.zeros(size, np.float32),
    }
    return kept | zeros


def _special_tokens(tokenizer: Mapping[str, Any]) -> dict[str, str]:
    entries = {entry["content"] for entry in tokenizer.get("added_tokens", ())}
    found = {
        role: next((name for name in names if name in entries), None) for role, names in _SPECIAL.items()
    }
    if found["pad_token"] is None:
        raise EncoderExportRefused("its tokenizer has no token for padding, [PAD] or <pad>")
    return {role: name for role, name in found.items() if name}


def _config(model: Model, special: Mapping[str, str]) -> dict[str, Any]:
    ids = {entry["content"]: entry["id"] for entry in model.tokenizer["added_tokens"]}
    widened = model.weights["encoder.layer.0.intermediate.dense.bias"]
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": model.shape.dimensions,
        "intermediate_size": math.prod(widened.shape),
        "layer_norm_eps": model.shape.norm_epsilon,
        "max_position_embeddings": int(model.weights[POSITION_ROWS].shape[0]),
        "num_attention_heads": model.shape.heads,
        "num_hidden_layers": model.shape.layers,
        "pad_token_id": ids[special["pad_token"]],
        "position_embedding_type": "absolute",
        "type_vocab_size": int(model.weights[SEGMENT_ROWS].shape[0]),
        "vocab_size": int(model.weights[WORD_ROWS].shape[0]),
        "torch_dtype": "float32",
    }


def _modules() -> list[dict[str, Any]]:
    """Returns the modules by the names that every version of sentence-transformers knows."""
    places = {"Transformer": "", "Pooling": POOLING_FOLDER, "Normalize": _NORMALIZE_FOLDER}
    return [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (kind, path) in enumerate(places.items())
    ]


def _readme(model: Model, manifest: Manifest) -> str:
    languages = list(dict.fromkeys(tag for taught in model.adaptations for tag in taught.languages))
    head = [f"license: {model.licence.lower()}"] if model.licence != NO_LICENCE else []
    head += ["language:", *(f"- {tag}" for tag in languages)] if languages else []
    head += ["library_name: sentence-transformers", "pipeline_tag: sentence-similarity"]
    taught = "".join(_adaptation(entry) for entry in model.adaptations)
    return _README.format(
        head="".join(f"{line}\n" for line in head),
        name=model.name,
        dimensions=model.shape.dimensions,
        fingerprint=manifest.fingerprint,
        source=model.source,
        licence=model.licence,
        max_tokens=model.max_tokens,
        adaptations=f"\n## What was taught to it\n\n{taught}" if taught else "",
    )


def _adaptation(entry: Adaptation) -> str:
    trained = ", and their vectors trained" if entry.trained else ""
    lines = [
        f"- {entry.words} words of {', '.join(entry.languages)} were added to the vocabulary{trained}, from:"
    ]
    return "\n".join([*lines, *(f"  - {line}" for line in entry.data)]) + "\n"
