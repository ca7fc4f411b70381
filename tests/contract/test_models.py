"""Model work over gRPC, by NLU's real composition root: each result, each documented error, each bound."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
import sqlalchemy as sa
from tests.fakes.model_desk import (
    FAILED,
    FERRY,
    READY,
    TIMEOUT,
    TRAINING,
    ModelDesk,
    Shelf,
    header,
    model_desk,
    part_of,
    refusal,
    settings_of,
    use_fake_engines,
)

from balie.api.nlu.v1 import model_pb2, model_service_pb2, nlu_service_pb2
from balie.kit.caller import ACT_AS
from balie.kit.database import Database, Transaction
from balie.kit.ids import new_id
from balie.nlu.settings import NluSettings
from balie.nlu.tables import artifact_chunks, models, training_chunks

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONE_SUCH = "0123456789ab"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED

Request = model_service_pb2.TrainModelRequest


@pytest.fixture(scope="module")
def fake_engines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_engines(patch)
        yield


@pytest.fixture(scope="module")
def settings(fake_engines: None, tmp_path_factory: pytest.TempPathFactory) -> NluSettings:
    return settings_of(tmp_path_factory.mktemp("nlu"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(settings: NluSettings) -> AsyncIterator[ModelDesk]:
    async with model_desk(settings) as desk:
        yield desk


@pytest.fixture(scope="module")
def shelf(served: ModelDesk) -> Shelf:
    """Ready models of a tenant that all tests share."""
    return Shelf(ModelDesk(served.channel, "shelf"))


@pytest.fixture
def desk(served: ModelDesk) -> ModelDesk:
    """The service for a tenant that has nothing yet."""
    return ModelDesk(served.channel, f"t{new_id()[-12:]}")


async def trained(desk: ModelDesk, *messages: Request) -> object:
    async def stream() -> AsyncIterator[Request]:
        for message in messages:
            yield message

    return desk.models.TrainModel(stream(), timeout=TIMEOUT, metadata=desk.metadata)


def opening(**more: object) -> Request:
    return Request(header=model_service_pb2.TrainingHeader(request_id=new_id(), **more))  # type: ignore[arg-type]


def examples(*rows: tuple[str, str]) -> Request:
    return Request(examples=part_of(rows))


# Training


async def test_a_training_tells_its_progress_and_ends_with_the_model(desk: ModelDesk) -> None:
    seen = [state async for state in desk.training(display_name="harbour")]
    assert {state.version for state in seen} == {seen[0].version}
    assert seen[0].state == TRAINING
    assert [state.progress.share for state in seen] == sorted(state.progress.share for state in seen)
    last = seen[-1]
    assert (last.state, last.display_name, last.example_count) == (READY, "harbour", len(FERRY))
    assert (last.spec.engine, last.progress.step, last.progress.share) == ("obedient", "done", 1.0)
    assert list(last.facts.intents) == ["bike", "boat"]
    assert {"in_scope_accuracy", "coverage", "wrong_rate", "oos_recall"} <= set(last.facts.figures)
    assert set(last.facts.accuracy_by_language) == {"nl"}
    assert last.facts.size_bytes > 0
    assert last.end_time.ToDatetime() > last.create_time.ToDatetime()
    assert not last.active
    assert not last.from_file


async def test_trains_as_the_caller_says(desk: ModelDesk) -> None:
    spec = model_pb2.TrainingSpec(
        engine="keyword", promise=model_pb2.Promise(max_wrong=0.2, delta=0.3, expected_out_of_scope=0.4)
    )
    request = Request(header=model_service_pb2.TrainingHeader(spec=spec, request_id=new_id()))
    last = model_pb2.Model()
    async for message in await trained(desk, request, examples(*FERRY)):  # type: ignore[attr-defined]
        last = message.model
    assert last.state == READY
    assert last.spec.engine == "keyword"
    assert (last.spec.promise.max_wrong, last.spec.promise.delta) == (0.2, 0.3)
    assert last.spec.promise.max_wrong_choice == 0.25
    assert last.spec.promise.expected_out_of_scope == 0.4


async def test_the_same_request_follows_the_same_training(desk: ModelDesk) -> None:
    first = await desk.train(request_id="mine")
    again = [state async for state in desk.training(request_id="mine")]
    assert [state.version for state in again] == [first.version]
    assert [one.version for one in await desk.listed()] == [first.version]


async def test_the_same_request_id_with_other_examples_is_refused(desk: ModelDesk) -> None:
    await desk.train(request_id="mine")
    error = await refusal(desk.training(FERRY[1:], request_id="mine"))
    assert (error.code, error.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert len(await desk.listed()) == 1


async def test_a_training_goes_on_when_its_client_leaves(desk: ModelDesk, tmp_path: Path) -> None:
    go = tmp_path / "go"
    version = await desk.begun(options={"wait_for": str(go)})
    assert (await desk.get(version)).model.state == TRAINING
    go.touch()
    assert (await desk.watched(version)).state == READY


@pytest.mark.parametrize(
    ("options", "reason", "problem"),
    [
        ({"training": "refuse"}, model_pb2.TRAINING_FAILURE_REASON_NOTHING_LEARNED, "add others"),
        ({"training": "raise"}, model_pb2.TRAINING_FAILURE_REASON_CRASHED, "an unexpected ValueError"),
        ({"training": "fall"}, model_pb2.TRAINING_FAILURE_REASON_CRASHED, "signal 9: give the service more"),
    ],
)
async def test_a_training_that_fails_says_why_and_what_to_do(
    desk: ModelDesk, options: dict[str, str], reason: int, problem: str
) -> None:
    failed = await desk.train(options=options)
    assert failed.state == FAILED
    assert failed.failure.reason == reason
    assert problem in failed.failure.message
    assert "customer" not in failed.failure.message
    assert not failed.HasField("facts")
    error = await refusal(desk.activate(failed.version))
    assert (error.code, error.reason) == (PRECONDITION, "MODEL_STATE_INVALID")
    assert error.metadata["state"] == "FAILED"
    assert error.metadata["allowed"] == "READY"


async def test_a_training_can_be_cancelled(desk: ModelDesk, tmp_path: Path) -> None:
    version = await desk.begun(options={"wait_for": str(tmp_path / "never")})
    assert (await desk.cancel(version)).failure.reason == model_pb2.TRAINING_FAILURE_REASON_CANCELLED
    assert (await desk.cancel(version)).state == FAILED
    assert (await desk.train()).state == READY  # the worker is free again


async def test_what_is_over_cannot_be_cancelled(shelf: Shelf) -> None:
    ready = await shelf.model()
    error = await refusal(shelf.desk.cancel(ready.version))
    assert (error.reason, error.metadata["state"]) == ("MODEL_STATE_INVALID", "READY")


async def test_only_so_many_trainings_wait(
    desk: ModelDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("balie.nlu.models.intake.MAX_TRAININGS", 1)
    go = tmp_path / "go"
    version = await desk.begun(options={"wait_for": str(go)})
    error = await refusal(desk.training())
    assert (error.code, error.reason) == (EXHAUSTED, "TRAININGS_FULL")
    assert error.metadata["limit"] == "1"
    go.touch()
    await desk.watched(version)
    assert len(await desk.listed()) == 1


@pytest.mark.parametrize(
    ("messages", "reason", "facts"),
    [
        ([], "STREAM_OUT_OF_ORDER", {"expected": "header"}),
        ([examples(*FERRY)], "STREAM_OUT_OF_ORDER", {"expected": "header"}),
        ([opening(), opening()], "STREAM_OUT_OF_ORDER", {"expected": "examples"}),
        ([opening()], "TRAINING_DATA_INVALID", {"problem": "there are no examples"}),
        ([opening(), examples(("a", "x"), ("a", "y"))], "TRAINING_DATA_INVALID", {}),
        ([opening(), examples(("oos", "x"), ("oos", "y"))], "TRAINING_DATA_INVALID", {}),
        ([opening(display_name="x" * 201)], "FIELD_TOO_LONG", {"field": "display_name"}),
        ([opening(), examples(("", "x"))], "FIELD_REQUIRED", {"field": "examples[0].intent"}),
        (
            [opening(), examples(("a", "x")), examples(("a", "x"), ("a", " "))],
            "FIELD_REQUIRED",
            {"field": "examples[2].text"},
        ),
        ([opening(), examples(("a b", "x"))], "FIELD_MALFORMED", {"field": "examples[0].intent"}),
        ([opening(), examples(("a" * 129, "x"))], "FIELD_TOO_LONG", {"field": "examples[0].intent"}),
        ([opening(), examples(("a", "x" * 4097))], "FIELD_TOO_LONG", {"limit": "4096", "actual": "4097"}),
        ([opening(), examples(("a", "x\0"))], "FIELD_MALFORMED", {"field": "examples[0].text"}),
        ([opening(), examples(*[("a", "x")] * 1001)], "TOO_MANY_ITEMS", {"limit": "1000", "actual": "1001"}),
        ([Request(header=model_service_pb2.TrainingHeader())], "FIELD_REQUIRED", {"field": "request_id"}),
        (
            [opening(spec=model_pb2.TrainingSpec(engine="crystal_ball")), examples(*FERRY)],
            "FIELD_UNKNOWN_VALUE",
            {"field": "spec.engine", "value": "crystal_ball"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(engine="two words")), examples(*FERRY)],
            "FIELD_MALFORMED",
            {"field": "spec.engine"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(engine_options={"a": "b"})), examples(*FERRY)],
            "ENGINE_OPTION_INVALID",
            {"engine": "obedient", "option": "a"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(engine_options={f"a{n}": "" for n in range(51)}))],
            "TOO_MANY_ITEMS",
            {"field": "spec.engine_options"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(promise=model_pb2.Promise(max_wrong=1.0)))],
            "FIELD_OUT_OF_RANGE",
            {"field": "spec.promise.max_wrong"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(promise=model_pb2.Promise(expected_out_of_scope=1.0)))],
            "FIELD_OUT_OF_RANGE",
            {"field": "spec.promise.expected_out_of_scope"},
        ),
        (
            [opening(spec=model_pb2.TrainingSpec(promise=model_pb2.Promise(delta=float("nan"))))],
            "FIELD_OUT_OF_RANGE",
            {"field": "spec.promise.delta"},
        ),
    ],
)
async def test_refuses_a_training_that_cannot_be(
    desk: ModelDesk, messages: Sequence[Request], reason: str, facts: dict[str, str]
) -> None:
    error = await refusal(await trained(desk, *messages))
    assert (error.code, error.reason) == (INVALID, reason)
    assert facts.items() <= error.metadata.items()
    assert await desk.listed() == []


async def test_an_engine_without_its_library_says_what_to_install(desk: ModelDesk) -> None:
    error = await refusal(desk.training(engine="absent"))
    assert (error.code, error.reason) == (PRECONDITION, "ENGINE_NOT_INSTALLED")
    assert "pip install" in error.metadata["advice"]


# Reading


async def test_a_model_is_read_as_it_was_told(desk: ModelDesk) -> None:
    ready = await desk.train(display_name="harbour")
    assert (await desk.get(ready.version)).model == ready
    assert await desk.listed() == [ready]


async def test_lists_the_newest_first_page_by_page(shelf: Shelf) -> None:
    made = {(await shelf.model(rows)).version for rows in (FERRY, FERRY[:18], FERRY[1:])}
    listed = await shelf.desk.listed()
    moments = [one.create_time.ToNanoseconds() for one in listed]
    assert moments == sorted(moments, reverse=True)
    whole = [one.version for one in listed]
    assert made <= set(whole)
    seen, token = [], ""
    while True:
        request = model_service_pb2.ListModelsRequest(page_size=2, page_token=token)
        page = await shelf.desk.models.ListModels(request, timeout=TIMEOUT, metadata=shelf.desk.metadata)
        seen += [one.version for one in page.models]
        if not (token := page.next_page_token):
            break
    assert seen == whole


async def test_a_tenant_sees_its_own_models_alone(desk: ModelDesk, shelf: Shelf) -> None:
    theirs = await shelf.model()
    assert await desk.listed() == []
    error = await refusal(desk.get(theirs.version))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert error.metadata["version"] == theirs.version


async def test_without_a_model_messages_are_understood_without_intents(desk: ModelDesk) -> None:
    found = await desk.analyze("is dat de fiets?")
    assert (found.language, found.signals.question_count) == ("nl", 1)
    assert found.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_NO_MODEL
    assert (found.model_version, list(found.intents), found.threshold) == ("", [], 1.0)
    error = await refusal(desk.get())
    assert error.reason == "MODEL_NOT_FOUND"


@pytest.mark.parametrize(
    ("version", "reason"),
    [("x", "FIELD_MALFORMED"), ("0" * 13, "FIELD_TOO_LONG"), ("../../etc/pas", "FIELD_TOO_LONG")],
)
async def test_refuses_what_is_no_version(desk: ModelDesk, version: str, reason: str) -> None:
    for call in (desk.get, desk.activate, desk.cancel, desk.delete, desk.watched):
        error = await refusal(call(version))
        assert (error.code, error.reason, error.metadata["field"]) == (INVALID, reason, "version")


async def test_refuses_a_model_that_is_not_there(desk: ModelDesk) -> None:
    for call in (desk.get, desk.activate, desk.cancel, desk.delete, desk.watched):
        error = await refusal(call(NONE_SUCH))
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")


async def test_refuses_a_page_that_is_none(desk: ModelDesk) -> None:
    for request, reason in (
        (model_service_pb2.ListModelsRequest(page_size=501), "FIELD_OUT_OF_RANGE"),
        (model_service_pb2.ListModelsRequest(page_token="x"), "CURSOR_MALFORMED"),  # noqa: S106
    ):
        call = desk.models.ListModels(request, timeout=TIMEOUT, metadata=desk.metadata)
        assert (await refusal(call)).reason == reason


# Activating


async def test_activates_goes_back_and_remembers(shelf: Shelf) -> None:
    desk, one, other = shelf.desk, await shelf.model(), await shelf.model(FERRY[:18])
    first = await desk.activate(one.version)
    assert first.model.active
    assert (await desk.analyze("fiets")).model_version == one.version
    second = await desk.activate(other.version)
    assert second.previous_version == one.version
    assert (await desk.analyze("fiets")).model_version == other.version
    assert (await desk.activate(one.version)).previous_version == other.version
    found = await desk.get()
    assert found.model.version == found.replica.serving_version == one.version
    assert found.replica.problem == ""
    assert len(found.model.activate_times) >= 2
    assert {model.version for model in await desk.listed() if model.active} == {one.version}


async def test_activating_the_active_model_changes_nothing(shelf: Shelf) -> None:
    ready = await shelf.model()
    first = await shelf.desk.activate(ready.version)
    again = await shelf.desk.activate(ready.version)
    assert again.previous_version == ready.version
    assert again.model.activate_times == first.model.activate_times


async def test_the_same_activation_is_done_once(shelf: Shelf) -> None:
    desk, one, other = shelf.desk, await shelf.model(), await shelf.model(FERRY[:18])
    first = await desk.activate(one.version, "mine")
    await desk.activate(other.version)
    again = await desk.activate(one.version, "mine")
    assert again.previous_version == first.previous_version
    assert (await desk.analyze("fiets")).model_version == other.version
    error = await refusal(desk.activate(other.version, "mine"))
    assert error.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"loading": "raise"}, "cannot be loaded: RuntimeError"),
        ({"ranking": "other"}, "ranks other than when it was trained"),
        ({"ranking": "nan"}, "ranks by what are no scores"),
        ({"ranking": "away"}, "cannot rank: engine obedient is away"),
        ({"ranking": "broken"}, "cannot rank: KeyError"),
    ],
)
async def test_a_model_that_fails_its_test_is_refused_and_the_old_one_serves(
    shelf: Shelf, options: dict[str, str], problem: str
) -> None:
    old, bad = await shelf.model(), await shelf.model(**options)
    await shelf.desk.activate(old.version)
    assert bad.state == READY
    error = await refusal(shelf.desk.activate(bad.version))
    assert (error.code, error.reason) == (PRECONDITION, "MODEL_UNUSABLE")
    assert problem in error.metadata["problem"]
    assert (await shelf.desk.analyze("fiets")).model_version == old.version
    assert (await shelf.desk.get()).model.version == old.version


async def test_a_corrupt_model_is_refused_and_the_old_one_serves(shelf: Shelf, settings: NluSettings) -> None:
    desk, old, bad = shelf.desk, await shelf.model(), await shelf.model(FERRY[2:])
    await desk.activate(old.version)
    async with writing(settings) as tx:
        piece = sa.and_(
            artifact_chunks.c.version == bad.version, artifact_chunks.c.path == "engine/words.json"
        )
        await tx.execute(sa.update(artifact_chunks).where(piece).values(data=b"[]"))
    error = await refusal(desk.activate(bad.version))
    assert (error.code, error.reason) == (PRECONDITION, "MODEL_CORRUPT")
    assert (error.metadata["version"], error.metadata["file"]) == (bad.version, "engine/words.json")
    assert (await desk.analyze("fiets")).model_version == old.version
    assert (await refusal(desk.evaluate(FERRY, bad.version))).reason == "MODEL_CORRUPT"


async def test_a_manifest_that_cannot_be_read_is_corrupt(shelf: Shelf, settings: NluSettings) -> None:
    old, bad = await shelf.model(), await shelf.model(FERRY[1:])
    await shelf.desk.activate(old.version)
    async with told(settings, bad.version, lambda manifest: manifest.update(format=99)):
        error = await refusal(shelf.desk.activate(bad.version))
        assert (error.reason, error.metadata["file"]) == ("MODEL_CORRUPT", "manifest.json")
        assert bad.version in [one.version for one in await shelf.desk.listed()]


async def test_a_model_of_another_encoder_is_refused(shelf: Shelf, settings: NluSettings) -> None:
    old, bad = await shelf.model(), await shelf.model(FERRY[1:])
    await shelf.desk.activate(old.version)

    def of_another(manifest: dict[str, Any]) -> None:
        manifest["origin"]["encoder_fingerprint"] = "other.fp32.0a"

    async with told(settings, bad.version, of_another):
        error = await refusal(shelf.desk.activate(bad.version))
        assert error.reason == "MODEL_UNUSABLE"
        assert error.metadata["problem"] == "takes the vectors of another encoder, other.fp32.0a"


@asynccontextmanager
async def writing(settings: NluSettings) -> AsyncIterator[Transaction]:
    async with (
        Database.open(settings.database_url, migrations="balie.nlu.migrations") as database,
        database.write() as tx,
    ):
        yield tx


@asynccontextmanager
async def told(
    settings: NluSettings, version: str, change: Callable[[dict[str, Any]], None]
) -> AsyncIterator[None]:
    """Lets a model's manifest say something else within the block."""
    this = models.c.version == version
    async with writing(settings) as tx:
        before = await tx.scalar(sa.select(models.c.manifest).where(this))
        changed = deepcopy(before)
        change(changed)
        await tx.execute(sa.update(models).where(this).values(manifest=changed))
    yield
    async with writing(settings) as tx:
        await tx.execute(sa.update(models).where(this).values(manifest=before))


async def test_a_model_that_does_not_fit_into_memory_is_refused(
    fake_engines: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("balie.nlu.models.app.available_bytes", lambda: 1 << 20)
    async with model_desk(settings_of(tmp_path)) as desk:
        ready = await desk.train()
        error = await refusal(desk.activate(ready.version))
        assert (error.code, error.reason) == (EXHAUSTED, "MEMORY_SHORT")
        assert int(error.metadata["needed_bytes"]) > int(error.metadata["available_bytes"]) == 1 << 20
        assert (await desk.analyze("fiets")).model_version == ""


# Deleting


async def test_deletes_a_model_with_all_that_is_its_own(desk: ModelDesk, settings: NluSettings) -> None:
    ready = await desk.train()
    await desk.delete(ready.version)
    assert await desk.listed() == []
    async with writing(settings) as tx:
        for table in (models, training_chunks, artifact_chunks):
            rows = sa.select(sa.func.count()).select_from(table).where(table.c.version == ready.version)
            assert await tx.scalar(rows) == 0


async def test_the_active_model_is_not_deleted(shelf: Shelf) -> None:
    ready = await shelf.model()
    await shelf.desk.activate(ready.version)
    error = await refusal(shelf.desk.delete(ready.version))
    assert (error.code, error.reason) == (PRECONDITION, "MODEL_IN_USE")
    assert (await shelf.desk.get()).model.version == ready.version


async def test_deleting_a_model_ends_its_training(desk: ModelDesk, tmp_path: Path) -> None:
    version = await desk.begun(options={"wait_for": str(tmp_path / "never")})
    watching = asyncio.create_task(desk.watched(version))
    await desk.delete(version)
    assert (await refusal(watching)).reason == "MODEL_NOT_FOUND"
    assert (await desk.train()).state == READY


# Evaluating


async def test_measures_a_model(shelf: Shelf) -> None:
    ready = await shelf.model()
    rows = [("bike", "fiets 9"), ("boat", "kade 9"), ("oos", "iets"), ("plane", "vlucht")]
    told = await shelf.desk.evaluate(rows, ready.version)
    last = told[-1]
    assert (told[0].ranked, told[0].total, last.ranked) == (0, 4, 4)
    assert not told[0].HasField("evaluation")
    assert last.evaluation.model_version == ready.version
    assert last.evaluation.calibration_version == ready.facts.calibration_version
    assert last.evaluation.example_count == 4
    assert last.evaluation.figures["in_scope_accuracy"] == 1.0
    figures = last.evaluation.figures
    assert {"accuracy", "macro_f1", "oos_auroc", "ece", "wrong_rate"} <= set(figures)
    interval = last.evaluation.intervals["in_scope_accuracy"]
    assert interval.low < figures["in_scope_accuracy"] <= interval.high
    assert [(one.intent, one.support, one.recall) for one in last.evaluation.intents] == [
        ("bike", 1, 1.0),
        ("boat", 1, 1.0),
    ]
    assert [(one.language, one.example_count) for one in last.evaluation.languages] == [("nl", 4)]
    assert last.evaluation.risk_coverage[-1].coverage == 1.0
    assert (await shelf.desk.get(ready.version)).model.facts == ready.facts


async def test_measures_the_active_model_when_none_is_named(shelf: Shelf) -> None:
    ready = await shelf.model()
    await shelf.desk.activate(ready.version)
    (*_, last) = await shelf.desk.evaluate(FERRY)
    assert last.evaluation.model_version == ready.version


async def test_refuses_to_measure_by_nothing(desk: ModelDesk, shelf: Shelf) -> None:
    ready = await shelf.model()
    error = await refusal(shelf.desk.evaluate((), ready.version))
    assert (error.code, error.reason) == (INVALID, "TRAINING_DATA_INVALID")
    assert (await refusal(desk.evaluate(FERRY))).reason == "MODEL_NOT_FOUND"
    call = desk.models.EvaluateModel(_nothing(), timeout=TIMEOUT, metadata=desk.metadata)
    assert (await refusal(call)).reason == "STREAM_OUT_OF_ORDER"


# Who may


async def test_contacts_and_agents_may_not_write(desk: ModelDesk) -> None:
    for who in ("contact:anna", "agent:els"):
        metadata = (*desk.metadata, (ACT_AS, who))
        request_id = new_id()
        calls = [
            desk.models.ActivateModel(
                model_service_pb2.ActivateModelRequest(version=NONE_SUCH, request_id=request_id),
                timeout=TIMEOUT,
                metadata=metadata,
            ),
            desk.models.DeleteModel(
                model_service_pb2.DeleteModelRequest(version=NONE_SUCH, request_id=request_id),
                timeout=TIMEOUT,
                metadata=metadata,
            ),
            desk.models.CancelTraining(
                model_service_pb2.CancelTrainingRequest(version=NONE_SUCH, request_id=request_id),
                timeout=TIMEOUT,
                metadata=metadata,
            ),
            desk.models.TrainModel(_header_alone(), timeout=TIMEOUT, metadata=metadata),
        ]
        for call in calls:
            assert (await refusal(call)).reason == "CALLER_FORBIDDEN"


async def _header_alone() -> AsyncIterator[Request]:
    yield Request(header=header())


async def _nothing() -> AsyncIterator[model_service_pb2.EvaluateModelRequest]:
    for message in ():
        yield message
