"""`balie nlu models`: the models there are, or one of them in full."""

import json

import grpc
from rich.text import Text

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.cli.console import console, explain_failure, printable
from balie.cli.listing import explaining, listed
from balie.cli.nlu_shown import as_dict, details_of, table_of
from balie.client import Balie

_CALL_SECONDS = 30.0


async def every_model(client: Balie, address: str) -> list[model_pb2.Model]:
    """Returns all models, newest first; ends the command when they cannot be listed."""
    request = model_service_pb2.ListModelsRequest()
    with explaining(address):
        return [model async for model in listed(client.models.ListModels, request, lambda page: page.models)]


async def run_models(address: str, version: str, *, as_json: bool) -> None:
    """Prints all models as a table, or one with everything."""
    async with Balie(nlu=address) as client:
        if version:
            await _one(client, address, version, as_json=as_json)
        else:
            await _all(client, address, as_json=as_json)


async def _one(client: Balie, address: str, version: str, *, as_json: bool) -> None:
    try:
        reply = await client.models.GetModel(
            model_service_pb2.GetModelRequest(version=version), timeout=_CALL_SECONDS
        )
    except grpc.RpcError as error:
        explain_failure(error, address)
    if as_json:
        console.print_json(json.dumps(as_dict(reply.model)))
        return
    console.print(details_of(reply.model))
    if reply.model.active:
        _print_problem(reply.replica)


async def _all(client: Balie, address: str, *, as_json: bool) -> None:
    models = await every_model(client, address)
    if as_json:
        console.print_json(json.dumps([as_dict(model) for model in models]))
        return
    if not models:
        console.print("There are no models. Train one: balie nlu train FILE --activate")
        return
    console.print(table_of(models))
    if not any(model.active for model in models):
        console.print(
            "None is active: messages are understood without intents. balie nlu activate VERSION",
            style="yellow",
        )
        return
    try:
        reply = await client.models.GetModel(model_service_pb2.GetModelRequest(), timeout=_CALL_SECONDS)
    except grpc.RpcError as error:
        explain_failure(error, address)
    _print_problem(reply.replica)


def _print_problem(replica: model_service_pb2.ReplicaState) -> None:
    if replica.problem:
        serving = replica.serving_version or "no model"
        console.print(
            Text(
                f"The replica that answered still serves {serving}: {printable(replica.problem)}",
                style="bold red",
            )
        )
