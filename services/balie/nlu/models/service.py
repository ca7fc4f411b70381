"""The servicer of model work: convert in, call the domain, convert out."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from balie.api.nlu.v1 import model_service_pb2, model_service_pb2_grpc
from balie.kit import call
from balie.kit.caller import Role
from balie.kit.paging import page_size
from balie.nlu.models import convert

if TYPE_CHECKING:
    from balie.nlu.examples import Example
    from balie.nlu.jobs import Task
    from balie.nlu.models.evaluating import Evaluator
    from balie.nlu.models.intake import Intake
    from balie.nlu.models.library import Library
    from balie.nlu.models.replica import Replica
    from balie.nlu.served import ServedModels

_WRITERS = (Role.ADMIN, Role.SERVICE)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Translates between the contract and model work.

    Args:
        task: the service's own choice of how to train.
    """

    def __init__(
        self,
        library: "Library",
        intake: "Intake",
        evaluator: "Evaluator",
        replica: "Replica",
        served: "ServedModels",
        task: "Task",
    ) -> None:
        self._library = library
        self._intake = intake
        self._evaluator = evaluator
        self._replica = replica
        self._served = served
        self._task = task

    async def TrainModel(
        self, request_iterator: AsyncIterator[model_service_pb2.TrainModelRequest], context: Any
    ) -> AsyncGenerator[model_service_pb2.TrainModelResponse, None]:
        """Takes a training in and tells how it goes."""
        caller = call.caller().require(*_WRITERS)
        parts = aiter(request_iterator)
        header = convert.training_header(await anext(parts, None))
        write = call.write(header)
        task = convert.task_from_proto(header.spec, self._task)
        name = convert.display_name(header.display_name)
        _, version = await self._intake.receive(write, name, task, _examples(parts))
        call.log(model=version, engine=task.engine)
        async with aclosing(self._library.watch(caller.tenant, version)) as states:
            async for state in states:
                yield model_service_pb2.TrainModelResponse(model=convert.model_to_proto(state))

    async def WatchTraining(
        self, request: model_service_pb2.WatchTrainingRequest, context: Any
    ) -> AsyncGenerator[model_service_pb2.WatchTrainingResponse, None]:
        """Tells how a training goes."""
        version = convert.version(request.version)
        call.log(model=version)
        async with aclosing(self._library.watch(call.caller().tenant, version)) as states:
            async for state in states:
                yield model_service_pb2.WatchTrainingResponse(model=convert.model_to_proto(state))

    async def CancelTraining(
        self, request: model_service_pb2.CancelTrainingRequest, context: Any
    ) -> model_service_pb2.CancelTrainingResponse:
        """Cancels a training."""
        call.caller().require(*_WRITERS)
        version = convert.version(request.version)
        call.log(model=version)
        cancelled = await self._library.cancel(call.write(request), version)
        return model_service_pb2.CancelTrainingResponse(model=convert.model_to_proto(cancelled))

    async def GetModel(
        self, request: model_service_pb2.GetModelRequest, context: Any
    ) -> model_service_pb2.GetModelResponse:
        """Reads a model."""
        tenant = call.caller().tenant
        found = await self._library.model(tenant, convert.version(request.version, required=False))
        state = model_service_pb2.ReplicaState(
            serving_version=self._served.version(tenant), problem=self._replica.problem(tenant)
        )
        return model_service_pb2.GetModelResponse(model=convert.model_to_proto(found), replica=state)

    async def ListModels(
        self, request: model_service_pb2.ListModelsRequest, context: Any
    ) -> model_service_pb2.ListModelsResponse:
        """Lists the tenant's models."""
        tenant = call.caller().tenant
        found, rest = await self._library.models(tenant, page_size(request), request.page_token)
        return convert.models_to_proto(found, rest)

    async def ActivateModel(
        self, request: model_service_pb2.ActivateModelRequest, context: Any
    ) -> model_service_pb2.ActivateModelResponse:
        """Activates a model."""
        caller = call.caller().require(*_WRITERS)
        version = convert.version(request.version)
        call.log(model=version)
        activated = await self._library.activate(call.write(request), version)
        found = await self._library.model(caller.tenant, version)
        return model_service_pb2.ActivateModelResponse(
            model=convert.model_to_proto(found), previous_version=activated.previous
        )

    async def DeleteModel(
        self, request: model_service_pb2.DeleteModelRequest, context: Any
    ) -> model_service_pb2.DeleteModelResponse:
        """Deletes a model."""
        call.caller().require(*_WRITERS)
        version = convert.version(request.version)
        call.log(model=version)
        await self._library.delete(call.write(request), version)
        return model_service_pb2.DeleteModelResponse()

    async def EvaluateModel(
        self, request_iterator: AsyncIterator[model_service_pb2.EvaluateModelRequest], context: Any
    ) -> AsyncGenerator[model_service_pb2.EvaluateModelResponse, None]:
        """Measures a model."""
        tenant = call.caller().tenant
        parts = aiter(request_iterator)
        header = convert.evaluation_header(await anext(parts, None))
        version = convert.version(header.version, required=False)
        call.log(model=version)
        evaluation = self._evaluator.run(tenant, version, _examples(parts))
        async with aclosing(evaluation) as messages:
            async for message in messages:
                yield convert.evaluation_to_proto(message)


async def _examples(
    parts: AsyncIterator[model_service_pb2.TrainModelRequest | model_service_pb2.EvaluateModelRequest],
) -> "AsyncGenerator[Sequence[Example], None]":
    count = 0
    async for part in parts:
        found = convert.examples_from_proto(part, count)
        count += len(found)
        yield found
