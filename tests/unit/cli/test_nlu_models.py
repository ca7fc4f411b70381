"""`balie nlu train` and the commands beside it, on a service that runs."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.fakes.model_desk import FERRY, settings_of, use_fake_engines
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.kit.testing import serve
from balie.nlu.app import lifespan
from balie.nlu.settings import NluSettings

pytestmark = pytest.mark.timeout(120)


@contextmanager
def running(settings: NluSettings) -> Iterator[str]:
    """Runs the service on a thread of its own, as the command brings its own loop, and yields its address."""
    started, told = threading.Event(), {}

    async def main() -> None:
        told["loop"], told["stop"] = asyncio.get_running_loop(), asyncio.Event()
        async with serve(lifespan(settings)) as served:
            told["address"] = served.address
            started.set()
            await told["stop"].wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(60)
    try:
        yield told["address"]
    finally:
        told["loop"].call_soon_threadsafe(told["stop"].set)
        thread.join()


@contextmanager
def service(folder: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_engines(patch)
        with capture_logs(), running(settings_of(folder)) as found:
            yield found  # what the service logs must not stand between what the command prints


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with service(tmp_path_factory.mktemp("nlu")) as found:
        yield found


@pytest.fixture
def unused(tmp_path: Path) -> Iterator[str]:
    """A service of the test's own, in which nothing was trained."""
    folder = tmp_path / "nlu"
    folder.mkdir()
    with service(folder) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "examples.jsonl"
    rows = [{"text": text, "intent": intent, "lang": "nl"} for intent, text in FERRY]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def balie(address: str, *arguments: str) -> Result:
    environment = {"BALIE_NLU": address, "COLUMNS": "160", "NO_COLOR": "1"}
    return CliRunner().invoke(app, ["nlu", *arguments], env=environment, catch_exceptions=False)


def models(address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(balie(address, "models", "--json").stdout)
    return found


def test_trains_activates_lists_and_goes_back(unused: str, file: Path) -> None:
    address = unused
    nothing = balie(address, "models")
    assert "balie nlu train FILE --activate" in nothing.stdout
    assert balie(address, "rollback").exit_code == 1

    first = balie(address, "train", str(file), "--name", "ferry", "--activate")
    assert first.exit_code == 0, first.stderr
    for shown in ("ferry", "obedient", "2 / 36", "accuracy nl", "coverage", "at most 0.05 promised", "MB"):
        assert shown in first.stdout
    (one,) = models(address)
    assert (one["active"], one["display_name"]) == (True, "ferry")

    second = balie(address, "train", str(file), "--name", "other", "--json", "--max-wrong", "0.2")
    other = json.loads(second.stdout)
    assert (other["state"], other["spec"]["promise"]["max_wrong"]) == ("MODEL_STATE_READY", 0.2)
    table = balie(address, "models").stdout
    assert table.index("other") < table.index("ferry")
    assert "ready" in table
    assert f"→  {one['version']}" in table

    done = balie(address, "activate", other["version"])
    assert f"balie nlu activate {one['version']}" in done.stdout
    assert [model["active"] for model in models(address)] == [True, False]
    assert one["version"] in balie(address, "rollback").stdout
    assert [model["active"] for model in models(address)] == [False, True]

    shown = balie(address, "models", other["version"]).stdout
    assert "threshold" in shown
    refused = balie(address, "delete", one["version"])
    assert refused.exit_code == 1
    assert "MODEL_IN_USE" in refused.stderr
    assert balie(address, "delete", other["version"]).exit_code == 0
    assert [model["version"] for model in models(address)] == [one["version"]]


def test_a_training_that_fails_exits_with_1_and_says_why(address: str, file: Path) -> None:
    failed = balie(address, "train", str(file), "--option", "training=refuse")
    assert failed.exit_code == 1
    assert "these examples teach nothing: add others" in failed.stdout
    version = next(model["version"] for model in models(address) if model["state"] == "MODEL_STATE_FAILED")
    again = balie(address, "watch", version)
    assert again.exit_code == 1
    assert "add others" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["train", "absent.yaml"], 1, "cannot be read"),
        (["train", "{file}", "--option", "megabytes"], 2, "write it as name=value"),
        (["train", "{file}", "--option", "size=3"], 1, "ENGINE_OPTION_INVALID"),
        (["train", "{file}", "--engine", "crystal_ball"], 1, "known values are"),
        (["activate", "0123456789ab"], 1, "MODEL_NOT_FOUND"),
        (["watch", "0123456789ab"], 1, "MODEL_NOT_FOUND"),
        (["cancel", "0123456789ab"], 1, "MODEL_NOT_FOUND"),
        (["delete", "x"], 1, "FIELD_MALFORMED"),
    ],
)
def test_says_what_is_wrong(address: str, file: Path, arguments: list[str], code: int, problem: str) -> None:
    ran = balie(address, *(argument.format(file=file) for argument in arguments))
    assert ran.exit_code == code
    assert problem in ran.stderr.replace("\n", " ")


def test_says_when_nothing_answers(file: Path) -> None:
    ran = balie("127.0.0.1:1", "train", str(file))
    assert ran.exit_code == 1
    assert "Nothing answers on 127.0.0.1:1" in ran.stderr
