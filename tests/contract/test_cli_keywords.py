"""`balie nlu keywords` against the real service."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.contract.test_nlu_keywords import settings_of
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.kit.testing import serve
from balie.nlu.app import lifespan

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE = """
{"id": "dog", "target": {"intent": "dog_information"}, "terms": {"nl": ["hond"], "en": ["dog"]}}
{"id": "booking", "target": {"value": "b"}, "patterns": [{"expression": "WB[0-9]{8}", "check": "luhn"}], "literal": true}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with serve(lifespan(settings_of(tmp_path_factory.mktemp("nlu")))) as running:
        yield running.address


async def balie(address: str, *arguments: str) -> Result:
    command = ["nlu", "keywords", *arguments, "--nlu", address]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


def objects(result: Result) -> list[dict[str, Any]]:
    """Returns the JSON that a command printed; the service in this process writes its log there as well."""
    return [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]


async def test_keywords_are_imported_listed_found_and_deleted(address: str, tmp_path: Path) -> None:
    file = tmp_path / "keywords.jsonl"
    file.write_text(FILE, encoding="utf-8")
    tried = await balie(address, "import", str(file), "--dry-run")
    assert "2 keywords read: 2 would be new, 0 changed, 0 as before, 0 refused" in tried.output
    done = await balie(address, "import", str(file))
    assert (done.exit_code, "2 are new" in done.output) == (0, True)
    assert "2 as before" in (await balie(address, "import", str(file))).output

    listed = await balie(address, "list")
    assert "dog" in listed.output
    assert "topic-bicycle" in listed.output
    assert "6 keywords" in listed.output
    one = await balie(address, "list", "booking")
    assert "/WB[0-9]{8}/ luhn" in one.output
    assert "literal" in one.output
    rows = objects(await balie(address, "list", "--json"))
    assert {row["id"]: row["source"] for row in rows}["ship-wulp"] == "KEYWORD_SOURCE_FILE"

    for _ in range(100):  # the replica follows within moments
        (found,) = objects(await balie(address, "find", "mijn hondje, wb12345674", "--json"))
        if len(found.get("keywords", [])) == 2:
            break
        await asyncio.sleep(0.05)
    shown = await balie(address, "find", "mijn hondje, wb12345674", "--language", "nl")
    assert shown.exit_code == 0
    assert ["hondje", "FORM", "dog", "intent", "dog_information"] in [
        line.split() for line in shown.output.splitlines()
    ]
    assert (await balie(address, "find", "niets van dat alles")).exit_code == 1

    assert "dog is deleted" in (await balie(address, "delete", "dog")).output
    gone = await balie(address, "delete", "dog")
    assert (gone.exit_code, "keyword dog does not exist" in gone.output) == (1, True)
    kept = await balie(address, "delete", "ship-wulp")
    assert "can only be changed there" in kept.output


async def test_a_file_that_makes_no_sense_is_told_with_its_line(address: str, tmp_path: Path) -> None:
    file = tmp_path / "keywords.yaml"
    file.write_text("keywords:\n  - {id: a, target: {value: v}, terms: {any: []}}\n", encoding="utf-8")
    done = await balie(address, "import", str(file))
    assert done.exit_code == 1
    assert "keywords.yaml:2: keyword a: there is no term" in done.output.replace("\n", "")


async def test_keywords_that_are_refused_are_told(address: str, tmp_path: Path) -> None:
    file = tmp_path / "keywords.jsonl"
    file.write_text(
        '{"id": "ship-wulp", "target": {"value": "v"}, "terms": {"any": ["x"]}}', encoding="utf-8"
    )
    done = await balie(address, "import", str(file))
    assert done.exit_code == 1
    assert "keyword 1 ship-wulp" in done.output
    assert "1 refused" in done.output


async def test_the_bench_measures_and_tells(tmp_path: Path) -> None:
    own = tmp_path / "own" / "messages.jsonl"
    own.parent.mkdir()
    own.write_text('{"text": "do you have a bag"}\n' * 3, encoding="utf-8")
    command = ["nlu", "keywords", "bench", "--keywords", "50", "--messages", str(own), "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    # A service of another test in this process may log to standard output meanwhile.
    (written,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    report = json.loads(written)
    (size,) = report["sizes"]
    assert (size["keywords"], size["terms"]) == (50, 200)
    found = {cost["how"]: cost["found"] for cost in size["costs"]}
    assert found["nothing"] == 0
    assert found["as written"] == found["code"] == 1
    assert found["inflected"] > 0.9
    assert found["misspelt"] > 0.8
    assert "own" in found
