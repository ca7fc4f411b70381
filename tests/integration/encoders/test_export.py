"""Exports beside torch: every kind of model gives its own vectors, and the encoder comes back as it is."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.integration.encoders.sentences import sentences
from tests.unit.encoders import tiny_model
from tests.unit.encoders.test_exporting import teach
from tests.unit.encoders.tiny_model import write_json, write_model

from balie.encoders.exporting.export import export_to_onnx, export_to_sentence_transformers
from balie.encoders.onnx import OnnxEncoder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch and its neighbours
]

NEEDS_TORCH = [
    pytest.mark.oracle,
    pytest.mark.skipif(find_spec("torch") is None, reason="pip install 'balie[sentence-transformers]'"),
]
oracle = lambda function: NEEDS_TORCH[0](NEEDS_TORCH[1](function))  # noqa: E731

TEXTS = (*tiny_model.TEXTS, "", "?", "boat", "De Veerboot!", "abc " * 60, "🚲 日本")


def source_vectors(folder: Path) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    return model.encode(list(TEXTS), normalize_embeddings=True, show_progress_bar=False)


def assert_same(encoder: Path, source: Path, texts: tuple[str, ...] = TEXTS) -> None:
    runtime = OnnxEncoder(encoder)
    expected = source_vectors(source)
    assert (runtime.encode(texts) * expected).sum(axis=1).min() >= 0.99999
    alone = np.concatenate([runtime.encode([text]) for text in texts])
    assert (alone * expected).sum(axis=1).min() >= 0.99999


@oracle
@pytest.mark.parametrize("tokenizer", [tiny_model.wordpiece, tiny_model.unigram])
def test_a_bert_is_written_from_its_weights(tmp_path: Path, tokenizer: Any):
    model = write_model(tmp_path / "tiny", tokenizer=tokenizer())

    exported = export_to_onnx(str(model), tmp_path / "encoder")

    assert exported.way == "weights"
    assert exported.least_cosine is not None
    assert exported.least_cosine >= 0.99999
    assert_same(tmp_path / "encoder", model)


def other_model(kind: str, folder: Path) -> Path:
    """Saves a tiny model with random weights of another kind than is written from weights."""
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer

    base = tiny_model.unigram() if kind in ("mpnet", "xlm-roberta") else tiny_model.wordpiece()
    bert = base.token_to_id("[PAD]") is not None
    named = ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if bert else ("<pad>", "<unk>", "<s>", "</s>")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=base,
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), named, strict=True)),
    )
    sizes = {"vocab_size": len(tokenizer), "max_position_embeddings": 40, "pad_token_id": 0 if bert else 1}
    if kind == "distilbert":
        config = transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=64, **sizes)
    else:
        model_type = kind if kind in ("mpnet", "xlm-roberta") else "bert"
        config = transformers.AutoConfig.for_model(
            model_type,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            **sizes,
        )
    torch.manual_seed(4)
    network = transformers.AutoModel.from_config(config)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(torch.randn_like(weights) * 0.1)
    network.save_pretrained(folder / "network")
    tokenizer.save_pretrained(folder / "network")
    transformer = Transformer(str(folder / "network"))
    transformer.max_seq_length = 24
    mode = {"bert-cls": "cls", "bert-max": "max"}.get(kind, "mean")
    modules = [transformer, Pooling(32, pooling_mode=mode)]
    if kind == "bert-dense":
        modules.append(Dense(32, 12))
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / kind))
    return folder / kind


@oracle
@pytest.mark.parametrize("kind", ["distilbert", "mpnet", "xlm-roberta", "bert-cls", "bert-max", "bert-dense"])
def test_any_other_model_is_written_by_torch(kind: str, tmp_path: Path):
    model = other_model(kind, tmp_path)

    exported = export_to_onnx(str(model), tmp_path / "encoder")

    assert exported.way == "torch"
    assert exported.dimensions == (12 if kind == "bert-dense" else 32)
    assert_same(tmp_path / "encoder", model)
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in (tmp_path / "encoder").iterdir())
    assert export_to_onnx(str(model), tmp_path / "encoder").already
    again = export_to_onnx(str(model), tmp_path / "again")
    assert again.fingerprint == exported.fingerprint


@oracle
def test_what_torch_wrote_is_served_without_torch(tmp_path: Path):
    model = other_model("mpnet", tmp_path)
    export_to_onnx(str(model), tmp_path / "encoder")
    code = (
        "import sys; from pathlib import Path; from balie.encoders.onnx import OnnxEncoder;"
        "print(OnnxEncoder(Path(sys.argv[1])).encode(['boat']).shape, 'torch' in sys.modules)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "encoder")], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "(1, 32) False"


@oracle
def test_refuses_a_default_prompt_and_an_export_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from balie.encoders.errors import EncoderModelUnsupported
    from balie.encoders.exporting.errors import EncoderExportDiffers

    model = write_model(tmp_path / "models" / "tiny")
    config = {"prompts": {"query": "boat: "}, "default_prompt_name": "query"}
    write_json(model / "config_sentence_transformers.json", config)
    with pytest.raises(EncoderModelUnsupported, match="default prompt is 'boat: '"):
        export_to_onnx(str(model), tmp_path / "encoder")
    (model / "config_sentence_transformers.json").unlink()

    from balie.encoders.exporting import export as exporting

    honest = exporting.read_folder

    def altered(*arguments: Any, **named: Any) -> Any:
        read = honest(*arguments, **named)
        weights = {name: read.weights[name] for name in read.weights}
        weights["encoder.layer.1.output.dense.bias"] = weights["encoder.layer.1.output.dense.bias"][::-1]
        return replace(read, weights=weights)

    monkeypatch.setattr(exporting, "read_folder", altered)
    with pytest.raises(
        EncoderExportDiffers, match=r"cosine 0\.\d+ to the source's, and 0\.9999 is the least"
    ):
        export_to_onnx(str(model), tmp_path / "encoder")
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@oracle
def test_the_default_encoder_with_more_words_comes_back_as_it_is(encoder_folder: Path, tmp_path: Path):
    words = ["overstapkaartje", "zwischenlandung", "waddenveer", "über", "naïveté"]
    taught = teach(encoder_folder, tmp_path / "taught", words)

    exported = export_to_sentence_transformers(taught, tmp_path / "model")

    assert exported.least_cosine is not None
    assert exported.least_cosine >= 0.99999
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    texts = [
        *(f"{word} {word.upper()}, {word}s en (ge{word})! {word}-{word}" for word in words),
        "Een overstapkaartje voor de Waddenveer?",
        "Fuer die Zwischenlandung: ÜBER Nacht, u\u0308ber Nacht",
        *sentences()[::5],
    ]
    expected = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    encoder = OnnxEncoder(taught)
    assert (encoder.encode(texts) * expected).sum(axis=1).min() >= 0.99999
    for text in texts:
        assert model.tokenizer(text, truncation=True)["input_ids"] == encoder._tokenizer.encode(text).ids, (
            text
        )
    assert not np.allclose(encoder.encode(words), OnnxEncoder(encoder_folder).encode(words), atol=1e-3)


class Hub(BaseHTTPRequestHandler):
    """Answers as a hub does for one model, `owner/tiny`."""

    def __init__(self, folder: Path, *arguments: Any) -> None:
        self._folder = folder
        super().__init__(*arguments)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        revision = "a" * 40
        if path.startswith("/api/models/owner/tiny"):
            names = [
                path.relative_to(self._folder).as_posix()
                for path in self._folder.rglob("*")
                if path.is_file()
            ]
            if "/tree/" in path:
                sizes = [(name, (self._folder / name).stat().st_size) for name in names]
                told: Any = [{"type": "file", "path": name, "size": size, "oid": "0"} for name, size in sizes]
            else:
                siblings = [{"rfilename": name} for name in names]
                told = {"id": "owner/tiny", "sha": revision, "siblings": siblings}
            content = json.dumps(told).encode()
        elif path.startswith("/owner/tiny/resolve/") and (self._folder / path.split("/", 5)[5]).is_file():
            content = (self._folder / path.split("/", 5)[5]).read_bytes()
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{abs(hash(content)):x}"')
        self.send_header("X-Repo-Commit", revision)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    folder = write_model(tmp_path / "hub" / "tiny")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def export_from(hub: str, home: Path, name: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from balie.encoders import EncoderUnavailable;"
        "from balie.encoders.exporting.export import export_to_onnx\n"
        "try: print(export_to_onnx(sys.argv[1]).folder)\n"
        "except EncoderUnavailable as error: sys.exit(str(error))"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home / "hf"), "XDG_DATA_HOME": str(home)}
    environment = {key: value for key, value in environment.items() if not key.lower().endswith("_proxy")}
    command = [sys.executable, "-c", code, name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_model_is_fetched_from_a_hub(hub: str, tmp_path: Path):
    answer = export_from(hub, tmp_path, "owner/tiny")

    assert answer.returncode == 0, answer.stderr
    folder = Path(answer.stdout.strip())
    assert folder == tmp_path / "balie" / "encoders" / "tiny"
    manifest = OnnxEncoder(folder).manifest
    assert manifest.source == f"owner/tiny from the Hugging Face hub, revision {'a' * 40}"


def test_says_when_a_hub_has_no_such_model_or_is_away(hub: str, tmp_path: Path):
    missing = export_from(hub, tmp_path, "owner/none")
    assert missing.returncode == 1
    assert "there is no model 'owner/none' to export: the hub says" in missing.stderr
    away = export_from("http://127.0.0.1:9", tmp_path, "owner/away")
    assert away.returncode == 1
    assert "there is no model 'owner/away' to export: the hub says" in away.stderr
    assert "Traceback" not in away.stderr
    assert not (tmp_path / "balie").exists()
