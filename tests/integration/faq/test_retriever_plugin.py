"""The example of a retriever in a distribution of its own: installed, found by its name, and through the suite."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "faq-retriever-plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the example was installed, from a copy, so that the checkout stays as it is."""
    work = tmp_path_factory.mktemp("plugin")
    copy = shutil.copytree(EXAMPLE, work / "source")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    done = subprocess.run(
        [sys.executable, *pip, "--no-build-isolation", "--target", str(work / "target"), str(copy)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return work / "target"


def python(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT / "services")])},
        cwd=installed.parent / "source",
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_its_own_tests_pass_the_suite_among_them(installed: Path) -> None:
    ran = python(installed, "-m", "pytest", "-v", "-p", "no:cacheprovider", "tests")
    assert ran.returncode == 0, ran.stdout
    assert "TestWordOrder::test_several_threads_get_the_same_as_one PASSED" in ran.stdout
    assert "test_it_is_found_by_its_name PASSED" in ran.stdout


def test_an_unknown_name_lists_it_beside_those_that_are_built_in(installed: Path) -> None:
    ran = python(
        installed,
        "-c",
        "from balie.faq.retrieval.registry import open_retriever; open_retriever('nearest', {})",
    )
    assert "FAQ retriever 'nearest' is unknown; known are: dense, hybrid, lexical, word_order" in ran.stderr
