"""Exporting a model to an encoder's folder and back, without torch: the same numbers, or nothing at all."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tests.unit.encoders import tiny_model
from tests.unit.encoders.tiny_model import change_json, write_json, write_model

from balie.encoders.errors import (
    EncoderBuildFailed,
    EncoderDamaged,
    EncoderFolderMissing,
    EncoderModelUnsupported,
    EncoderNotReadable,
    EncoderUnavailable,
)
from balie.encoders.exporting.errors import (
    EncoderExportNeedsTorch,
    EncoderExportRefused,
    EncoderModelFileWrong,
    EncoderSourceMissing,
)
from balie.encoders.exporting.export import export_to_onnx, export_to_sentence_transformers
from balie.encoders.exporting.model_folder import read_folder
from balie.encoders.folder.manifest import Manifest, describe_files
from balie.encoders.folder.model import WORD_ROWS
from balie.encoders.folder.precisions import EncoderPrecisionUnknown
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.weights import Weights, write_weights
from balie.encoders.folder.writing import write_encoder
from balie.encoders.onnx import OnnxEncoder
from balie.encoders.splitting import Splitter

TORCH_THERE = find_spec("torch") is not None


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "models" / "Tiny BERT")


@pytest.fixture
def encoder(model: Path, tmp_path: Path) -> Path:
    return export_to_onnx(str(model), tmp_path / "encoders" / "tiny").folder


def read(model: Path) -> object:
    return read_folder(model, name="tiny", source="a test")


def test_writes_a_model_as_an_encoder_of_its_name(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    exported = export_to_onnx(str(model))

    assert exported.folder == tmp_path / "data" / "balie" / "encoders" / "tiny-bert"
    assert (exported.way, exported.already) == ("weights", False)
    manifest = Manifest.read(exported.folder)
    assert (manifest.name, manifest.licence, manifest.dimensions) == (
        "tiny-bert",
        "Apache-2.0",
        tiny_model.SIZE,
    )
    assert manifest.max_tokens == tiny_model.MAX_TOKENS
    assert "Tiny BERT, a sentence-transformers model in a folder (sha256 " in manifest.source
    vectors = OnnxEncoder(exported.folder).encode(["hond", "boat", ""])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert abs(vectors[0] @ vectors[1]) < 0.999


def test_gives_the_vectors_of_the_model(model: Path, encoder: Path):
    expected = forward(Weights(model / "model.safetensors"), [2, 30, 41, 7, 3])

    session = OnnxEncoder(encoder)._session
    ids = np.array([[2, 30, 41, 7, 3, 0, 0]])
    (vector,) = session.run(None, {"input_ids": ids, "attention_mask": (np.arange(7) < 5)[None].astype(int)})[
        0
    ]

    assert vector @ expected >= 0.99999


def forward(weights: Weights, ids: list[int]) -> np.ndarray:
    """The model as its paper has it, in double precision: written from the equations, and not from the graph."""

    def norm(values: np.ndarray, name: str) -> np.ndarray:
        centred = values - values.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(values: np.ndarray, name: str) -> np.ndarray:
        return values @ weights[f"{name}.weight"].T.astype(float) + weights[f"{name}.bias"]

    from math import erf

    gelu = np.vectorize(lambda value: value * (1 + erf(value / 2**0.5)) / 2)
    hidden = weights["embeddings.word_embeddings.weight"][ids].astype(float)
    hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = norm(hidden + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(tiny_model.LAYERS):
        own = f"encoder.layer.{layer}."
        parts = [dense(hidden, f"{own}attention.self.{part}") for part in ("query", "key", "value")]
        heads = []
        for query, key, value in zip(
            *(np.split(part, tiny_model.HEADS, axis=1) for part in parts), strict=True
        ):
            scores = np.exp(query @ key.T / query.shape[1] ** 0.5)
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ value)
        attended = dense(np.concatenate(heads, axis=1), f"{own}attention.output.dense")
        hidden = norm(hidden + attended, f"{own}attention.output.LayerNorm")
        widened = dense(gelu(dense(hidden, f"{own}intermediate.dense")), f"{own}output.dense")
        hidden = norm(hidden + widened, f"{own}output.LayerNorm")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_reads_models_in_shards_with_a_prefix_and_as_newer_versions_save_them(model: Path, tmp_path: Path):
    plain = export_to_onnx(str(model), tmp_path / "plain")
    split = tmp_path / "split" / "Tiny BERT"
    shutil.copytree(model, split)
    stored = {f"bert.{name}": values for name, values in Weights(model / "model.safetensors").items()}
    (split / "model.safetensors").unlink()
    places = {}
    for number, names in enumerate((sorted(stored)[::2], sorted(stored)[1::2])):
        write_weights(split / f"model-{number}.safetensors", {name: stored[name] for name in names})
        places |= dict.fromkeys(names, f"model-{number}.safetensors")
    write_json(split / "model.safetensors.index.json", {"weight_map": places})
    write_json(split / "1_Pooling" / "config.json", {"embedding_dimension": 32, "pooling_mode": "mean"})
    write_json(split / "sentence_bert_config.json", {"transformer_task": "feature-extraction"})
    change_json(split / "tokenizer_config.json", model_max_length=tiny_model.MAX_TOKENS)

    assert export_to_onnx(str(split), tmp_path / "again").fingerprint == plain.fingerprint


def test_reads_no_more_tokens_than_there_are_positions(model: Path):
    change_json(model / "sentence_bert_config.json", max_seq_length=512)
    assert read_folder(model, name="t", source="t").max_tokens == tiny_model.POSITIONS
    change_json(model / "sentence_bert_config.json", max_seq_length=None)
    change_json(model / "tokenizer_config.json", model_max_length=10**30)
    assert read_folder(model, name="t", source="t").max_tokens == tiny_model.POSITIONS


def test_leaves_the_same_export_as_it_is(model: Path, encoder: Path):
    written = {path.name: path.stat().st_mtime_ns for path in encoder.iterdir()}

    again = export_to_onnx(str(model), encoder)

    assert again.already
    assert {path.name: path.stat().st_mtime_ns for path in encoder.iterdir()} == written


def test_writes_anew_what_was_damaged(model: Path, encoder: Path):
    (encoder / "weights.bin").write_bytes(b"damaged")

    assert not export_to_onnx(str(model), encoder).already

    Manifest.read(encoder).verify(encoder)


def test_never_takes_the_place_of_another_encoder_unasked(encoder: Path, tmp_path: Path):
    other = str(write_model(tmp_path / "other", seed=8))
    before = Manifest.read(encoder).fingerprint

    with pytest.raises(EncoderExportRefused, match=r"holds another encoder \(tiny-bert\.fp32\..*`--replace`"):
        export_to_onnx(other, encoder)
    assert Manifest.read(encoder).fingerprint == before

    assert export_to_onnx(other, encoder, replace=True).fingerprint != before


def test_never_takes_the_place_of_other_things(model: Path, tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")

    with pytest.raises(EncoderBuildFailed, match=r"it holds other things \(cat\.jpg\)"):
        export_to_onnx(str(model), tmp_path / "photos", replace=True)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"


Damage = Callable[[Path], object]


def cut(name: str, size: int) -> Damage:
    return lambda model: (model / name).write_bytes((model / name).read_bytes()[:size])


def without(tensor: str) -> Damage:
    def damage(model: Path) -> None:
        stored = dict(Weights(model / "model.safetensors"))
        stored.pop(tensor)
        write_weights(model / "model.safetensors", stored)

    return damage


def fewer_rows(model: Path) -> None:
    stored = dict(Weights(model / "model.safetensors"))
    write_weights(model / "model.safetensors", {**stored, WORD_ROWS: stored[WORD_ROWS][:50]})


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            lambda model: (model / "modules.json").unlink(),
            r"modules\.json is missing, so that this is no sentence",
        ),
        (lambda model: (model / "config.json").unlink(), r"Tiny BERT/config\.json is missing"),
        (lambda model: (model / "1_Pooling" / "config.json").unlink(), r"1_Pooling/config\.json is missing"),
        (lambda model: (model / "model.safetensors").unlink(), r"model\.safetensors is missing"),
        (lambda model: (model / "tokenizer.json").unlink(), r"tokenizer\.json is missing"),
        (cut("config.json", 40), r"config\.json is not JSON"),
        (cut("modules.json", 0), r"modules\.json is not JSON"),
        (lambda model: write_json(model / "modules.json", [1]), r"modules\.json is not a list of modules"),
        (lambda model: write_json(model / "config.json", []), r"config\.json holds JSON of another shape"),
        (lambda model: change_json(model / "config.json", hidden_size=None), "does not state hidden_size"),
        (
            lambda model: change_json(model / "config.json", hidden_size="many"),
            "states a number as something",
        ),
        (lambda model: change_json(model / "config.json", num_attention_heads=5), "do not fit together"),
        (
            lambda model: change_json(model / "config.json", num_hidden_layers=3),
            r"lacks the tensor encoder\.layer\.2",
        ),
        (
            lambda model: change_json(model / "config.json", hidden_size=64),
            r"in shape \(\d+, 32\), which does not fit",
        ),
        (cut("model.safetensors", 4), r"model\.safetensors is not a safetensors file"),
        (cut("model.safetensors", 20_000), r"model\.safetensors ends before its last tensor"),
        (
            without("encoder.layer.1.output.dense.bias"),
            r"lacks the tensor encoder\.layer\.1\.output\.dense\.bias",
        ),
        (
            lambda model: write_json(model / "tokenizer.json", {"model": 1}),
            r"tokenizer\.json is not a tokenizer",
        ),
        (fewer_rows, r"tokenizer\.json has an entry \d+, and the weights have 50 rows"),
    ],
)
def test_names_the_file_that_is_wrong_and_leaves_nothing(
    model: Path, tmp_path: Path, damage: Damage, problem: str
):
    damage(model)

    with pytest.raises(EncoderModelFileWrong, match=problem):
        export_to_onnx(str(model), tmp_path / "out" / "encoder")

    assert not list((tmp_path / "out").glob("*"))
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    ("file", "changes", "setting"),
    [
        ("config.json", {"model_type": "distilbert"}, "model_type is 'distilbert'; only 'bert'"),
        ("config.json", {"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ("config.json", {"is_decoder": True}, "is_decoder is True"),
        ("config.json", {"position_embedding_type": "relative_key"}, "position_embedding_type is"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True},
            "'cls_token'|'cls'",
        ),
        ("1_Pooling/config.json", {"pooling_mode": ["mean", "max"]}, "pooling is .*'max'"),
        ("tokenizer_config.json", {"truncation_side": "left"}, "truncation side is 'left'"),
        ("tokenizer_config.json", {"do_lower_case": False}, "tokenizer setting do_lower_case is False"),
    ],
)
def test_says_which_setting_it_cannot_write(model: Path, file: str, changes: dict[str, object], setting: str):
    change_json(model / file, **changes)

    with pytest.raises(EncoderModelUnsupported, match=setting):
        read(model)


def test_says_which_module_prompt_and_kind_of_file_it_cannot_write(model: Path):
    modules = json.loads((model / "modules.json").read_text())
    write_json(
        model / "modules.json", [*modules, {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
    )
    with pytest.raises(EncoderModelUnsupported, match="modules is 'Transformer, Pooling, Dense'"):
        read(model)
    write_json(model / "modules.json", modules)
    write_json(
        model / "config_sentence_transformers.json",
        {"prompts": {"query": "query: "}, "default_prompt_name": "query"},
    )
    with pytest.raises(EncoderModelUnsupported, match="default prompt is 'query: '"):
        read(model)
    write_json(
        model / "config_sentence_transformers.json", {"prompts": {"query": ""}, "default_prompt_name": None}
    )
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(EncoderModelUnsupported, match=r"file of weights is 'pytorch_model\.bin'"):
        read(model)


@pytest.mark.skipif(TORCH_THERE, reason="torch is installed, and would export it")
def test_says_what_to_install_for_other_models(model: Path, tmp_path: Path):
    change_json(model / "config.json", model_type="mpnet")

    with pytest.raises(
        EncoderExportNeedsTorch, match=r"model_type is 'mpnet'.*pip install 'balie\[sentence-transformers\]'"
    ):
        export_to_onnx(str(model), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_says_when_there_is_no_such_model(encoder: Path):
    with pytest.raises(EncoderSourceMissing, match="'/no/such/model' to export: there is no such folder"):
        export_to_onnx("/no/such/model")
    with pytest.raises(EncoderExportRefused, match="is an ONNX encoder already"):
        export_to_onnx(str(encoder))


def test_refuses_a_precision_that_nobody_offers(model: Path, tmp_path: Path):
    with pytest.raises(EncoderPrecisionUnknown, match=r"no precision 'fp64' .*: choose one of fp32, "):
        export_to_onnx(str(model), tmp_path / "out", precision="fp64")
    assert not (tmp_path / "out").exists()


def test_comes_back_as_the_model_that_it_was(model: Path, encoder: Path, tmp_path: Path):
    exported = export_to_sentence_transformers(encoder, tmp_path / "back")

    assert exported.kind == "sentence-transformers"
    first, again = (read_folder(folder, name="t", source="t") for folder in (model, tmp_path / "back"))
    assert (again.shape, again.max_tokens, again.tokenizer) == (
        first.shape,
        first.max_tokens,
        first.tokenizer,
    )
    assert again.licence == "Apache-2.0"
    for name in first.weights:
        if "position" not in name and "token_type" not in name:
            assert np.array_equal(first.weights[name], again.weights[name]), name
    rows = [
        model.weights["embeddings.position_embeddings.weight"]
        + model.weights["embeddings.token_type_embeddings.weight"][0]
        for model in (first, again)
    ]
    assert np.array_equal(*rows)
    # Not the name, which is part of a fingerprint: the vectors.
    third = export_to_onnx(str(tmp_path / "back"), tmp_path / "third").folder
    texts = ["Mag mijn hond mee?", "", "boat " * 90]
    assert np.array_equal(OnnxEncoder(encoder).encode(texts), OnnxEncoder(third).encode(texts))


def test_keeps_words_that_were_taught(encoder: Path, tmp_path: Path):
    folder = teach(encoder, tmp_path / "taught", ["veerboot", "fähre"])

    export_to_sentence_transformers(folder, tmp_path / "back")

    back = read_folder(tmp_path / "back", name="t", source="t")
    rows = read_model(folder).weights[WORD_ROWS]
    assert np.array_equal(back.weights[WORD_ROWS], rows)
    assert json.loads((tmp_path / "back" / "config.json").read_text())["vocab_size"] == len(rows)
    tokens = Splitter(tmp_path / "back").split("De VEERBOOT, veerboten en die Fähre")
    assert [token.text for token in tokens if token.word] == ["veerboot", "fahre"]
    assert tokens == Splitter(folder).split("De VEERBOOT, veerboten en die Fähre")
    again = Manifest.read(export_to_onnx(str(tmp_path / "back"), tmp_path / "again").folder)
    assert again.adaptations == Manifest.read(folder).adaptations
    assert again.source == Manifest.read(folder).source
    readme = (tmp_path / "back" / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0\nlanguage:\n- nl\n- de\n" in readme
    assert "- 2 words of nl, de were added to the vocabulary, from:\n  - a test, CC0\n" in readme


def teach(encoder: Path, folder: Path, words: list[str]) -> Path:
    """Gives an encoder whole-word entries with rows of their own, by hand."""
    from balie.encoders.folder.manifest import Adaptation

    model = read_model(encoder)
    rows = model.weights[WORD_ROWS]
    new = np.random.default_rng(3).normal(0, rows.std(), (len(words), rows.shape[1])).astype(np.float32)
    entries = [
        {
            "id": len(rows) + place,
            "content": word,
            "single_word": True,
            "lstrip": False,
            "rstrip": False,
            "normalized": True,
            "special": False,
        }
        for place, word in enumerate(words)
    ]
    folder.mkdir()
    taught = replace(
        model,
        weights={**model.weights, WORD_ROWS: np.concatenate([rows, new])},
        tokenizer={**model.tokenizer, "added_tokens": [*model.tokenizer["added_tokens"], *entries]},
        adaptations=(Adaptation(languages=("nl", "de"), words=len(words), data=("a test, CC0",)),),
    )
    write_encoder(taught, folder)
    return folder


def test_writes_the_same_bytes_again_and_leaves_them(encoder: Path, tmp_path: Path):
    first = export_to_sentence_transformers(encoder, tmp_path / "first").folder
    second = export_to_sentence_transformers(encoder, tmp_path / "second").folder

    contents = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (first, second)
    ]
    assert contents[0] == contents[1]
    assert len(contents[0]) == 12
    assert export_to_sentence_transformers(encoder, first).already


def test_a_folder_that_is_there_is_replaced_when_asked(encoder: Path, tmp_path: Path):
    out = export_to_sentence_transformers(encoder, tmp_path / "out").folder
    other = export_to_onnx(str(write_model(tmp_path / "m" / "other", seed=9)), tmp_path / "other").folder
    before = (out / "model.safetensors").read_bytes()

    with pytest.raises(EncoderExportRefused, match="holds another encoder"):
        export_to_sentence_transformers(other, out)
    assert (out / "model.safetensors").read_bytes() == before

    export_to_sentence_transformers(other, out, replace=True)
    assert (out / "model.safetensors").read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoders", "m", "models", "other", "out"]

    (out / "model.safetensors").write_bytes(b"damaged")
    assert not export_to_sentence_transformers(other, out).already
    assert export_to_sentence_transformers(other, out).already
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(EncoderExportRefused, match="holds other things"):
        export_to_sentence_transformers(other, tmp_path / "photos", replace=True)


def test_says_what_cannot_come_back(encoder: Path, tmp_path: Path):
    with pytest.raises(EncoderFolderMissing):
        export_to_sentence_transformers(tmp_path / "absent", tmp_path / "out")
    Manifest.read(encoder).model_copy(update={"precision": "w8"}).write(encoder)
    with pytest.raises(EncoderNotReadable, match="its weights are w8, not fp32"):
        export_to_sentence_transformers(encoder, tmp_path / "out")
    (encoder / "weights.bin").write_bytes(b"damaged")
    with pytest.raises(EncoderDamaged, match=r"weights\.bin has 7 bytes"):
        export_to_sentence_transformers(encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content", [{}, {"model": {"type": "None"}}, {"added_tokens": [{"content": "[PAD]"}]}]
)
def test_needs_a_tokenizer_that_can_be_read(encoder: Path, tmp_path: Path, content: dict[str, object]):
    write_json(encoder / "tokenizer.json", content)
    manifest = Manifest.read(encoder)
    files = manifest.files | describe_files(encoder, ["tokenizer.json"])
    manifest.model_copy(update={"files": files}).write(encoder)

    with pytest.raises(EncoderNotReadable, match=r"its tokenizer\.json is not a tokenizer \("):
        export_to_sentence_transformers(encoder, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_needs_a_token_for_padding(encoder: Path, tmp_path: Path):
    model = read_model(encoder)
    text = json.dumps(model.tokenizer).replace("[PAD]", "[NUL]")
    (tmp_path / "odd").mkdir()
    write_encoder(replace(model, tokenizer=json.loads(text)), tmp_path / "odd")

    with pytest.raises(EncoderExportRefused, match="no token for padding"):
        export_to_sentence_transformers(tmp_path / "odd", tmp_path / "out")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoders", "models", "odd"]


def test_every_error_is_of_one_family():
    from balie.encoders.exporting import errors as exporting_errors

    errors = [kind for kind in vars(exporting_errors).values() if isinstance(kind, type) and kind is not Path]
    assert len(errors) >= 6
    assert all(issubclass(kind, EncoderUnavailable) for kind in errors)
