"""The rules of the layout that import-linter does not speak of: whoever knows one service knows all four."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = ("gateway", "nlu", "faq", "handoff")
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "services" / "balie"
SAME_FILES = ("__main__.py", "app.py", "settings.py", "service.py", "convert.py", "errors.py")
MAY_TOUCH_THE_WIRE = {"service.py", "convert.py", "clients.py", "events.py", "app.py"}
MAY_READ_THE_ENVIRONMENT = {"settings.py"}
HEAVY = (
    "torch",
    "spacy",
    "sklearn",
    "faiss",
    "onnxruntime",
    "transformers",
    "sentence_transformers",
    "scipy",
    "tantivy",
)


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "api" not in path.relative_to(PACKAGE).parts[:1])


def imported(path: Path) -> set[str]:
    """Returns the modules a file imports for use, wherever in it; imports for the type checker alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_six_files(service: str) -> None:
    missing = [name for name in SAME_FILES if not (PACKAGE / service / name).is_file()]
    assert not missing


@pytest.mark.parametrize("service", SERVICES)
def test_a_main_module_only_starts_its_service(service: str) -> None:
    lines = (PACKAGE / service / "__main__.py").read_text().splitlines()
    assert len(lines) <= 15


@pytest.mark.parametrize("service", SERVICES)
def test_only_five_files_of_a_service_touch_the_wire(service: str) -> None:
    touching = {
        path.relative_to(PACKAGE).as_posix()
        for path in sources(PACKAGE / service)
        if path.name not in MAY_TOUCH_THE_WIRE
        and any(
            name.split(".")[0] in ("grpc", "google") or name.startswith("balie.api")
            for name in imported(path)
        )
    }
    assert not touching


@pytest.mark.parametrize("service", SERVICES)
def test_servicers_leave_failures_to_the_chain(service: str) -> None:
    tree = ast.parse((PACKAGE / service / "service.py").read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("service", SERVICES)
def test_domain_modules_know_no_status_codes(service: str) -> None:
    for path in sources(PACKAGE / service):
        if path.name not in MAY_TOUCH_THE_WIRE:
            assert "StatusCode" not in path.read_text(encoding="utf-8"), path


def test_only_settings_read_the_environment() -> None:
    reading = {
        path.relative_to(PACKAGE).as_posix()
        for path in sources(PACKAGE)
        if path.name not in MAY_READ_THE_ENVIRONMENT
        and any(word in path.read_text(encoding="utf-8") for word in ("os.environ", "os.getenv"))
    }
    assert not reading


@pytest.mark.parametrize("service", SERVICES)
def test_importing_the_servicers_loads_no_model_library(service: str) -> None:
    program = (
        f"import sys, balie.{service}.service; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("service", ["gateway", "handoff"])
def test_the_door_and_the_router_never_reach_for_numbers(service: str) -> None:
    reaching = {
        path.name
        for path in sources(PACKAGE / service)
        if any(
            name.split(".")[0] in (*HEAVY, "numpy") or name.startswith("balie.encoders")
            for name in imported(path)
        )
    }
    assert not reaching


def test_no_source_file_grows_beyond_three_hundred_lines() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sources(PACKAGE)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long
