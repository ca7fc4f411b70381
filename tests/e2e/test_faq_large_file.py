"""A file of 200 MB of entries is checked and sent in bounded memory."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from tests.encoder_fixture import encoder_folder

from balie.cli.importing import find_collection, make_collection
from balie.client import Balie
from balie.faq.app import lifespan
from balie.faq.settings import FaqSettings
from balie.kit.testing import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ENTRIES = 22_000
ANSWER = "In the winter the boat leaves at eight, and not at nine. " * 160  # 9120 characters
MOST_BYTES = 400_000_000  # the command itself takes some 100 MB; the file has 200 MB

COMMAND = """
import pathlib, sys
from typer.testing import CliRunner
from balie.cli.app import app
done = CliRunner().invoke(app, sys.argv[1:])
print(done.output)
# Not ru_maxrss, which begins with what the parent held when it forked.
peak = next(line for line in pathlib.Path("/proc/self/status").open() if line.startswith("VmHWM"))
print("peak", int(peak.split()[1]) * 1024)
sys.exit(done.exit_code)
"""


def written(path: Path) -> Path:
    """Returns a file of some 200 MB."""
    with path.open("w", encoding="utf-8") as stream:
        if path.suffix == ".csv":
            stream.write("id,language,question,answer\n")
        for number in range(ENTRIES):
            if path.suffix == ".csv":
                stream.write(f'e{number},en,What about {number}?,"{ANSWER}"\n')
            elif path.suffix == ".yaml":
                stream.write("entries:\n" if not number else "")
                stream.write(
                    f"- id: e{number}\n  texts:\n    en: {{question: What about {number}?, answer: '{ANSWER}'}}\n"
                )
            else:
                texts = {"en": {"question": f"What about {number}?", "answer": ANSWER}}
                stream.write(json.dumps({"id": f"e{number}", "texts": texts}) + "\n")
    return path


@pytest.mark.parametrize("name", ["faq.csv", "faq.jsonl", "faq.yaml"])
async def test_a_large_file_is_imported_in_bounded_memory(sqlite_url: str, tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name)
    assert file.stat().st_size > 190_000_000
    settings = FaqSettings(listen="127.0.0.1:0", database_url=sqlite_url, encoder_folder=encoder_folder())
    async with serve(lifespan(settings), settings=settings) as served:
        async with Balie(faq=served.address) as client:
            await make_collection(client, "large", ("en",))
        command = [sys.executable, "-c", COMMAND, "faq", "import", str(file), "--collection", "large"]
        process = await asyncio.create_subprocess_exec(
            *command, "--dry-run", "--prune", "--faq", served.address, stdout=asyncio.subprocess.PIPE
        )
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    assert f"{ENTRIES} entries read: {ENTRIES} would be new, 0 changed, 0 as before, 0 refused" in output
    assert int(output.split("peak ")[1]) < MOST_BYTES


async def test_a_large_file_that_is_cut_off_writes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "faq.jsonl")
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size - 5)
    settings = FaqSettings(listen="127.0.0.1:0", database_url=sqlite_url, encoder_folder=encoder_folder())
    async with serve(lifespan(settings), settings=settings) as served:
        command = [sys.executable, "-c", COMMAND, "faq", "import", str(file), "--collection", "large"]
        process = await asyncio.create_subprocess_exec(
            *command, "--faq", served.address, stdout=asyncio.subprocess.PIPE
        )
        output = (await process.communicate())[0].decode()
        async with Balie(faq=served.address) as client:
            assert await find_collection(client, "large") is None
    assert process.returncode == 1
    assert f"faq.jsonl:{ENTRIES}: is not JSON" in output
    assert "nothing written" in output
