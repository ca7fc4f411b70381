"""Models over replicas, restarts and falls, on SQLite and on PostgreSQL."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.fakes.model_desk import (
    FAILED,
    FERRY,
    READY,
    TRAINING,
    ModelDesk,
    Row,
    header,
    model_desk,
    part_of,
    settings_of,
    use_fake_engines,
)

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.kit.database import Database
from balie.kit.testing import free_address
from balie.nlu.models.sweeping import Sweep
from balie.nlu.tables import artifact_chunks, models

pytestmark = pytest.mark.timeout(120)

LATER: list[Row] = [(intent, f"{text} nu") for intent, text in FERRY]


@pytest.fixture(autouse=True)
def _fake_engines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_engines(patch)
        yield


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    while not await holds():
        await asyncio.sleep(0.05)


def intents_file(folder: Path, rows: list[Row]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "intents.jsonl"
    path.write_text(
        "".join(f'{{"text": "{text}", "intent": "{intent}", "lang": "nl"}}\n' for intent, text in rows)
    )
    return path


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    async with Database.open(url, migrations="balie.nlu.migrations") as database:
        yield database


# Two replicas


async def test_a_second_replica_follows_what_the_first_activates(database_url: str, tmp_path: Path) -> None:
    async with (
        model_desk(settings_of(tmp_path / "a", database_url)) as one,
        model_desk(settings_of(tmp_path / "b", database_url)) as other,
    ):
        first, second = await one.train(), await one.train(LATER)
        for model in (first, second, first):
            await one.activate(model.version)
            await until(lambda: _serves(other, model.version))  # noqa: B023  awaited before the next
        assert (await other.get()).replica.serving_version == first.version
        copies = {path.name for path in (tmp_path / "b" / "models").iterdir()}
        assert copies == {first.version, second.version}


async def _serves(desk: ModelDesk, version: str) -> bool:
    return (await desk.analyze("fiets")).model_version == version


async def test_a_replica_that_cannot_load_the_new_model_goes_on_with_the_old_and_tries_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [1 << 40]
    async with model_desk(settings_of(tmp_path / "a", database_url)) as one:
        old, new = await one.train(), await one.train(LATER)
        await one.activate(old.version)
        monkeypatch.setattr("balie.nlu.models.app.available_bytes", lambda: left[0])
        async with model_desk(settings_of(tmp_path / "b", database_url)) as other:
            assert await _serves(other, old.version)
            left[0] = 1 << 20
            with capture_logs() as lines:
                await one.activate(new.version)
                await until(lambda: _has_problem(other))
            told = await other.get()
            assert (told.model.version, told.replica.serving_version) == (new.version, old.version)
            assert "bytes of memory" in told.replica.problem
            assert await _serves(other, old.version)
            assert await _serves(one, new.version)
            (line,) = [line for line in lines if line["event"] == "model not in use"]
            assert (line["reason"], line["serving"]) == ("MEMORY_SHORT", old.version)
            left[0] = 1 << 40
            await until(lambda: _serves(other, new.version))
            assert (await other.get()).replica.problem == ""


async def _has_problem(desk: ModelDesk) -> bool:
    return bool((await desk.get()).replica.problem)


# Restarts and damage


async def test_the_active_model_serves_again_after_a_restart(database_url: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        ready = await desk.train()
        await desk.activate(ready.version)
    async with model_desk(settings) as desk:
        assert await _serves(desk, ready.version)


async def test_a_damaged_copy_is_fetched_anew(database_url: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        ready = await desk.train()
        await desk.activate(ready.version)
    copy = settings.model_folder / ready.version / "engine" / "words.json"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1])
    with capture_logs() as lines:
        async with model_desk(settings) as desk:
            assert await _serves(desk, ready.version)
    assert "damaged copy of a model, fetched anew" in [line["event"] for line in lines]
    assert copy.read_bytes() == whole


async def test_a_model_that_is_corrupt_at_the_start_is_trained_again(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        ready = await desk.train(display_name="ferry")
        await desk.activate(ready.version)
    async with opened(database_url) as database, database.write() as tx:
        await tx.execute(sa.update(artifact_chunks).values(data=b"x"))
    fresh = settings.model_copy(update={"model_folder": tmp_path / "fresh"})
    async with model_desk(fresh) as desk:
        found = (await desk.get()).model
        assert found.version != ready.version
        assert (found.display_name, found.active) == ("ferry", True)
        assert found.facts.data_fingerprint == ready.facts.data_fingerprint
        assert await _serves(desk, found.version)


@pytest.mark.slow
async def test_a_model_that_nothing_can_be_done_about_keeps_nobody_else_from_being_served(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        ready = await desk.train()
        await desk.activate(ready.version)
        other = ModelDesk(desk.channel, "other")
        theirs = await other.train(LATER)
        await other.activate(theirs.version)
    async with opened(database_url) as database, database.write() as tx:
        mine = artifact_chunks.c.version == ready.version
        await tx.execute(sa.update(artifact_chunks).where(mine).values(data=b"x"))
        await tx.execute(
            sa.update(models).where(models.c.version == ready.version).values(options={"training": "refuse"})
        )
    fresh = settings.model_copy(update={"model_folder": tmp_path / "fresh"})
    with capture_logs() as lines:
        async with model_desk(fresh) as desk:
            assert await _serves(ModelDesk(desk.channel, "other"), theirs.version)
            assert (await desk.analyze("fiets")).model_version == ""
            assert "is corrupt" in (await desk.get()).replica.problem
    (line,) = [line for line in lines if line["event"] == "model not trained again"]
    assert "add others" in line["problem"]


async def test_a_new_encoder_has_the_active_models_trained_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, database_url, engine="obedient_vectors")
    async with model_desk(settings) as desk:
        first = await desk.train()
        await desk.activate(first.version)
    assert first.facts.encoder_fingerprint == "letters.plain"
    monkeypatch.setenv("BALIE_ENCODER_MODEL", "other")
    async with model_desk(settings) as desk:
        second = (await desk.get()).model
        assert second.facts.encoder_fingerprint == "letters.other"
        assert second.facts.data_fingerprint == first.facts.data_fingerprint
        assert await _serves(desk, second.version)
        assert [one.version for one in await desk.listed()] == [second.version, first.version]
    monkeypatch.delenv("BALIE_ENCODER_MODEL")
    with capture_logs() as lines:
        async with model_desk(settings) as desk:
            third = (await desk.get()).model
            assert third.facts.encoder_fingerprint == "letters.plain"
    assert [line["event"] for line in lines].count("training a model") == 1


# Falls


@asynccontextmanager
async def process(settings: Any) -> AsyncIterator[tuple[asyncio.subprocess.Process, ModelDesk]]:
    """Runs the service as operators do, in a process that can be killed."""
    address = free_address()
    given = settings.model_dump(mode="json", exclude_unset=True, exclude={"listen", "languages"})
    environment = os.environ | {f"BALIE_NLU_{name.upper()}": str(value) for name, value in given.items()}
    environment |= {"BALIE_NLU_LISTEN": address, "BALIE_NLU_LANGUAGES": '["nl", "en"]'}
    environment |= {"BALIE_NLU_DRAIN_SECONDS": "0"}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "balie.nlu", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await channel.channel_ready()
            yield running, ModelDesk(channel)
        finally:
            if running.returncode is None:
                running.terminate()
            await running.wait()


@pytest.mark.slow
async def test_a_training_is_taken_up_after_the_service_is_killed(database_url: str, tmp_path: Path) -> None:
    go = tmp_path / "go"
    settings = settings_of(tmp_path, database_url, lease_seconds=3)
    async with process(settings) as (running, desk):
        version = await desk.begun(options={"wait_for": str(go)})
        await until(lambda: _is_at(desk, version, "obeying"))
        running.send_signal(signal.SIGKILL)
        await running.wait()
    async with process(settings) as (_, desk):
        assert (await desk.get(version)).model.state == TRAINING
        go.touch()
        assert (await desk.watched(version)).state == READY
        assert (await desk.activate(version)).model.active
    async with opened(database_url) as database, database.read() as tx:
        assert await tx.scalar(sa.select(models.c.attempts)) == 2


async def _is_at(desk: ModelDesk, version: str, step: str) -> bool:
    return (await desk.get(version)).model.progress.step == step


@pytest.mark.slow
@pytest.mark.postgres
async def test_another_replica_takes_a_training_up_when_the_first_is_killed(
    postgresql_url: str, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    settings = settings_of(tmp_path / "a", postgresql_url, lease_seconds=3)
    async with process(settings) as (running, first):
        version = await first.begun(options={"wait_for": str(go)})
        await until(lambda: _is_at(first, version, "obeying"))
        async with model_desk(settings_of(tmp_path / "b", postgresql_url, lease_seconds=3)) as second:
            watching = asyncio.create_task(second.watched(version))
            running.send_signal(signal.SIGKILL)
            await running.wait()
            go.touch()
            assert (await watching).state == READY


async def test_a_training_is_given_back_when_the_service_stops(database_url: str, tmp_path: Path) -> None:
    go = tmp_path / "go"
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        version = await desk.begun(options={"wait_for": str(go)})
        await until(lambda: _is_at(desk, version, "obeying"))
    async with opened(database_url) as database, database.read() as tx:
        row = await tx.one(sa.select(models.c.attempts, models.c.lease_holder, models.c.state))
        assert row is not None
        assert tuple(row) == (0, None, "TRAINING")
    go.touch()
    async with model_desk(settings) as desk:
        assert (await desk.watched(version)).state == READY
    assert not list(settings.model_folder.glob(".*"))


async def test_a_training_that_fells_the_service_each_time_is_given_up(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, database_url)
    async with model_desk(settings) as desk:
        version = await desk.begun(options={"wait_for": str(tmp_path / "never")})
        await until(lambda: _is_at(desk, version, "obeying"))
    async with opened(database_url) as database, database.write() as tx:
        await tx.execute(sa.update(models).values(attempts=3))
    async with model_desk(settings) as desk:
        failed = await desk.watched(version)
    assert failed.state == FAILED
    assert failed.failure.reason == model_pb2.TRAINING_FAILURE_REASON_ABANDONED
    assert "3 times" in failed.failure.message


async def test_what_was_half_received_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    async with model_desk(settings_of(tmp_path, database_url)) as desk, opened(database_url) as database:
        sent = asyncio.Event()

        async def stream() -> AsyncIterator[model_service_pb2.TrainModelRequest]:
            yield model_service_pb2.TrainModelRequest(header=header())
            yield model_service_pb2.TrainModelRequest(examples=part_of(FERRY))
            sent.set()
            await asyncio.Event().wait()

        call = desk.models.TrainModel(stream(), timeout=60)
        reading = asyncio.create_task(call.read())
        await sent.wait()
        await until(lambda: _count(database, 1))
        assert await desk.listed() == []
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(lambda: _count(database, 0))


async def _count(database: Database, expected: int) -> bool:
    async with database.read() as tx:
        return bool(await tx.scalar(sa.select(sa.func.count()).select_from(models)) == expected)


async def test_what_was_half_received_before_a_fall_is_swept(database_url: str, tmp_path: Path) -> None:
    async with model_desk(settings_of(tmp_path, database_url)) as desk, opened(database_url) as database:
        ready = await desk.train()
        async with database.write() as tx:
            row = await tx.one(sa.select(models))
            assert row is not None
            await tx.execute(
                sa.insert(models).values({**row._mapping, "version": "0" * 12, "state": "RECEIVING"})
            )
        assert await Sweep(database).once(timedelta(hours=1)) == 0
        assert await Sweep(database).once(timedelta(0)) == 1
        assert [one.version for one in await desk.listed()] == [ready.version]


# The model of the service's file


async def test_the_files_model_serves_whoever_has_none_of_their_own(
    database_url: str, tmp_path: Path
) -> None:
    file = intents_file(tmp_path, list(FERRY))
    settings = settings_of(tmp_path, database_url, intents_file=file)
    async with model_desk(settings) as desk:
        (shared,) = await desk.listed()
        assert (shared.state, shared.active, shared.from_file) == (READY, True, True)
        assert await _serves(desk, shared.version)
        assert await _serves(ModelDesk(desk.channel, "other"), shared.version)
        own = await desk.train(LATER)
        await desk.activate(own.version)
        assert await _serves(desk, own.version)
        assert await _serves(ModelDesk(desk.channel, "other"), shared.version)
        assert [(one.from_file, one.active) for one in await desk.listed()] == [(True, False), (False, True)]
    with capture_logs() as lines:
        async with model_desk(settings) as desk:
            assert await _serves(desk, own.version)
            assert (await desk.activate(shared.version)).previous_version == own.version
            assert await _serves(desk, shared.version)
    assert "training a model" not in [line["event"] for line in lines]


@pytest.mark.slow
async def test_another_file_is_another_model_and_the_first_comes_back_untrained(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, database_url, intents_file=intents_file(tmp_path / "a", list(FERRY)))
    other = settings.model_copy(update={"intents_file": intents_file(tmp_path / "b", LATER)})
    async with model_desk(settings) as desk:
        first = (await desk.get()).model.version
    async with model_desk(other) as desk:
        second = (await desk.get()).model.version
        assert await _serves(desk, second)
        assert [one.version for one in await desk.listed()] == [second]
    assert first != second
    with capture_logs() as lines:
        async with model_desk(settings) as desk:
            assert await _serves(desk, first)
    assert "training a model" not in [line["event"] for line in lines]


@pytest.mark.slow
async def test_who_went_back_to_the_file_follows_it(database_url: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database_url, intents_file=intents_file(tmp_path / "a", list(FERRY)))
    other = settings.model_copy(update={"intents_file": intents_file(tmp_path / "b", LATER)})
    async with model_desk(settings) as desk:
        shared = (await desk.get()).model.version
        await desk.activate((await desk.train(FERRY[:18])).version)
        await desk.activate(shared)
    async with model_desk(other) as desk:
        now = (await desk.get()).model
        assert now.version != shared
        assert now.from_file
        assert await _serves(desk, now.version)


@pytest.mark.slow
@pytest.mark.postgres
async def test_replicas_that_start_at_once_train_the_file_once(postgresql_url: str, tmp_path: Path) -> None:
    file = intents_file(tmp_path, list(FERRY))

    async def started(name: str) -> str:
        settings = settings_of(tmp_path / name, postgresql_url, intents_file=file)
        async with model_desk(settings) as desk:
            return (await desk.analyze("fiets")).model_version

    with capture_logs() as lines:
        versions = await asyncio.gather(*(started(name) for name in "abc"))
    assert len(set(versions)) == 1
    assert [line["event"] for line in lines].count("training a model") == 1


async def test_a_corrupt_model_of_the_file_is_trained_anew(database_url: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database_url, intents_file=intents_file(tmp_path, list(FERRY)))
    async with model_desk(settings) as desk:
        version = (await desk.get()).model.version
    async with opened(database_url) as database, database.write() as tx:
        await tx.execute(sa.update(artifact_chunks).values(data=b"x"))
    fresh = settings.model_copy(update={"model_folder": tmp_path / "fresh"})
    with capture_logs() as lines:
        async with model_desk(fresh) as desk:
            assert await _serves(desk, version)
            await until(lambda: _is_well(desk))
    assert "model refused" in [line["event"] for line in lines]


async def _is_well(desk: ModelDesk) -> bool:
    return not (await desk.get()).replica.problem


async def test_a_file_that_teaches_nothing_refuses_the_start(database_url: str, tmp_path: Path) -> None:
    from balie.nlu.errors import TrainingFailed

    settings = settings_of(
        tmp_path,
        database_url,
        intents_file=intents_file(tmp_path, list(FERRY)),
        engine_options={"training": "refuse"},
    )
    with pytest.raises(TrainingFailed, match="these examples teach nothing: add others"):
        async with model_desk(settings):
            pass
