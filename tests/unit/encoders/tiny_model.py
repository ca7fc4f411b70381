"""A tiny BERT with random weights, written as sentence-transformers or a hub keeps it, without torch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from balie.encoders.folder.weights import write_weights

SIZE, WIDE, LAYERS, HEADS, POSITIONS, MAX_TOKENS = 32, 64, 2, 4, 40, 24

TEXTS = (
    "Can I take my dog on the boat, and what does it cost?",
    "Mag mijn hond mee op de boot, en wat kost het dan?",
    "Darf mein Hund mit auf das Schiff, und was kostet es?",
    "waarom is de veerboot te laat vandaag",
    "warum ist die Fähre heute zu spät",
    "0123456789 abcdefghijklmnopqrstuvwxyz äöüßé",
)


def wordpiece() -> Tokenizer:
    """A vocabulary like that of the packaged model."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def unigram() -> Tokenizer:
    """A vocabulary like that of the multilingual MiniLM: XLM-R's kind, with its ids of the special tokens."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(
            vocab_size=120,
            unk_token="<unk>",  # noqa: S106 - no password
            special_tokens=special,
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def tensors(rows: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Random weights, every one of which matters: the second segment's row and each bias are not zero."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.2, shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": normal(rows, SIZE),
        "embeddings.position_embeddings.weight": normal(POSITIONS, SIZE),
        "embeddings.token_type_embeddings.weight": normal(2, SIZE),
        "embeddings.LayerNorm.weight": 1 + normal(SIZE),
        "embeddings.LayerNorm.bias": normal(SIZE),
    }
    for layer in range(LAYERS):
        own = f"encoder.layer.{layer}."
        shapes = {
            "attention.self.query": (SIZE, SIZE),
            "attention.self.key": (SIZE, SIZE),
            "attention.self.value": (SIZE, SIZE),
            "attention.output.dense": (SIZE, SIZE),
            "intermediate.dense": (WIDE, SIZE),
            "output.dense": (SIZE, WIDE),
        }
        for name, shape in shapes.items():
            made |= {f"{own}{name}.weight": normal(*shape), f"{own}{name}.bias": normal(shape[0])}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            made |= {f"{own}{name}.weight": 1 + normal(SIZE), f"{own}{name}.bias": normal(SIZE)}
    return made


def write_model(folder: Path, *, tokenizer: Tokenizer | None = None, seed: int = 7) -> Path:
    """Writes the model as sentence-transformers did up to version 5, and returns its folder."""
    tokenizer = tokenizer or wordpiece()
    rows = tokenizer.get_vocab_size()
    bert = tokenizer.token_to_id("[PAD]") is not None
    names = (
        ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"]
        if bert
        else ["<unk>", "</s>", "<pad>", "<s>", "<mask>"]
    )
    special = dict(
        zip(("unk_token", "sep_token", "pad_token", "cls_token", "mask_token"), names, strict=True)
    )
    folder.mkdir(parents=True)
    write_weights(folder / "model.safetensors", tensors(rows, seed))
    # Padding and truncation as the packaged model has them: not what the model is to be read with.
    tokenizer.enable_padding(
        length=12, pad_id=tokenizer.token_to_id(special["pad_token"]), pad_token=special["pad_token"]
    )
    tokenizer.enable_truncation(12)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# tiny\n", encoding="utf-8")
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": SIZE,
        "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "vocab_size": rows,
        "layer_norm_eps": 1e-12,
        "pad_token_id": tokenizer.token_to_id(special["pad_token"]),
    }
    pooling = {
        "word_embedding_dimension": SIZE,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
    }
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS, "do_lower_case": False})
    write_json(folder / "1_Pooling" / "config.json", pooling)
    modules = [("Transformer", ""), ("Pooling", "1_Pooling")]
    write_json(
        folder / "modules.json",
        [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for index, (kind, path) in enumerate(modules)
        ],
    )
    return folder


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def change_json(path: Path, **changes: Any) -> None:
    """Changes what a JSON file says; None removes."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    write_json(path, {key: value for key, value in content.items() if value is not None})
