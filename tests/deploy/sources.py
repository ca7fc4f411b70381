"""What the tests of deploy/ read: the Dockerfile as stages, the compose file, the rendered manifests, the settings' classes."""

import importlib
import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from balie.encoders.settings import EncoderSettings
from balie.kit.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
BASE = DEPLOY / "kubernetes" / "base"
LOCAL = DEPLOY / "kubernetes" / "overlays" / "local"
SAMPLE = ROOT / "services" / "balie" / "cli" / "waddenveer"

PORTS = {"gateway": 50051, "nlu": 50052, "faq": 50053, "handoff": 50054}
SERVICES = tuple(PORTS)
KEEPING = ("gateway", "nlu", "faq", "handoff")
"""The services that have a database."""
ENCODING = ("nlu", "faq")
"""The services that load the encoder."""
CALLS = {("gateway", "nlu"), ("gateway", "faq"), ("gateway", "handoff")}
"""Who calls whom inside the suite."""

Document = dict[str, Any]

NO_KUBECTL = None if shutil.which("kubectl") else "kubectl is not installed, and renders the manifests"


@dataclass
class Stage:
    """A stage of the Dockerfile.

    Attributes:
        source: the image or stage it is from.
        steps: its instructions in order, such as `("COPY", "protos protos")`.
    """

    source: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.steps if name == instruction]


@cache
def stages() -> dict[str, Stage]:
    """Returns the Dockerfile's stages by name, with the lines of an instruction joined."""
    found: dict[str, Stage] = {}
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            source, _, stage = rest.partition(" AS ")
            last = found.setdefault(stage, Stage(source))
        elif name and found:
            last.steps.append((name, rest.strip()))
    return found


def lineage(stage: str) -> list[Stage]:
    """Returns a stage and those it is made from, the oldest first."""
    one = stages()[stage]
    return [*(lineage(one.source) if one.source in stages() else []), one]


def image_environment(stage: str) -> dict[str, str]:
    """Returns the variables that an image sets."""
    pairs = [pair for one in lineage(stage) for line in one.all("ENV") for pair in line.split()]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


@cache
def compose() -> Document:
    """Returns the compose file."""
    document: Document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return document


def environment_file(path: Path) -> dict[str, str]:
    """Returns the variables of a file of `NAME=value` lines, as kustomize and compose read it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    found = {name: value for name, _, value in pairs}
    assert len(found) == len(pairs), f"{path} names a variable twice"
    return found


def compose_environment(service: str) -> dict[str, str]:
    """Returns the variables that a service gets from the compose file."""
    written = compose()["services"][service]
    files = [environment_file(DEPLOY / name) for name in written.get("env_file", [])]
    return {name: value for part in (*files, written.get("environment", {})) for name, value in part.items()}


@cache
def validation() -> ModuleType:
    """Returns deploy/kubernetes/validate.py as a module."""
    return load(DEPLOY / "kubernetes" / "validate.py")


def load(path: Path) -> ModuleType:
    """Returns a script as a module; it is in no package."""
    specification = importlib.util.spec_from_file_location(f"deploy_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


@cache
def rendered(folder: Path) -> tuple[Document, ...]:
    """Returns the documents that a folder renders to."""
    return tuple(validation().render(folder))


def of_kind(folder: Path, kind: str) -> dict[str, Document]:
    """Returns the rendered documents of a kind, by name."""
    return {one["metadata"]["name"]: one for one in rendered(folder) if one["kind"] == kind}


def pod(folder: Path, service: str) -> Document:
    """Returns the rendered pod of a service."""
    specification: Document = of_kind(folder, "Deployment")[service]["spec"]["template"]["spec"]
    return specification


def container(folder: Path, service: str) -> Document:
    """Returns the one container of a service's pod."""
    (one,) = pod(folder, service)["containers"]
    container: Document = one
    return container


def pod_environment(folder: Path, service: str) -> dict[str, str]:
    """Returns the variables that a service's container gets from its ConfigMap and its own list."""
    one = container(folder, service)
    maps = of_kind(folder, "ConfigMap")
    found: dict[str, str] = {}
    for source in one["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {entry["name"]: entry["value"] for entry in one.get("env", [])}


def settings_class(service: str) -> type[ServiceSettings]:
    """Returns the settings class of a service."""
    module = importlib.import_module(f"balie.{service}.settings")
    (found,) = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.model_config.get("env_prefix") == f"BALIE_{service.upper()}_"
    ]
    return found


def known_variables(service: str) -> set[str]:
    """Returns every variable that a service reads."""
    own = set(settings_class(service).variables().values())
    shared = set(EncoderSettings.variables().values()) if service in ENCODING else set()
    return own | {f"{name}_FILE" for name in own} | shared
