"""Renders the base and every overlay with kubectl, and validates each document offline; `make manifests`.

Strictly, so that a misspelt field is an error, and for two versions of Kubernetes: the oldest that the manifests are written
for and the newest whose schemas are installed. Exits with 0 when all is valid, 1 when something is not, 2 without kubectl.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import yaml

ROOT = Path(__file__).resolve().parent
OLDEST = "1.30"
"""`preStop.sleep` is there from this version on without a feature gate."""

_RENDER_SECONDS = 120
_FAILED, _NO_KUBECTL = 1, 2


class RenderFailed(Exception):
    """kubectl could not render a folder; the message is its own."""


def targets() -> list[Path]:
    """Returns the folders that can be applied: the base and each overlay. A component is part of an overlay."""
    return [ROOT / "base", *sorted(path.parent for path in ROOT.glob("overlays/*/kustomization.yaml"))]


def render(folder: Path) -> list[dict[str, Any]]:
    """Returns the documents that a folder renders to.

    Raises:
        FileNotFoundError: there is no kubectl.
        RenderFailed: kubectl refuses the folder.
    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise FileNotFoundError("kubectl")
    done = subprocess.run(  # noqa: S603
        [kubectl, "kustomize", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_RENDER_SECONDS,
    )
    if done.returncode:
        raise RenderFailed(done.stderr.strip())
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def mistakes(documents: Sequence[dict[str, Any]], version: str) -> list[str]:
    """Returns a line for each document that Kubernetes of this version would not take."""
    found = []
    for document in documents:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(str(part) for part in error.path) or "the document"
            found.append(f"{_title(document)}: {place}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError:
            found.append(f"{_title(document)}: Kubernetes {version} knows no such kind")
    return found + [f"{name}: rendered twice" for name, number in _titles(documents).items() if number > 1]


def newest() -> str:
    """Returns the newest version of Kubernetes whose schemas are installed, such as 1.37."""
    return re.sub(r"^(\d+\.\d+).*", r"\1", kubernetes_validate.latest_version())


def main(arguments: Sequence[str] | None = None) -> int:
    """Validates and prints a line for each folder and version, and one for each mistake; returns the exit code."""
    parser = argparse.ArgumentParser(description="Renders and validates the manifests, offline.")
    parser.add_argument(
        "folders", nargs="*", type=Path, help="what to render; default: the base and every overlay"
    )
    parser.add_argument(
        "--versions",
        nargs="+",
        default=[OLDEST, newest()],
        help="versions of Kubernetes; default: %(default)s",
    )
    options = parser.parse_args(arguments)
    failed = False
    for folder in options.folders or targets():
        try:
            documents = render(folder)
        except FileNotFoundError:
            sys.stderr.write("kubectl is needed to render the manifests, and is not installed\n")
            return _NO_KUBECTL
        except RenderFailed as error:
            sys.stdout.write(f"✗ {_shown(folder)}: {error}\n")
            failed = True
            continue
        for version in options.versions:
            found = mistakes(documents, version)
            failed = failed or bool(found)
            sign = "✗" if found else "✓"
            sys.stdout.write(f"{sign} {_shown(folder):<16} Kubernetes {version}  {_summary(documents)}\n")
            sys.stdout.writelines(f"    {line}\n" for line in found)
    return _FAILED if failed else 0


def _title(document: dict[str, Any]) -> str:
    return f"{document.get('kind', '?')} {document.get('metadata', {}).get('name', '?')}"


def _titles(documents: Sequence[dict[str, Any]]) -> Counter[str]:
    return Counter(_title(document) for document in documents)


def _summary(documents: Sequence[dict[str, Any]]) -> str:
    kinds = Counter(document.get("kind", "?") for document in documents)
    return f"{len(documents)} documents: " + ", ".join(
        f"{number} {kind}" for kind, number in sorted(kinds.items())
    )


def _shown(folder: Path) -> str:
    resolved = folder.resolve()
    return str(resolved.relative_to(ROOT)) if resolved.is_relative_to(ROOT) else str(folder)


if __name__ == "__main__":
    sys.exit(main())
