"""The yardstick: a script that learns from a file and serves `yardstick.Yardstick/Parse`, in another interpreter.

It is started as `PYTHON SCRIPT TRAIN.jsonl PORT`, and says `ready` on its standard output when it serves.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from balie.cli.bench.machine import free_port
from balie.cli.bench.nlu.messages import Labelled
from balie.cli.console import fail
from balie.cli.settings import inherited_environment

METHOD = "/yardstick.Yardstick/Parse"
_TAIL_CHARACTERS = 2000
_STOP_SECONDS = 10.0
_STRING, _FLOAT = 9, 2
"""Of `google.protobuf.FieldDescriptorProto.Type`."""


@dataclass(frozen=True)
class Script:
    """A yardstick.

    Attributes:
        python: interpreter with what the script needs.
        path: of the script.
    """

    python: str
    path: Path


@dataclass(frozen=True)
class Running:
    """A yardstick that serves."""

    address: str
    pid: int


def request(text: str) -> bytes:
    """Returns the bytes of a request."""
    return cast("bytes", _message("Query")(text=text).SerializeToString())


def intent_of(reply: bytes) -> str:
    """Returns the intent that a reply names."""
    return str(_message("Reply").FromString(reply).intent)


@asynccontextmanager
async def serving(script: Script, learned: Sequence[Labelled], folder: Path) -> AsyncIterator[Running]:
    """Runs the yardstick for the length of a block; ends the command when it cannot learn or serve.

    Args:
        script: what to run.
        learned: what it learns from.
        folder: for the file that it reads.
    """
    train = folder / "yardstick.jsonl"
    rows = [json.dumps({"text": row.text, "label": row.label}) for row in learned]
    train.write_text("\n".join(rows) + "\n", encoding="utf-8")
    port = free_port()
    environment = inherited_environment("yardstick")
    environment.pop("PYTHONPATH", None)  # this interpreter's libraries are none of its
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                script.python,
                str(script.path),
                str(train),
                str(port),
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
            )
        except OSError as error:
            fail(
                f"{script.python} cannot be run ({error.strerror}).", "Name an interpreter with --yardstick."
            )
        try:
            output = cast("asyncio.StreamReader", process.stdout)
            while (line := await output.readline()).strip() != b"ready":
                if not line:
                    said.seek(0)
                    end = said.read().decode(errors="replace")[-_TAIL_CHARACTERS:]
                    fail(
                        f"The yardstick ended before it served:\n{end}",
                        "docs/benchmarks.md says what it needs.",
                    )
            yield Running(f"127.0.0.1:{port}", process.pid)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            if process.returncode is None:
                process.kill()


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"yardstick.{name}"))


def _contract() -> descriptor_pool.DescriptorPool:
    """Returns the messages of `yardstick.proto`: written here, as no stubs are made from a proto at run time."""
    file = descriptor_pb2.FileDescriptorProto(name="yardstick.proto", package="yardstick", syntax="proto3")
    for name, fields in (("Query", {"text": _STRING}), ("Reply", {"intent": _STRING, "score": _FLOAT})):
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            message.field.add(name=field, number=number, type=cast("Any", kind), label=cast("Any", 1))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[no-untyped-call, unused-ignore]
    return pool


_POOL = _contract()
