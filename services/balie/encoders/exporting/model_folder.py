"""Reads a sentence-transformers model's folder into memory, without torch: BERT with mean pooling, of any tokenizer."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.exporting.errors import EncoderModelFileWrong
from balie.encoders.folder.graph import BertShape
from balie.encoders.folder.manifest import TOKENIZER_FILE
from balie.encoders.folder.model import WORD_ROWS, Model
from balie.encoders.folder.weights import ShardedWeights, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIG_FILE = "config.json"
MODULES_FILE = "modules.json"
POOLING_FOLDER = "1_Pooling"
PROMPTS_FILE = "config_sentence_transformers.json"
SENTENCE_FILE = "sentence_bert_config.json"
SHARDS_FILE = "model.safetensors.index.json"
TOKENIZER_SETTINGS_FILE = "tokenizer_config.json"
WEIGHTS_FILE = "model.safetensors"

POSITION_ROWS = "embeddings.position_embeddings.weight"
SEGMENT_ROWS = "embeddings.token_type_embeddings.weight"

NO_LICENCE = "not stated"
_LICENCES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
}
"""The names of a hub whose SPDX identifier is written otherwise."""

_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_NO_LIMIT = 1_000_000_000
"""A tokenizer without a limit states one above this."""


def read_folder(folder: Path, *, name: str, source: str) -> Model:
    """Returns the model that a folder holds.

    Args:
        folder: as sentence-transformers saves or a hub keeps it.
        name: what to call the model.
        source: one line that says where it comes from.

    Raises:
        EncoderModelFileWrong: a file is missing or damaged; the message names it.
        EncoderModelUnsupported: the model is whole and of a kind that the graph is not written for.
    """
    inner = folder / _transformer(folder)
    _check_pooling(folder)
    _check_prompt(folder)
    config = read_json(inner / CONFIG_FILE)
    shape = _shape(inner / CONFIG_FILE, config)
    weights = _Unprefixed(_weights(inner))
    _check_weights(inner / WEIGHTS_FILE, weights, shape)
    tokenizer = _tokenizer(inner, rows=weights.shape(WORD_ROWS)[0])
    return Model(
        name=name,
        source=source,
        licence=licence_of(folder),
        shape=shape,
        weights=weights,
        tokenizer=tokenizer,
        max_tokens=_max_tokens(inner, positions=weights.shape(POSITION_ROWS)[0]),
    )


def read_json(path: Path, default: Any = None) -> Any:
    """Returns what a JSON file says, or the default, when there is one, for a file that is not there.

    Raises:
        EncoderModelFileWrong: the file is missing, cannot be read, is no JSON, or not of the default's type, by
            default an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if default is not None:
            return default
        raise EncoderModelFileWrong(path, "is missing") from None
    except OSError as error:
        raise EncoderModelFileWrong(path, f"cannot be read ({error.strerror})") from None
    except ValueError:
        raise EncoderModelFileWrong(path, "is not JSON") from None
    if not isinstance(content, dict if default is None else type(default)):
        raise EncoderModelFileWrong(path, "holds JSON of another shape")
    return content


def licence_of(folder: Path) -> str:
    """Returns the licence that the head of a model's README states."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return NO_LICENCE
    head = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    stated = re.search(r"^license:\s*['\"]?([\w.+-]+)", head[1], re.MULTILINE) if head else None
    return _LICENCES.get(stated[1], stated[1]) if stated else NO_LICENCE


def module_kinds(folder: Path) -> list[tuple[str, str]]:
    """Returns the class name and the path of each module, in order.

    Raises:
        EncoderModelFileWrong: `modules.json` is missing or is not a list of modules.
    """
    path = folder / MODULES_FILE
    if not path.exists():
        raise EncoderModelFileWrong(path, "is missing, so that this is no sentence-transformers model")
    try:
        return [
            (str(module["type"]).rsplit(".", 1)[-1], str(module["path"])) for module in read_json(path, [])
        ]
    except (KeyError, TypeError):
        raise EncoderModelFileWrong(path, "is not a list of modules") from None


def _transformer(folder: Path) -> str:
    """Returns where in the folder the transformer's files are; the folder itself in most models."""
    modules = module_kinds(folder)
    found = [kind for kind, _ in modules]
    if found not in _MODULES:
        raise EncoderModelUnsupported(
            "modules", found=", ".join(found), wanted="Transformer, Pooling, Normalize"
        )
    return modules[0][1]


def _check_pooling(folder: Path) -> None:
    place = dict(module_kinds(folder))["Pooling"]
    config = read_json(folder / place / CONFIG_FILE)
    older = [
        key.removeprefix("pooling_mode_").removesuffix("_tokens")
        for key, value in config.items()
        if key.startswith("pooling_mode_") and value is True
    ]
    found = config.get("pooling_mode") or older or ["mean"]
    if found not in ("mean", ["mean"]):
        raise EncoderModelUnsupported("pooling", found=found, wanted="mean")


def _check_prompt(folder: Path) -> None:
    config = read_json(folder / PROMPTS_FILE, {})
    prompt = (config.get("prompts") or {}).get(config.get("default_prompt_name"))
    if prompt:
        raise EncoderModelUnsupported("default prompt", found=prompt, wanted="")


def _shape(path: Path, config: Mapping[str, Any]) -> BertShape:
    for setting in ("is_decoder", "add_cross_attention"):
        if config.get(setting):
            raise EncoderModelUnsupported(setting, found=True, wanted=False)
    try:
        shape = BertShape.from_config(config)
    except KeyError as error:
        raise EncoderModelFileWrong(path, f"does not state {error.args[0]}") from None
    except (TypeError, ValueError):
        raise EncoderModelFileWrong(path, "states a number as something else") from None
    if min(shape.layers, shape.heads) < 1 or shape.dimensions % shape.heads:
        raise EncoderModelFileWrong(path, "states layers, heads and dimensions that do not fit together")
    return shape


def _weights(folder: Path) -> Weights | ShardedWeights:
    if (folder / SHARDS_FILE).exists() and not (folder / WEIGHTS_FILE).exists():
        places = read_json(folder / SHARDS_FILE).get("weight_map")
        if not isinstance(places, dict) or not all(isinstance(place, str) for place in places.values()):
            raise EncoderModelFileWrong(folder / SHARDS_FILE, "has no weight_map")
        return ShardedWeights(folder, places)
    pickled = next((path.name for path in sorted(folder.glob("pytorch_model*.bin"))), None)
    if pickled and not (folder / WEIGHTS_FILE).exists():
        raise EncoderModelUnsupported("file of weights", found=pickled, wanted=WEIGHTS_FILE)
    return Weights(folder / WEIGHTS_FILE)


class _Unprefixed(Mapping[str, "NDArray[np.float32]"]):
    """The tensors by the names of `BertModel`, whether or not the file says `bert.` before each."""

    def __init__(self, stored: Weights | ShardedWeights) -> None:
        self._stored = stored
        self._names = {name.removeprefix("bert."): name for name in stored}

    def __getitem__(self, name: str) -> "NDArray[np.float32]":
        return self._stored[self._names[name]]

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._stored.shape(self._names[name])


def _check_weights(path: Path, weights: _Unprefixed, shape: BertShape) -> None:
    """Raises when a tensor is missing or of another shape than the configuration says; `None` is any size."""
    size = shape.dimensions
    wanted: dict[str, tuple[int | None, ...]] = {
        WORD_ROWS: (None, size),
        POSITION_ROWS: (None, size),
        SEGMENT_ROWS: (None, size),
        "embeddings.LayerNorm.weight": (size,),
        "embeddings.LayerNorm.bias": (size,),
    }
    for layer in range(shape.layers):
        own = f"encoder.layer.{layer}."
        for part in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            wanted |= {f"{own}{part}.weight": (size, size), f"{own}{part}.bias": (size,)}
        wanted |= {f"{own}intermediate.dense.weight": (None, size), f"{own}intermediate.dense.bias": (None,)}
        wanted |= {f"{own}output.dense.weight": (size, None), f"{own}output.dense.bias": (size,)}
        for part in ("attention.output", "output"):
            wanted |= {f"{own}{part}.LayerNorm.{kind}": (size,) for kind in ("weight", "bias")}
    for name, sizes in wanted.items():
        if name not in weights:
            raise EncoderModelFileWrong(path, f"lacks the tensor {name}")
        found = weights.shape(name)
        if len(found) != len(sizes) or any(
            want not in (None, have) for want, have in zip(sizes, found, strict=True)
        ):
            raise EncoderModelFileWrong(
                path, f"holds {name} in shape {found}, which does not fit {CONFIG_FILE}"
            )


def _tokenizer(folder: Path, *, rows: int) -> dict[str, Any]:
    """Returns the content of `tokenizer.json`, without padding and truncation, which are ours."""
    import tokenizers

    path = folder / TOKENIZER_FILE
    if not path.exists():
        other = next(
            (
                name
                for name in ("vocab.txt", "sentencepiece.bpe.model", "vocab.json")
                if (folder / name).exists()
            ),
            None,
        )
        if other:
            raise EncoderModelUnsupported("tokenizer's file", found=other, wanted=TOKENIZER_FILE)
    content: dict[str, Any] = read_json(path) | {"padding": None, "truncation": None}
    try:
        loaded = tokenizers.Tokenizer.from_str(json.dumps(content))
    except Exception as error:  # the library raises bare Exception
        raise EncoderModelFileWrong(path, "is not a tokenizer") from error
    most = max(loaded.get_vocab(with_added_tokens=True).values(), default=0)
    if most >= rows:
        raise EncoderModelFileWrong(path, f"has an entry {most}, and the weights have {rows} rows")
    _check_tokenizer_settings(folder, content)
    return content


def _check_tokenizer_settings(folder: Path, tokenizer: Mapping[str, Any]) -> None:
    """Raises for settings by which transformers would split texts otherwise than `tokenizer.json` says."""
    settings = read_json(folder / TOKENIZER_SETTINGS_FILE, {})
    if settings.get("truncation_side", "right") != "right":
        raise EncoderModelUnsupported("truncation side", found=settings["truncation_side"], wanted="right")
    normalizer = tokenizer.get("normalizer") or {}
    if normalizer.get("type") == "BertNormalizer":
        names = {
            "do_lower_case": "lowercase",
            "strip_accents": "strip_accents",
            "tokenize_chinese_chars": "handle_chinese_chars",
        }
        for setting, key in names.items():
            if setting in settings and settings[setting] != normalizer.get(key):
                raise EncoderModelUnsupported(
                    f"tokenizer setting {setting}", found=settings[setting], wanted=normalizer.get(key)
                )
    if read_json(folder / SENTENCE_FILE, {}).get("do_lower_case") and not normalizer.get("lowercase"):
        raise EncoderModelUnsupported("setting do_lower_case", found=True, wanted=False)


def _max_tokens(folder: Path, *, positions: int) -> int:
    """Returns how many tokens the model reads: what sentence-transformers says, and no more than it has positions."""
    stated = read_json(folder / SENTENCE_FILE, {}).get("max_seq_length")
    stated = stated or read_json(folder / TOKENIZER_SETTINGS_FILE, {}).get("model_max_length")
    if isinstance(stated, int | float) and 0 < stated < _NO_LIMIT:
        return min(int(stated), positions)
    return positions
