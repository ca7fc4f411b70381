"""Proves the extras apart: each service starts in a fresh environment that holds its own extra alone; `make isolated`.

For each of the base install, `gateway`, `handoff`, `nlu` and `faq`: a new virtual environment, the wheel with that extra and
the tested versions, the service started as an operator would, asked for its health, called, and stopped. The base install
calls the running gateway. Prints what each installed, and how large it is.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
DESK = ROOT / "services/balie/cli/waddenveer"
HEAVY = ("torch", "numpy", "spacy", "faiss", "onnxruntime", "sklearn", "scipy")
SERVER = ("structlog", "pydantic", "sqlalchemy", "grpc_health")
START_SECONDS = 180
ENCODER_MB = 250
LARGEST = 5

HEALTH = """
import sys, time, grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    health = health_pb2_grpc.HealthStub(channel)
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        try:
            if health.Check(health_pb2.HealthCheckRequest(), timeout=1).status == health_pb2.HealthCheckResponse.SERVING:
                sys.exit(0)
        except grpc.RpcError:
            pass
        time.sleep(0.2)
sys.exit("not ready in time")
"""

FIRST_CALL = """
import sys, uuid, grpc
from balie.api.gateway.v1 import conversation_service_pb2 as door, conversation_service_pb2_grpc
from balie.client import sync_channel
with sync_channel(sys.argv[1], act_as="contact:base") as channel:
    stub = conversation_service_pb2_grpc.ConversationServiceStub(channel)
    request = door.CreateConversationRequest(contact_id="base", channel="base", request_id=str(uuid.uuid4()))
    print(stub.CreateConversation(request, timeout=10).conversation.id)
"""


@dataclass(frozen=True)
class Extra:
    """An environment to prove: what is in it, what must not be, and the settings its service starts with."""

    name: str
    absent: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    encodes: bool = False


def main() -> None:
    encoder = os.environ["BALIE_ENCODER_FOLDER"]
    with tempfile.TemporaryDirectory(prefix="balie-isolated-") as folder:
        work = Path(folder)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", work, ROOT)
        wheel = next(work.glob("balie-*.whl"))
        gateway = Extra(
            "gateway",
            HEAVY,
            {
                "DATABASE_URL": f"sqlite+aiosqlite:///{work}/gateway.sqlite3",
                "NLU_ADDRESS": "127.0.0.1:1",
                "FAQ_ADDRESS": "127.0.0.1:1",
                "HANDOFF_ADDRESS": "127.0.0.1:1",
                "FAQ_COLLECTION": "waddenveer",
                "FOLLOW_UPS_FILE": str(DESK / "follow_ups.yaml"),
            },
        )
        handoff = Extra("handoff", HEAVY, {"DATABASE_URL": f"sqlite+aiosqlite:///{work}/handoff.sqlite3"})
        faq = Extra(
            "faq",
            ("torch", "spacy"),
            {"DATABASE_URL": f"sqlite+aiosqlite:///{work}/faq.sqlite3"},
            encodes=True,
        )
        nlu = Extra(
            "nlu",
            ("torch", "faiss"),
            {
                "DATABASE_URL": f"sqlite+aiosqlite:///{work}/nlu.sqlite3",
                "INTENTS_FILE": str(DESK / "intents.yaml"),
                "KEYWORDS_FILE": str(DESK / "keywords.yaml"),
                "LANGUAGES": json.dumps(["nl", "de", "en"]),
                "MODEL_FOLDER": f"{work}/models",
            },
            encodes=True,
        )
        for extra in (handoff, faq, nlu):
            prove(extra, wheel, work, encoder)
        with installed(gateway, wheel, work) as python, serving(gateway, python, encoder) as address:
            base = Extra("", (*HEAVY, *SERVER))
            with installed(base, wheel, work) as plain:
                run(plain, "-c", "import balie.api.gateway.v1.conversation_service_pb2_grpc")
                conversation = run(plain, "-c", FIRST_CALL, address)
                print(f"the base install created conversation {conversation.strip()}", flush=True)


def prove(extra: Extra, wheel: Path, work: Path, encoder: str) -> None:
    with installed(extra, wheel, work) as python:
        if extra.encodes:
            encoder = str(built(extra, python, work))
        for _ in range(2 if extra.encodes else 1):  # the first start of NLU trains its model
            with serving(extra, python, encoder):
                pass


def built(extra: Extra, python: Path, work: Path) -> Path:
    """Builds the encoder with what the environment holds alone, and measures a bare process that loads it."""
    folder = work / f"encoder-{extra.name}"
    begin = time.monotonic()
    run(python, "-m", "balie.encoders.build", "--folder", folder)
    took = time.monotonic() - begin
    print(f"{extra.name}: encoder of {size(folder) / 1e6:.0f} MB built in {took:.0f} s", flush=True)
    run(python, "-m", "balie.encoders.bench.start", folder)  # the files are in memory after it
    start = json.loads(run(python, "-m", "balie.encoders.bench.start", folder))
    print(
        f"{extra.name}: a bare process has its first vector after {start['cpu_seconds']:.2f} s of CPU, "
        f"in {start['resident_mb']:.0f} MB",
        flush=True,
    )
    if start["resident_mb"] > ENCODER_MB:
        sys.exit(f"{extra.name}: the encoder takes more than {ENCODER_MB} MB")
    return folder


@contextmanager
def installed(extra: Extra, wheel: Path, work: Path) -> Iterator[Path]:
    """Makes a fresh environment with one extra, checks what it must not hold, and removes it afterwards."""
    name = extra.name or "base"
    folder = work / f"venv-{name}"
    begin = time.monotonic()
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    bare = size(folder)
    wanted = f"{wheel}[{extra.name}]" if extra.name else str(wheel)
    run(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wanted)
    took = time.monotonic() - begin
    for module in extra.absent:
        found = run(
            python, "-c", f"import importlib.util; print(importlib.util.find_spec({module!r}) is not None)"
        )
        if found.strip() != "False":
            sys.exit(f"{name}: holds {module}, which it must not")
    print(
        f"{name}: installed {(size(folder) - bare) / 1e6:.0f} MB in {took:.0f} s, without {', '.join(extra.absent)}",
        flush=True,
    )
    print(f"{name}: of that {', '.join(largest(folder))}", flush=True)
    try:
        yield python
    finally:
        shutil.rmtree(folder)


@contextmanager
def serving(extra: Extra, python: Path, encoder: str) -> Iterator[str]:
    """Starts the service, waits until it says SERVING, and stops it with SIGTERM; it must end with 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    prefix = f"BALIE_{extra.name.upper()}_"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BALIE_")}
    environment |= {f"{prefix}{name}": value for name, value in extra.settings.items()}
    environment |= {
        f"{prefix}LISTEN": address,
        f"{prefix}DRAIN_SECONDS": "0",
        "BALIE_ENCODER_FOLDER": encoder,
    }
    begin = time.monotonic()
    process = subprocess.Popen(
        [python, "-m", f"balie.{extra.name}"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        run(python, "-c", HEALTH, address, str(START_SECONDS))
        took = time.monotonic() - begin
        print(f"{extra.name}: serves after {took:.1f} s, in {resident_mb(process.pid)}", flush=True)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    if process.returncode != 0:
        sys.exit(f"{extra.name}: ended with {process.returncode}\n{output[-3000:]}")


def run(*command: object) -> str:
    """Runs a command outside the checkout, so that only what is installed is found, and returns what it printed."""
    done = subprocess.run(
        [str(part) for part in command], cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(str(part) for part in command[:4])} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def largest(folder: Path) -> list[str]:
    """Returns what takes most of an environment's room, largest first."""
    (packages,) = folder.glob("lib/python*/site-packages")
    sizes = sorted(((size(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True)
    return [f"{name} {count / 1e6:.0f} MB" for count, name in sizes[:LARGEST]]


def resident_mb(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():  # not Linux
        return "an unknown amount of memory"
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return f"{int(line.split()[1]) * 1024 / 1e6:.0f} MB"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main()
