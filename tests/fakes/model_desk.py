"""NLU with models on call: a service on a free port, its stubs, and short ways to train and activate."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from balie.api.nlu.v1 import (
    model_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
    nlu_service_pb2,
    nlu_service_pb2_grpc,
)
from balie.client import CallError, error_of
from balie.kit.caller import TENANT
from balie.kit.ids import new_id
from balie.kit.testing import serve
from balie.nlu.app import lifespan
from balie.nlu.settings import NluSettings

PLUGINS = Path(__file__).parent / "engine_plugins"
TIMEOUT = 60.0

Row = tuple[str, str]
"""Intent and text."""

FERRY: Sequence[Row] = tuple(
    (intent, f"{word} {number}")
    for intent, words in (("bike", "fiets zadel"), ("boat", "boot kade"), ("oos", "maan ster"))
    for word in words.split()
    for number in range(6)
)
"""Examples that words tell apart."""

READY = model_pb2.MODEL_STATE_READY
FAILED = model_pb2.MODEL_STATE_FAILED
TRAINING = model_pb2.MODEL_STATE_TRAINING


def use_fake_engines(patch: pytest.MonkeyPatch) -> None:
    """Makes the fake engines known here, and to processes that are started from here; and a fake encoder the default."""
    patch.syspath_prepend(PLUGINS)
    patch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    patch.setenv("BALIE_ENCODER_NAME", "letters")


def settings_of(folder: Path, database_url: str = "", **more: object) -> NluSettings:
    """Returns settings of a service without a file of intents, whose engine is the obedient one."""
    folder.mkdir(parents=True, exist_ok=True)
    given: dict[str, object] = {
        "listen": "127.0.0.1:0",
        "database_url": database_url or f"sqlite+aiosqlite:///{folder / 'nlu.sqlite3'}",
        "model_folder": folder / "models",
        "engine": "obedient",
        "languages": ("nl", "en"),
        "poll_seconds": 0.02,
    }
    return NluSettings.model_validate({**given, **more})


@dataclass(frozen=True)
class ModelDesk:
    """A running service.

    Attributes:
        tenant: whose models are meant.
    """

    channel: grpc.aio.Channel
    tenant: str = "default"

    @property
    def models(self) -> model_service_pb2_grpc.ModelServiceStub:
        return model_service_pb2_grpc.ModelServiceStub(self.channel)

    @property
    def nlu(self) -> nlu_service_pb2_grpc.NluServiceStub:
        return nlu_service_pb2_grpc.NluServiceStub(self.channel)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return ((TENANT, self.tenant),)

    async def analyze(self, text: str) -> nlu_service_pb2.Understanding:
        request = nlu_service_pb2.AnalyzeRequest(text=text)
        return (await self.nlu.Analyze(request, timeout=TIMEOUT, metadata=self.metadata)).understanding

    async def train(
        self, rows: Sequence[Row] = FERRY, options: Mapping[str, str] | None = None, **more: str
    ) -> model_pb2.Model:
        """Returns the model once its training is over."""
        return [model async for model in self.training(rows, options, **more)][-1]

    async def training(
        self, rows: Sequence[Row] = FERRY, options: Mapping[str, str] | None = None, **more: str
    ) -> AsyncGenerator[model_pb2.Model, None]:
        """Yields the model as its training goes on."""
        call = self.models.TrainModel(
            parts(header(options, **more), rows), timeout=TIMEOUT, metadata=self.metadata
        )
        async for message in call:
            yield message.model

    async def begun(self, rows: Sequence[Row] = FERRY, options: Mapping[str, str] | None = None) -> str:
        """Returns the version of a model whose training is on disk; the client leaves then."""
        async for model in (messages := self.training(rows, options)):
            await messages.aclose()
            return model.version
        raise AssertionError("no message")

    async def watched(self, version: str) -> model_pb2.Model:
        """Returns a model once its training is over."""
        last = model_pb2.Model()
        request = model_service_pb2.WatchTrainingRequest(version=version)
        async for message in self.models.WatchTraining(request, timeout=TIMEOUT, metadata=self.metadata):
            last = message.model
        return last

    async def activate(self, version: str, request_id: str = "") -> model_service_pb2.ActivateModelResponse:
        request = model_service_pb2.ActivateModelRequest(version=version, request_id=request_id or new_id())
        return await self.models.ActivateModel(request, timeout=TIMEOUT, metadata=self.metadata)

    async def get(self, version: str = "") -> model_service_pb2.GetModelResponse:
        request = model_service_pb2.GetModelRequest(version=version)
        return await self.models.GetModel(request, timeout=TIMEOUT, metadata=self.metadata)

    async def listed(self) -> list[model_pb2.Model]:
        reply = await self.models.ListModels(
            model_service_pb2.ListModelsRequest(), timeout=TIMEOUT, metadata=self.metadata
        )
        return list(reply.models)

    async def cancel(self, version: str) -> model_pb2.Model:
        request = model_service_pb2.CancelTrainingRequest(version=version, request_id=new_id())
        return (await self.models.CancelTraining(request, timeout=TIMEOUT, metadata=self.metadata)).model

    async def delete(self, version: str) -> None:
        request = model_service_pb2.DeleteModelRequest(version=version, request_id=new_id())
        await self.models.DeleteModel(request, timeout=TIMEOUT, metadata=self.metadata)

    async def evaluate(
        self, rows: Sequence[Row], version: str = ""
    ) -> list[model_service_pb2.EvaluateModelResponse]:
        async def messages() -> AsyncIterator[model_service_pb2.EvaluateModelRequest]:
            opening = model_service_pb2.EvaluationHeader(version=version)
            yield model_service_pb2.EvaluateModelRequest(header=opening)
            for start in range(0, len(rows), 1000):
                part = part_of(rows[start : start + 1000])
                yield model_service_pb2.EvaluateModelRequest(examples=part)

        call = self.models.EvaluateModel(messages(), timeout=TIMEOUT, metadata=self.metadata)
        return [message async for message in call]


class Shelf:
    """Ready models of one tenant, each trained when it is first asked for.

    Attributes:
        desk: calls the service for that tenant.
    """

    def __init__(self, desk: ModelDesk) -> None:
        self.desk = desk
        self._models: dict[tuple[object, ...], model_pb2.Model] = {}

    async def model(self, rows: Sequence[Row] = FERRY, **options: str) -> model_pb2.Model:
        key = (tuple(rows), *sorted(options.items()))
        if key not in self._models:
            self._models[key] = await self.desk.train(rows, options)
        return self._models[key]


@asynccontextmanager
async def model_desk(settings: NluSettings, tenant: str = "default") -> AsyncIterator[ModelDesk]:
    """Runs the service as production does, but for its port."""
    async with serve(lifespan(settings)) as running:
        yield ModelDesk(running.channel, tenant)


def header(options: Mapping[str, str] | None = None, **more: str) -> model_service_pb2.TrainingHeader:
    spec = model_pb2.TrainingSpec(engine=more.get("engine", ""), engine_options=options or {})
    return model_service_pb2.TrainingHeader(
        display_name=more.get("display_name", ""),
        spec=spec,
        request_id=more.get("request_id", "") or new_id(),
    )


def part_of(rows: Sequence[Row], language: str = "nl") -> model_service_pb2.ExamplePart:
    return model_service_pb2.ExamplePart(
        examples=[
            model_pb2.LabelledExample(intent=intent, text=text, language=language) for intent, text in rows
        ]
    )


async def parts(
    opening: model_service_pb2.TrainingHeader, rows: Sequence[Row]
) -> AsyncIterator[model_service_pb2.TrainModelRequest]:
    yield model_service_pb2.TrainModelRequest(header=opening)
    for start in range(0, len(rows), 1000):
        yield model_service_pb2.TrainModelRequest(examples=part_of(rows[start : start + 1000]))


async def refusal(call: object) -> CallError:
    """Returns the error of a call, of one that streams answers too."""

    async def ended() -> None:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call  # type: ignore[misc]

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await ended()
    return error_of(raised.value)
