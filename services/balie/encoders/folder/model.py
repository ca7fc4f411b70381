"""A sentence encoder in memory: what is read from a package, adapted or exported, and then written as a folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from balie.encoders.folder.manifest import Adaptation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.encoders.folder.graph import BertShape

WORD_ROWS = "embeddings.word_embeddings.weight"
"""Name of the tensor with one row for each entry of the vocabulary, shape (entries, dimensions)."""


@dataclass(frozen=True)
class Model:
    """A BERT sentence encoder with mean pooling, whose vectors have length 1.

    Attributes:
        name: what people call it, as in `minilm-l6-v2`.
        source: one line that says where it comes from.
        licence: SPDX identifier of the model's licence.
        shape: the numbers of its architecture.
        weights: float32 tensors by the names of Hugging Face's `BertModel`, without a prefix.
        tokenizer: the content of `tokenizer.json`, with neither padding nor truncation.
        max_tokens: how many tokens of a text are read, special ones included.
        adaptations: what was taught to it, oldest first.
    """

    name: str
    source: str
    licence: str
    shape: "BertShape"
    weights: "Mapping[str, NDArray[np.float32]]"
    tokenizer: Mapping[str, Any]
    max_tokens: int
    adaptations: tuple[Adaptation, ...] = ()

    def tokenizer_text(self) -> str:
        """Returns `tokenizer.json` as it is written: the same content gives the same bytes."""
        return json.dumps({**self.tokenizer, "padding": None, "truncation": None}, ensure_ascii=False)
