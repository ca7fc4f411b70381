"""What `balie faq index show` and `rebuild` do."""

import json

import grpc
from google.protobuf.json_format import MessageToDict
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import console, explain_failure, fail
from balie.client import Balie

_CALL_SECONDS = 30.0
_REBUILD_SECONDS = 24 * 3600.0
_MEBIBYTE = 1 << 20


async def run_show(address: str, collection: str, *, as_json: bool) -> None:
    """Prints what an index holds."""
    request = knowledge.GetIndexRequest(collection_id=collection)
    async with Balie(faq=address) as client:
        try:
            reply = await client.knowledge.GetIndex(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            explain_failure(error, address)
    _print(reply.index, as_json=as_json)


async def run_rebuild(address: str, collection: str, *, as_json: bool) -> None:
    """Has an index built anew with a bar, and prints it."""
    request = knowledge.RebuildIndexRequest(collection_id=collection)
    last = knowledge.RebuildIndexResponse()
    bar = Progress(TextColumn("{task.description}"), BarColumn(bar_width=40), console=console, transient=True)
    async with Balie(faq=address) as client:
        try:
            with bar:
                task = bar.add_task("waiting", total=1.0)
                async for step in client.knowledge.RebuildIndex(request, timeout=_REBUILD_SECONDS):
                    bar.update(task, description=_word(step.progress), completed=step.progress.share)
                    last = step
        except grpc.RpcError as error:
            explain_failure(error, address)
    if not last.HasField("index"):
        fail("The rebuild ended without an index.", "Give the command again to join it.")
    _print(last.index, as_json=as_json)


def _print(index: knowledge.Index, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(MessageToDict(index, preserving_proto_field_name=True)))
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _rows(index).items():
        table.add_row(name, value)
    console.print(table)


def _rows(index: knowledge.Index) -> dict[str, str]:
    kind = knowledge.IndexKind.Name(index.kind).removeprefix("INDEX_KIND_").lower()
    rows = {
        "collection": index.collection_id,
        "kind": f"{kind}, {index.size_bytes / _MEBIBYTE:.1f} MiB",
        "entries": f"{index.entry_count}, {index.vector_count} vectors of {index.dimensions} numbers",
        "generation": f"{index.generation} of {index.stored_generation} stored, {index.saved_generation or 'none'} saved",
        "as of": index.as_of.ToDatetime().isoformat(sep=" ", timespec="seconds") + " UTC",
        "encoder": index.encoder_fingerprint,
        "threshold": f"{index.threshold:.3f} ({index.calibration_version})",
        "state": "ready",
    }
    if index.wanted_encoder_fingerprint != index.encoder_fingerprint:
        rows["encoder wanted"] = index.wanted_encoder_fingerprint
    if index.state == knowledge.INDEX_STATE_BUILDING:
        rows["state"] = f"another one is being built: {_word(index.build)}, {index.build.share:.0%}"
    return rows


def _word(progress: knowledge.BuildProgress) -> str:
    return knowledge.BuildStep.Name(progress.step).removeprefix("BUILD_STEP_").lower()
