"""docs/deploy.md says nothing that is not so."""

import re
import shutil
from pathlib import Path

import pytest
from tests.deploy.sources import (
    COMPOSE,
    DEPLOY,
    NO_KUBECTL,
    PORTS,
    ROOT,
    SAMPLE,
    SERVICES,
    compose,
    container,
    known_variables,
    of_kind,
    pod,
    pod_environment,
    rendered,
    stages,
    validation,
)

GUIDE = ROOT / "docs" / "deploy.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[str]:
    return [line.strip() for block in blocks("bash") for line in block.splitlines()]


def test_files_that_the_guide_names_exist() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    linked = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    missing = [target for target in linked if not (GUIDE.parent / target).exists()]
    named = {path for line in commands() for path in re.findall(r"\bdeploy/[\w./-]+", line)}
    missing += [path for path in named if not (ROOT / path).exists()]
    assert missing == []
    assert {"deploy/compose.yaml", "deploy/docker/Dockerfile", "deploy/kubernetes/overlays/local"} <= named


def test_the_guide_builds_every_image_that_can_be_run() -> None:
    (loop,) = [line for line in commands() if line.startswith("for target in ")]
    built = loop.removeprefix("for target in ").removesuffix("; do").split()
    assert set(built) == {name for name, stage in stages().items() if stage.all("ENTRYPOINT")}
    composed = {one["image"] for name, one in compose()["services"].items() if name != "postgres"}
    version = COMPOSE.read_text(encoding="utf-8").split("balie/gateway:")[1].split()[0]
    assert composed == {f"balie/{name}:{version}" for name in built}
    assert f"balie/$target:{version}" in GUIDE.read_text(encoding="utf-8")


def test_the_guide_forwards_the_ports_of_the_services() -> None:
    forwarded = {line.split("deployment/")[1] for line in commands() if "port-forward" in line}
    assert forwarded == {f"{service} {PORTS[service]}" for service in ("gateway", "faq", "handoff")}


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
def test_the_overlay_of_the_guide_can_be_applied(tmp_path: Path) -> None:
    """Renders the example of docs/deploy.md beside a copy of the manifests: a desk of one's own, settings, images."""
    (example,) = blocks("yaml")
    kubernetes = Path(shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes"))
    overlay = kubernetes / "overlays" / "production"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(example, encoding="utf-8")
    desk = ["intents.yaml", "keywords.yaml", "follow_ups.yaml"]
    for name in desk:
        shutil.copy(SAMPLE / name, overlay)

    assert validation().mistakes(rendered(overlay), validation().newest()) == []
    (mounted,) = [
        name for name, one in of_kind(overlay, "ConfigMap").items() if sorted(one["data"]) == sorted(desk)
    ]
    for service in SERVICES:
        mounts = {entry["mountPath"]: entry["name"] for entry in container(overlay, service)["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod(overlay, service)["volumes"]}
        if service in ("gateway", "nlu"):
            assert volumes[mounts["/usr/share/balie/desk"]]["configMap"]["name"] == mounted
        else:
            assert "/usr/share/balie/desk" not in mounts
    given = pod_environment(overlay, "gateway")
    assert given["BALIE_GATEWAY_FAQ_COLLECTION"] == "harbour"
    assert given["BALIE_GATEWAY_LISTEN"] == "0.0.0.0:50051"
    assert set(given) <= known_variables("gateway")
    assert container(overlay, "gateway")["image"].startswith("registry.example.org/balie/gateway:")
    assert of_kind(overlay, "Deployment")["gateway"]["spec"]["replicas"] == 4
