"""The scripts of deploy/: the validation of manifests and the image's health check."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.deploy.sources import DEPLOY, NO_KUBECTL, Document, validation

from balie.kit.errors import DatabaseUnavailable
from balie.kit.server import Serving
from balie.kit.testing import free_address, serve

BROKEN: Document = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "wrong"},
    "date": {"misspelt": "field"},
}


async def run(script: Path, *arguments: str) -> tuple[int, str]:
    """Runs a script in a process of its own, so that this one can go on serving, and returns its code and its words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


# Validation


def test_a_misspelt_field_is_found() -> None:
    (mistake,) = validation().mistakes([BROKEN], validation().newest())
    assert mistake.startswith("ConfigMap wrong: ")
    assert "date" in mistake


def test_a_document_that_is_rendered_twice_is_found() -> None:
    fine = {key: value for key, value in BROKEN.items() if key != "date"}
    assert validation().mistakes([fine, fine], validation().newest()) == ["ConfigMap wrong: rendered twice"]


def test_an_unknown_kind_is_found() -> None:
    document = BROKEN | {"kind": "ConfigMop"}
    (mistake,) = validation().mistakes([document], validation().newest())
    assert mistake.startswith("ConfigMop wrong: ")


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
def test_everything_that_can_be_applied_is_validated(capsys: pytest.CaptureFixture[str]) -> None:
    assert validation().main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    folders = {line.split()[1] for line in lines}
    assert folders == {
        "base",
        *(f"overlays/{path.name}" for path in (DEPLOY / "kubernetes/overlays").iterdir()),
    }
    assert all(line.startswith("✓") for line in lines)


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
def test_a_folder_with_a_mistake_fails_the_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [wrong.yaml]\n", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: wrong}, spec: {ports: [{port: many}]}}\n",
        encoding="utf-8",
    )
    assert validation().main([str(tmp_path)]) == 1
    assert "Service wrong: spec.ports.0.port" in capsys.readouterr().out


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
def test_a_folder_that_cannot_be_rendered_fails_the_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n", encoding="utf-8")
    assert validation().main([str(tmp_path)]) == 1
    assert "nowhere.yaml" in capsys.readouterr().out


def test_without_kubectl_the_validation_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert validation().main([]) == 2
    assert "kubectl" in capsys.readouterr().err


# The health check of the images


@asynccontextmanager
async def service(*, ready: bool) -> AsyncIterator[Serving]:
    async def check() -> None:
        if not ready:
            raise DatabaseUnavailable

    yield Serving(servicers=[], ready=check)


async def test_the_probe_passes_a_service_once_it_is_ready() -> None:
    async with serve(service(ready=True)) as served:
        while (answer := await run(DEPLOY / "docker/probe.py", served.address))[0]:
            await asyncio.sleep(0.1)
    assert answer == (0, "SERVING\n")


async def test_the_probe_fails_a_service_that_is_not_ready_but_alive() -> None:
    async with serve(service(ready=False)) as served:
        assert await run(DEPLOY / "docker/probe.py", served.address) == (1, "NOT_SERVING\n")
        assert await run(DEPLOY / "docker/probe.py", served.address, "liveness") == (0, "SERVING\n")


async def test_the_probe_fails_where_nobody_listens() -> None:
    code, output = await run(DEPLOY / "docker/probe.py", free_address())
    assert (code, output) == (1, "UNAVAILABLE\n")
