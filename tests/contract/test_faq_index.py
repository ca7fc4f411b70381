"""GetIndex and RebuildIndex, their errors, and another encoder that is installed while the service runs."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, refused
from tests.contract.other_encoder import other_encoder
from tests.encoder_fixture import encoder_folder

from balie.api.common.v1.language_pb2 import Embedding
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.client import error_of


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")


async def index_of(one: Desk) -> knowledge.Index:
    request = knowledge.GetIndexRequest(collection_id=FERRY)
    index: knowledge.Index = (await one.knowledge.GetIndex(request, timeout=SECONDS)).index
    return index


async def filled(one: Desk, count: int = 3) -> int:
    """Returns the generation of a collection with some entries."""
    await one.collect()
    for number in range(count):
        last = await one.put(f"e{number}", f"What about thing {number}?", f"Tell me of thing {number}")
    generation: int = last.index_generation
    await one.search("x", min_generation=generation)
    return generation


def rebuilt(one: Desk, **changes: Any) -> Any:
    metadata = changes.pop("metadata", None)
    request = knowledge.RebuildIndexRequest(**({"collection_id": FERRY} | changes))
    return one.knowledge.RebuildIndex(request, timeout=SECONDS, metadata=metadata)


async def test_an_index_says_how_it_keeps_its_vectors(sqlite_url: str, tmp_path: Path) -> None:
    async with desk(sqlite_url, index_folder=tmp_path / "saved", index_save_seconds=0.05) as one:
        generation = await filled(one)
        async with asyncio.timeout(SECONDS):
            while (index := await index_of(one)).saved_generation != generation:
                await asyncio.sleep(0.02)
        assert (index.kind, index.state) == (knowledge.INDEX_KIND_FLAT, knowledge.INDEX_STATE_READY)
        assert (index.vector_count, index.size_bytes) == (9, 9 * (4 * index.dimensions + 8))
        assert index.wanted_encoder_fingerprint == index.encoder_fingerprint
        assert not index.HasField("build")


async def test_without_a_folder_nothing_is_saved(sqlite_url: str) -> None:
    async with desk(sqlite_url, index_save_seconds=0.02) as one:
        await filled(one)
        await asyncio.sleep(0.1)
        assert (await index_of(one)).saved_generation == 0


async def test_a_rebuild_tells_its_progress_and_ends_with_the_index(sqlite_url: str) -> None:
    async with desk(sqlite_url) as one:
        await filled(one)
        before = await index_of(one)
        steps = [step async for step in rebuilt(one)]
        assert steps[-1].progress.step == knowledge.BUILD_STEP_DONE
        assert [step.progress.step for step in steps] == sorted(step.progress.step for step in steps)
        assert not any(step.HasField("index") for step in steps[:-1])
        index = steps[-1].index
        assert (index.generation, index.vector_count) == (before.generation, before.vector_count)
        assert (await one.search("What about thing 1?")).answers[0].entry_id == "e1"


async def test_an_index_takes_the_kind_that_is_set(sqlite_url: str) -> None:
    async with desk(sqlite_url, index_kind="ivf", index_train_from=4) as one:
        await filled(one)
        steps = [step async for step in rebuilt(one)]
        assert steps[-1].index.kind == knowledge.INDEX_KIND_IVF
        assert (await one.search("What about thing 1?")).answers[0].entry_id == "e1"


@pytest.mark.pgvector
async def test_an_index_in_a_database_is_found_again_after_a_restart_and_built_anew(
    pgvector_url: str,
) -> None:
    settings = {"index_kind": "pgvector", "index_graph_from": 4}
    async with desk(pgvector_url, **settings) as one:
        generation = await filled(one)
        before = await index_of(one)
        assert (before.kind, before.generation) == (knowledge.INDEX_KIND_PGVECTOR, generation)
        assert before.vector_count == 9, "a question, a phrasing and an answer each"
    async with desk(pgvector_url, **settings) as one:
        assert (await one.search("What about thing 1?")).answers[0].entry_id == "e1"
        steps = [step async for step in rebuilt(one)]
        assert steps[-1].index.vector_count == before.vector_count
        assert (await one.search("What about thing 2?")).answers[0].entry_id == "e2"


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"collection_id": ""}, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_REQUIRED"),
        ({"collection_id": "x" * 129}, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_TOO_LONG"),
        ({"collection_id": "a b"}, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_MALFORMED"),
        ({"collection_id": "nowhere"}, grpc.StatusCode.NOT_FOUND, "COLLECTION_NOT_FOUND"),
        (
            {"metadata": (("balie-act-as", "service:other"),)},
            grpc.StatusCode.PERMISSION_DENIED,
            "CALLER_FORBIDDEN",
        ),
    ],
)
async def test_a_rebuild_that_may_not_be_is_refused(
    sqlite_url: str, changes: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    async with desk(sqlite_url) as one:
        await one.collect()
        with pytest.raises(grpc.RpcError) as caught:
            async for _ in rebuilt(one, **changes):
                pass
    failure = error_of(caught.value)
    assert (failure.code, failure.reason) == (code, reason)


async def test_another_encoder_is_taken_up_without_a_failed_search(sqlite_url: str, tmp_path: Path) -> None:
    installed = tmp_path / "encoder"
    installed.symlink_to(encoder_folder())
    other = other_encoder(tmp_path / "other")
    async with desk(sqlite_url, encoder_folder=installed, encoder_watch_seconds=0.05) as one:
        generation = await filled(one)
        before = await index_of(one)
        (tmp_path / "next").symlink_to(other)
        (tmp_path / "next").replace(installed)
        seen: list[str] = []
        async with asyncio.timeout(SECONDS):
            while not seen or seen[-1] == before.encoder_fingerprint:
                found = await one.search("What about thing 1?", min_generation=generation, want_parts=True)
                assert found.answers[0].entry_id == "e1"
                assert found.answers[0].parts.question == pytest.approx(1.0, abs=1e-5)
                seen.append(found.encoder_fingerprint)
        after = await index_of(one)
        assert after.wanted_encoder_fingerprint == after.encoder_fingerprint == seen[-1]
        assert (after.generation, after.vector_count) == (before.generation, before.vector_count)
        old = Embedding(fingerprint=before.encoder_fingerprint, values=[0.1] * before.dimensions)
        assert (await refused(one.search(embedding=old))).reason == "EMBEDDING_INVALID"
        found = await one.search("What about thing 2?", embedding=old)
        assert found.answers[0].entry_id == "e2"


async def test_an_encoder_that_cannot_be_opened_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    installed = tmp_path / "encoder"
    installed.symlink_to(encoder_folder())
    other = other_encoder(tmp_path / "other")
    (other / "tokenizer.json").unlink()
    async with desk(sqlite_url, encoder_folder=installed, encoder_watch_seconds=0.02) as one:
        await filled(one)
        before = await index_of(one)
        (tmp_path / "next").symlink_to(other)
        (tmp_path / "next").replace(installed)
        await asyncio.sleep(0.5)
        assert (await one.search("What about thing 1?")).answers[0].entry_id == "e1"
        assert (await index_of(one)).encoder_fingerprint == before.encoder_fingerprint


async def balie(*arguments: str) -> tuple[int, str]:
    """Returns the exit code and the output of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "balie.cli", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_command_line_shows_and_rebuilds_an_index(sqlite_url: str) -> None:
    async with desk(sqlite_url) as one:
        await filled(one)
        for command in ("show", "rebuild"):
            code, shown = await balie("faq", "index", command, FERRY, "--faq", one.address)
            assert (code, "9 vectors" in shown) == (0, True), shown
            code, told = await balie("faq", "index", command, FERRY, "--faq", one.address, "--json")
            assert json.loads(told)["kind"] == "INDEX_KIND_FLAT"
        code, _ = await balie("faq", "index", command, "nowhere", "--faq", one.address)
        assert code == 1
