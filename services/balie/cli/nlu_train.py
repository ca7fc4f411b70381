"""`balie nlu train` and `balie nlu watch`: a training from its files to its figures, with a bar."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.cli.console import console, errors, explain_failure, fail, printable
from balie.cli.nlu_change import activate
from balie.cli.nlu_shown import as_dict, details_of
from balie.client import Balie, error_of
from balie.kit.ids import new_id
from balie.nlu.errors import StartRefused
from balie.nlu.examples import Example
from balie.nlu.training_data import read_examples

_PART_EXAMPLES = 500
_TRAINING_SECONDS = 24 * 3600.0
_AGAIN_SECONDS = 1.0
_TRIES = 60
"""Times that a training is looked for again when its service goes away: about a minute, time for a restart."""


@dataclass(frozen=True)
class Order:
    """What is to be trained, and how.

    Attributes:
        files: training data.
        options: of the engine.
        promise: what the operator accepts; what it leaves out is the service's choice.
    """

    files: Sequence[Path]
    languages: Sequence[str]
    language: str = ""
    oos_labels: Sequence[str] | None = None
    name: str = ""
    engine: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    promise: model_pb2.Promise = field(default_factory=model_pb2.Promise)

    def header(self) -> model_service_pb2.TrainingHeader:
        """Returns the first message of the training."""
        spec = model_pb2.TrainingSpec(engine=self.engine, engine_options=self.options, promise=self.promise)
        return model_service_pb2.TrainingHeader(display_name=self.name, spec=spec, request_id=new_id())


async def run_train(address: str, order: Order, *, activated: bool, as_json: bool) -> bool:
    """Trains, prints what the model is worth, and activates it if asked to; returns whether it was trained."""
    header = order.header()
    examples = _read(order)
    async with Balie(nlu=address) as client:
        call = client.models.TrainModel(_parts(header, examples), timeout=_TRAINING_SECONDS)
        model = await _followed(client, address, call, "")
        return await _ended(client, address, model, activated=activated, as_json=as_json)


async def run_watch(address: str, version: str, *, as_json: bool) -> bool:
    """Follows a training to its end, prints what the model is worth, and returns whether it was trained."""
    async with Balie(nlu=address) as client:
        model = await _followed(client, address, _watch(client, version), version)
        return await _ended(client, address, model, activated=False, as_json=as_json)


def _read(order: Order) -> Sequence[Example]:
    try:
        examples = read_examples(
            order.files, order.languages, language=order.language, oos_labels=order.oos_labels
        )
    except StartRefused as refused:
        fail(printable(str(refused)), "balie nlu validate shows all that is wrong with training data.")
    for note in examples.notes:
        errors.print(printable(str(note)), style="dim")
    return examples.items


async def _parts(
    header: model_service_pb2.TrainingHeader, examples: Sequence[Example]
) -> AsyncIterator[model_service_pb2.TrainModelRequest]:
    yield model_service_pb2.TrainModelRequest(header=header)
    for start in range(0, len(examples), _PART_EXAMPLES):
        part = [
            model_pb2.LabelledExample(intent=one.intent, text=one.text, language=one.language)
            for one in examples[start : start + _PART_EXAMPLES]
        ]
        yield model_service_pb2.TrainModelRequest(examples=model_service_pb2.ExamplePart(examples=part))


def _watch(client: Balie, version: str) -> "grpc.aio.UnaryStreamCall[object, object]":
    request = model_service_pb2.WatchTrainingRequest(version=version)
    return client.models.WatchTraining(request, timeout=_TRAINING_SECONDS)  # type: ignore[return-value]


async def _followed(client: Balie, address: str, call: object, version: str) -> model_pb2.Model:
    """Draws a bar until the training is over, over restarts of the service too, and returns the model."""
    columns = (TextColumn("train"), BarColumn(bar_width=32), TextColumn("{task.description}"))
    model, tries = model_pb2.Model(version=version), 0
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True) as progress:
        task = progress.add_task("sending the examples", total=1.0)
        while True:
            try:
                async for message in call:  # type: ignore[attr-defined]
                    model, tries = message.model, 0
                    progress.update(task, description=_step(model), completed=model.progress.share)
                return model
            except asyncio.CancelledError:
                if model.version:
                    errors.print(f"The training goes on: balie nlu watch {model.version}", style="yellow")
                raise
            except grpc.RpcError as error:
                gone = error_of(error).code is grpc.StatusCode.UNAVAILABLE
                if not model.version or not gone or tries == _TRIES:
                    explain_failure(error, address)
            tries += 1
            progress.update(task, description="the service does not answer: waiting")
            await asyncio.sleep(_AGAIN_SECONDS)
            call = _watch(client, model.version)


def _step(model: model_pb2.Model) -> str:
    return f"{model.version}  {printable(model.progress.step)}"


async def _ended(
    client: Balie, address: str, model: model_pb2.Model, *, activated: bool, as_json: bool
) -> bool:
    ready = model.state == model_pb2.MODEL_STATE_READY
    if ready and activated:
        model = (await activate(client, address, model.version)).model
    if as_json:
        console.print_json(json.dumps(as_dict(model)))
        return ready
    console.print(details_of(model))
    if ready and not model.active:
        console.print(f"\nIt serves nobody yet: balie nlu activate {model.version}", style="dim")
    return ready
