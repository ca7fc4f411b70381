"""Indexes that are saved: what a restart takes from files, what it takes from the store, and what it trusts in neither."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.fakes.words_encoder import WordsEncoder
from tests.integration.faq.other_encoders import Reversed
from tests.integration.faq.replicas import FERRY, TENANT, Replica, likeness, replica, until, write

from balie.faq.index.kinds import Choice, Kinds
from balie.faq.index.port import SLOTS
from balie.faq.tables import vectors

pytestmark = pytest.mark.timeout(90)

ROOT = Path(__file__).parents[3]
FILES = pytest.mark.parametrize("trimmed", [False, True])  # with the log, and without
KINDS = pytest.mark.parametrize("choice", ["flat", "fp16", "hnsw", "ivf"])


def small(choice: Choice) -> Kinds:
    return Kinds(choice=choice, train_from=4)


async def fill(one: Replica, count: int = 20) -> int:
    """Returns the generation of a collection with entries of three vectors each."""
    await one.collect()
    for number in range(count):
        last = await one.put(f"e{number}", f"question number {number}", f"phrasing {number}")
    await one.found("x", min_generation=last.generation)
    return last.generation


async def forget_vectors(one: Replica) -> None:
    """Empties the table of vectors, so that it shows who reads it."""
    async with one.database.write() as tx:
        await tx.execute(sa.delete(vectors))


async def agree(one: Replica) -> None:
    """Checks that the index holds what the store holds."""
    listed, _ = await one.knowledge.entries(TENANT, FERRY, limit=500, token="", tag="")
    numbers = {entry.id: entry.number for entry in listed}
    ids = sorted(
        entry.number * SLOTS + slot for entry in listed for slot in range(len(entry.content.worded()))
    )

    async def equal() -> bool:
        return await one.ids() == (numbers, ids)

    await until(equal)


@KINDS
@FILES
async def test_a_restart_takes_vectors_from_the_file_and_no_others(
    database_url: str,
    tmp_path: Path,
    choice: Choice,
    trimmed: bool,
) -> None:
    kinds = small(choice)
    async with replica(database_url, kinds=kinds, folder=tmp_path / "saved") as one:
        await fill(one)
        await (await one.indexes.rebuild(TENANT, FERRY, why="its kind")).task
        assert (await one.search("x")).state.kind == choice
        await one.indexes.save()
        await one.put("e3", "another question", "another phrasing")
        last = await one.drop("e4")
        added = await one.put("new", "a new question")
        await one.found("x", min_generation=added.generation)
        shutil.copytree(tmp_path / "saved", tmp_path / "copy")  # as a kill leaves it: closing saves
        await forget_vectors(one)
        if trimmed:
            async with one.database.write() as tx:
                await one.log.trim(tx, TENANT, f"collection/{FERRY}", added.generation)
    async with replica(database_url, kinds=kinds, folder=tmp_path / "copy") as again:
        assert sorted(again.encoder.encoded) == [
            "a new question",
            "about e3",
            "about new",
            "another phrasing",
            "another question",
        ]
        assert (await again.search("x")).state.kind == choice
        for text, name in (
            ("question number 7", "e7"),
            ("another question", "e3"),
            ("a new question", "new"),
        ):
            found = await again.search(text, min_generation=last)
            assert (found.answers[0].entry_id, likeness(found.answers[0])) == (
                name,
                pytest.approx(1, abs=0.02),
            )
        assert "e4" not in await again.found("question number 4", top_k=50)
        assert len(await again.found("question number 4", top_k=50)) == 20
        await agree(again)


async def test_a_restart_after_an_orderly_end_reads_no_vector_at_all(
    database_url: str, tmp_path: Path
) -> None:
    async with replica(database_url, folder=tmp_path / "saved") as one:
        generation = await fill(one)
        await forget_vectors(one)
    async with replica(database_url, folder=tmp_path / "saved") as again:
        assert again.encoder.encoded == []
        assert (await again.indexes.upkeep(TENANT, FERRY)).saved_generation == generation
        assert (await again.search("phrasing 7")).answers[0].entry_id == "e7"
        await agree(again)


async def test_files_of_a_backup_that_was_restored_are_thrown_away(
    sqlite_urls: Callable[[], str], tmp_path: Path
) -> None:
    url = sqlite_urls()
    file = Path(url.split("///")[1])
    async with replica(url) as one:
        await fill(one, 3)
    shutil.copy(file, tmp_path / "backup")
    async with replica(url, folder=tmp_path / "saved") as one:
        later = await one.put("later", "a question that the backup lacks")
        await one.found("x", min_generation=later.generation)
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    shutil.copy(tmp_path / "backup", file)
    with capture_logs() as logs:
        async with replica(url, folder=tmp_path / "saved") as restored:
            assert sorted(await restored.found("question", top_k=9)) == ["e0", "e1", "e2"]
            await agree(restored)
    [why] = [line["why"] for line in logs if line["event"] == "saved index thrown away"]
    assert "a backup was restored" in why


async def test_another_past_with_the_same_generation_is_seen_by_its_words(
    sqlite_urls: Callable[[], str], tmp_path: Path
) -> None:
    url = sqlite_urls()
    file = Path(url.split("///")[1])
    async with replica(url) as one:
        await fill(one, 3)
    shutil.copy(file, tmp_path / "backup")
    async with replica(url, folder=tmp_path / "saved") as one:
        first = await one.put("later", "what was said first")
        await one.found("x", min_generation=first.generation)
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    shutil.copy(tmp_path / "backup", file)
    async with replica(url) as restored:
        second = await restored.put("later", "and then something else")
    assert (second.number, second.generation) == (first.number, first.generation)
    async with replica(url, folder=tmp_path / "saved") as again:
        found = await again.search("and then something else")
        assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("later", pytest.approx(1.0))


async def test_files_of_another_encoder_are_thrown_away(database_url: str, tmp_path: Path) -> None:
    async with replica(database_url, folder=tmp_path / "saved") as one:
        await fill(one, 3)
    with capture_logs() as logs:
        async with replica(database_url, Reversed(), folder=tmp_path / "saved") as two:
            assert likeness((await two.search("phrasing 2")).answers[0]) == pytest.approx(1.0)
    assert ["words.v1" in line["why"] for line in logs if line["event"] == "saved index thrown away"] == [
        True
    ]


async def test_a_collection_that_goes_takes_its_files_with_it(database_url: str, tmp_path: Path) -> None:
    async with replica(database_url, folder=tmp_path / "saved") as one:
        await one.collect()
        await one.indexes.of(TENANT, FERRY)
        await one.indexes.save()
        assert list((tmp_path / "saved").iterdir())
        await one.knowledge.delete_collection(write(), FERRY)

        async def gone() -> bool:
            return not list((tmp_path / "saved").iterdir())

        await until(gone)
        await one.collect()
        await one.indexes.of(TENANT, FERRY)
    assert list((tmp_path / "saved").iterdir())
    async with replica(database_url) as other:
        await other.knowledge.delete_collection(write(), FERRY)
    async with replica(database_url, folder=tmp_path / "saved"):
        assert not list((tmp_path / "saved").iterdir())


async def test_a_replica_that_cannot_save_goes_on(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with capture_logs() as logs:
        async with replica(database_url, folder=tmp_path / "file" / "folder") as one:
            await fill(one, 3)
            await one.indexes.save()
            assert await one.found("phrasing 1", top_k=1) == ["e1"]
    assert "index not saved" in {line["event"] for line in logs}


async def test_a_process_that_is_killed_while_it_saves_and_writes_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """Four processes after each other, each killed a moment after the last wrote, while they save all the time."""
    async with replica(database_url) as one:
        await fill(one, 6)
    for _ in range(4):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.integration.faq.test_saved_indexes", database_url, str(tmp_path / "saved")),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        saved = 0
        while saved < 3:
            line = await process.stdout.readline()
            assert line, "it ended by itself"
            saved += line == b"saved\n"
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        await process.communicate()
    with capture_logs() as logs:
        async with replica(
            database_url, WordsEncoder(), kinds=small("ivf"), folder=tmp_path / "saved"
        ) as again:
            await agree(again)
            assert not [line for line in logs if line["event"] == "saved index thrown away"]
            [loaded] = [line for line in logs if line["event"] == "index loaded"]
            assert loaded["from_files"] >= 6
            assert loaded["generation"] > 6


async def write_and_save(url: str, folder: Path) -> None:
    """Changes entries and saves for ever."""
    async with replica(url, kinds=small("ivf"), folder=folder) as one:
        round_number = 0
        while True:
            round_number += 1
            await one.put(f"own{round_number % 7}", f"text {os.getpid()} {round_number}", "another")
            if round_number % 5 == 0:
                await one.drop(f"own{round_number % 7}")
            await one.indexes.save()
            print("saved", flush=True)


if __name__ == "__main__":
    asyncio.run(write_and_save(sys.argv[1], Path(sys.argv[2])))
