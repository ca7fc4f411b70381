"""`balie faq tune`, on the sample desk with the packaged encoder."""

import json
from pathlib import Path

import pytest
from tests.encoder_fixture import encoder_folder
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.cli.desk import SAMPLE
from balie.faq.retrieval.blend import HybridRetriever


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the entries that the first questions are about, in English."""
    import yaml

    path = tmp_path_factory.mktemp("desk") / "entries.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for entry in yaml.safe_load((SAMPLE / "faq.yaml").read_text(encoding="utf-8"))["entries"]:
            text = entry["texts"]["en"]
            row = {"id": entry["id"], "question": text["question"], "answer": text["answer"], "lang": "en"}
            file.write(json.dumps(row) + "\n")
    return path


def tune(entries: Path, queries: Path, cache: Path, *more: str) -> Result:
    command = ["faq", "tune", "--entries", str(entries), "--queries", str(queries), "--cache", str(cache)]
    return CliRunner().invoke(app, [*command, "--encoder", str(encoder_folder()), *more])


def test_shows_before_and_after_and_writes_what_the_service_can_use(
    entries: Path, cache: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tuned.json"
    done = tune(entries, SAMPLE / "queries" / "tune_en.jsonl", cache, "--to", str(path))
    assert done.exit_code == 0, done.output
    for word in (
        "before",
        "after",
        "first answer right",
        "coverage",
        "wrong rate",
        "BALIE_FAQ_RETRIEVER_OPTIONS",
    ):
        assert word in done.output
    tuned = HybridRetriever.from_options({"tuned": str(path)})
    assert tuned.blend.plain() != HybridRetriever().blend.plain()


def test_writes_nothing_without_a_file(entries: Path, cache: Path, tmp_path: Path) -> None:
    done = tune(entries, SAMPLE / "queries" / "tune_en.jsonl", cache)
    assert done.exit_code == 0, done.output
    assert "Nothing is written" in done.output
    assert not list(tmp_path.iterdir())


def test_too_few_questions_are_refused(entries: Path, cache: Path, tmp_path: Path) -> None:
    queries = tmp_path / "few.jsonl"
    queries.write_text('{"text": "how much is a ticket", "entry_ids": ["ticket-price"], "lang": "en"}\n')
    done = tune(entries, queries, cache)
    assert done.exit_code == 1
    assert "too few to learn from" in " ".join(done.output.split())
