"""`balie nlu activate`, `rollback`, `cancel` and `delete`: what becomes of a model."""

import grpc

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.cli.console import console, explain_failure, fail
from balie.cli.nlu_models import every_model
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
_ACTIVATING_SECONDS = 300.0


async def activate(client: Balie, address: str, version: str) -> model_service_pb2.ActivateModelResponse:
    """Activates a model; ends the command with the reason when it cannot be."""
    request = model_service_pb2.ActivateModelRequest(version=version, request_id=new_id())
    try:
        return await client.models.ActivateModel(request, timeout=_ACTIVATING_SECONDS)
    except grpc.RpcError as error:
        explain_failure(error, address)


async def run_activate(address: str, version: str) -> None:
    """Activates a model, and says how to go back."""
    async with Balie(nlu=address) as client:
        _tell(await activate(client, address, version))


async def run_rollback(address: str) -> None:
    """Activates the model that was active before this one."""
    async with Balie(nlu=address) as client:
        before = _before(await every_model(client, address))
        if before is None:
            fail("No other model was active before.", "balie nlu models lists those that can be activated.")
        _tell(await activate(client, address, before.version))


async def run_cancel(address: str, version: str) -> None:
    """Cancels a training."""
    request = model_service_pb2.CancelTrainingRequest(version=version, request_id=new_id())
    async with Balie(nlu=address) as client:
        try:
            await client.models.CancelTraining(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            explain_failure(error, address)
    console.print(f"The training of {version} is cancelled.")


async def run_delete(address: str, versions: list[str]) -> None:
    """Deletes models, one after another, up to the first that cannot be."""
    async with Balie(nlu=address) as client:
        for version in versions:
            request = model_service_pb2.DeleteModelRequest(version=version, request_id=new_id())
            try:
                await client.models.DeleteModel(request, timeout=_CALL_SECONDS)
            except grpc.RpcError as error:
                explain_failure(error, address)
            console.print(f"{version} is deleted.")


def _before(models: list[model_pb2.Model]) -> model_pb2.Model | None:
    """Returns the model that was activated last before the active one; that of the service's file when none was."""
    others = [model for model in models if not model.active]
    activated = [model for model in others if model.activate_times]
    if activated:
        return max(activated, key=lambda model: model.activate_times[0].ToNanoseconds())
    return next((model for model in others if model.from_file), None)


def _tell(reply: model_service_pb2.ActivateModelResponse) -> None:
    version, before = reply.model.version, reply.previous_version
    console.print(f"Messages are understood with {version} now.")
    if before and before != version:
        console.print(f"Back to the one before: balie nlu activate {before}", style="dim")
