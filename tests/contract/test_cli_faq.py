"""`balie faq import` and `export` against the real service: what is wrong is told with its place, and nothing half-written."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.contract.faq_desk import SECONDS
from tests.encoder_fixture import encoder_folder
from typer.testing import CliRunner, Result

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli import console
from balie.cli.app import app
from balie.cli.importing import import_entries
from balie.client import Balie
from balie.faq.app import lifespan
from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files import Source
from balie.faq.settings import FaqSettings
from balie.kit.testing import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = "id,language,question,answer,tags\ndogs,nl,Hond?,Ja.,pets\ndogs,en,Dog?,Yes.,\ncats,nl,Kat?,Ja.,pets\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('faq')}/faq.sqlite3"
    settings = FaqSettings(listen="127.0.0.1:0", database_url=url, encoder_folder=encoder_folder())
    async with serve(lifespan(settings), settings=settings) as served:
        yield served.address


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is broken, however long the names of a test's files are."""
    for one in (console.console, console.errors):
        monkeypatch.setattr(one, "_width", 200)


async def balie(address: str, *arguments: str) -> Result:
    command = ["faq", *arguments, "--faq", address]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


async def stored(address: str, name: str) -> dict[str, entry_pb2.Entry]:
    async with Balie(faq=address) as client:
        pages = client.knowledge.ExportEntries(
            knowledge.ExportEntriesRequest(collection_id=name), timeout=SECONDS
        )
        return {entry.id: entry async for page in pages for entry in page.entries}


async def exists(address: str, name: str) -> bool:
    async with Balie(faq=address) as client:
        request = knowledge.ListCollectionsRequest(page_size=500)
        listed = await client.knowledge.ListCollections(request, timeout=SECONDS)
        return name in {collection.id for collection in listed.collections}


def put(folder: Path, name: str, text: str | bytes) -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


async def test_a_new_collection_gets_the_languages_of_its_files(address: str, tmp_path: Path) -> None:
    file = put(tmp_path, "faq.csv", CSV)
    tried = await balie(address, "import", file, "--collection", "new", "--dry-run")
    assert "2 entries read: 2 would be new" in tried.output
    assert not await exists(address, "new")
    done = await balie(address, "import", file, "--collection", "new")
    assert (done.exit_code, "2 entries read: 2 are new" in done.output) == (0, True)
    entries = await stored(address, "new")
    assert [text.language for text in entries["dogs"].texts] == ["nl", "en"]
    assert "2 as before" in (await balie(address, "import", file, "--collection", "new")).output


@pytest.mark.parametrize("ending", ["jsonl", "csv", "yaml", "jsonld"])
async def test_a_round_trip_changes_nothing(address: str, tmp_path: Path, ending: str) -> None:
    rows = [
        {
            "id": "dogs",
            "texts": {
                "nl": {
                    "question": " Hond | kat?\n",
                    "phrasings": ["a|b", "\\c "],
                    "answer": "<b>Ja</b>, 2 < 3.",
                },
                "en": {"question": "null", "answer": "Yes: 'ok' \"so\" — #1"},
            },
            "tags": ["pets, all", "x"],
            "metadata": {"owner": "", "k": "v|w"},
            "state": "archived",
            "valid_from": "2026-05-01T10:00:00.000001Z",
            "audience": ["members"],
            "market": ["be", "nl"],
        },
        {"id": "cats", "texts": {"en": {"question": "Cat?", "answer": "No."}}, "valid_until": "2027-01-01"},
    ]
    name = f"trip-{ending}"
    file = put(tmp_path, "in.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    assert (await balie(address, "import", file, "--collection", name)).exit_code == 0
    before = await stored(address, name)
    out = tmp_path / f"out.{ending}"
    done = await balie(address, "export", "--collection", name, "--out", str(out))
    assert done.exit_code == 0, done.output
    again = await balie(address, "import", str(out), "--collection", name, "--prune")
    assert "0 are new, 0 changed, 2 as before, 0 refused" in again.output
    assert "0 others are deleted" in again.output
    assert await stored(address, name) == before
    refused = await balie(address, "export", "--collection", name, "--out", str(out))
    assert (refused.exit_code, "is there already" in refused.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_prunes_what_is_not_in_the_files(address: str, tmp_path: Path) -> None:
    file = put(tmp_path, "faq.csv", CSV)
    await balie(address, "import", file, "--collection", "pruned")
    less = put(tmp_path, "less.csv", "id,language,question,answer\ncats,nl,Kat?,Ja.\n")
    command = ["import", less, "--collection", "pruned", "--prune"]
    tried = await balie(address, *command, "--dry-run")
    assert "1 others would be deleted" in tried.output
    archived = await balie(address, *command, "archive")
    assert "1 others are archived" in archived.output
    assert (await stored(address, "pruned"))["dogs"].state == entry_pb2.ENTRY_STATE_ARCHIVED
    assert "1 others are deleted" in (await balie(address, *command)).output
    assert set(await stored(address, "pruned")) == {"cats"}
    before = await balie(address, "import", "--collection", "pruned", "--prune", less)
    assert (before.exit_code, "0 others are deleted" in before.output) == (0, True)
    wrong = await balie(address, *command[:-1], "--prune=burn")
    assert (wrong.exit_code, "neither delete nor" in wrong.output) == (2, True)


async def test_nothing_is_pruned_when_an_entry_is_refused(address: str, tmp_path: Path) -> None:
    await balie(address, "import", put(tmp_path, "faq.csv", CSV), "--collection", "kept")
    other = put(tmp_path, "other.csv", "id,language,question,answer\ncats,nl,Kat?,Ja.\ncows,fy,Ko?,Ja.\n")
    done = await balie(address, "import", other, "--collection", "kept", "--prune")
    assert done.exit_code == 1
    assert f"{other}:3: entry 2 cows: the language fy is not one of the collection's" in done.output
    assert "nothing was pruned, because entries were refused" in done.output
    assert set(await stored(address, "kept")) == {"dogs", "cats"}


BROKEN: list[tuple[str, str | bytes, list[str]]] = [
    (
        "rows.csv",
        f"id,language,question,answer\na,nl,q,a\nb,nl,q\na b,nl,q,a\nc,nl,{'x' * 1001},a\nd,nl,q,a\nd,nl,q,a\n",
        [
            "rows.csv:3: has 3 columns, the header has 4",
            "rows.csv:4: entry.id must be a letter or digit",
            "rows.csv:5: entry.texts.question has 1001 characters, at most 1000 are allowed",
            "rows.csv:7: 'd' has texts in nl already, since line 6",
            "4 mistakes, and nothing written.",
        ],
    ),
    (
        "quote.csv",
        'id,language,question,answer\na,nl,q,a\nb,nl,"q,a\n' + "c,nl,q,a\n" * 5,
        ["quote.csv:3: a quote that begins in this row is not closed", "1 mistake, and nothing written."],
    ),
    (
        "twice.jsonl",
        (
            '{"id": "a", "texts": {"nl": {"question": "q", "answer": "a"}}}\n'
            '{"id": "b", "texts": {"nl": {"question": "q", "answer": "\\ud83d"}}}\n'
            '{"id": "a", "texts": {"nl": {"question": "q", "answer": "a"}}}\n'
        ),
        [
            "twice.jsonl:2: a text holds half a character",
            "twice.jsonl:3: the id 'a' is that of line 1 too",
        ],
    ),
    (
        "page.html",
        "<html><body><h1>FAQ</h1><p>Nothing here</p></body></html>",
        ["page.html: holds no FAQPage of schema.org, neither as JSON-LD in a script nor as microdata"],
    ),
    (
        "latin.csv",
        "id,language,question,answer\na,nl,q,a\nb,nl,één,a\n".encode("cp1252"),
        ["latin.csv:3: the byte 0xE9 in column 6 is not UTF-8", "add --encoding windows-1252"],
    ),
    ("utf16.csv", CSV.encode("utf-16-le"), ["utf16.csv:1: the line holds a NUL character"]),
    (
        "cut.jsonl",
        '{"id": "a", "language": "nl", "question": "q", "answer": "a"}\n{"id": "b"',
        ["cut.jsonl:2: "],
    ),
    ("empty.csv", "", ["empty.csv: is empty"]),
    ("no-such.csv", b"", []),
    ("faq.docx", "x", ["faq.docx: unknown kind of file; known endings are .yaml"]),
]


@pytest.mark.parametrize(("name", "text", "says"), BROKEN, ids=[name for name, _, _ in BROKEN])
async def test_nothing_is_written_of_a_file_that_is_wrong(
    address: str, tmp_path: Path, name: str, text: str | bytes, says: list[str]
) -> None:
    whole = put(tmp_path, "whole.csv", CSV.replace("dogs", "whole"))
    file = put(tmp_path, name, text)
    if name == "no-such.csv":
        Path(file).unlink()
        says = ["no-such.csv: cannot be read: No such file or directory"]
    collection = f"broken-{name}"
    done = await balie(address, "import", whole, file, "--collection", collection, "--prune")
    assert done.exit_code == 1
    for words in says:
        assert words in done.output
    assert not await exists(address, collection)


async def test_a_file_that_breaks_after_it_was_checked_prunes_nothing(address: str, tmp_path: Path) -> None:
    await balie(address, "import", put(tmp_path, "faq.csv", CSV), "--collection", "breaks")
    file = put(tmp_path, "cut.csv", "id,language,question,answer\nnew,nl,q,a\nb,nl\n")
    header = knowledge.ImportHeader(collection_id="breaks", prune=knowledge.PRUNE_MODE_DELETE)
    async with Balie(faq=address) as client:
        with pytest.raises(EntryFileWrong) as caught:
            await import_entries(client, header, [Source(Path(file))], lambda _: None)
    assert caught.value.line == 3
    await asyncio.sleep(0.3)
    assert set(await stored(address, "breaks")) >= {"dogs", "cats"}


async def test_a_file_in_another_encoding_is_read_when_it_is_named(address: str, tmp_path: Path) -> None:
    file = put(tmp_path, "latin.csv", "id,language,question,answer\nb,nl,één?,Ja.\n".encode("cp1252"))
    done = await balie(address, "import", file, "--collection", "latin", "--encoding", "windows-1252")
    assert done.exit_code == 0, done.output
    assert (await stored(address, "latin"))["b"].texts[0].question == "één?"
    unknown = await balie(address, "import", file, "--collection", "latin", "--encoding", "klingon")
    assert (unknown.exit_code, "There is no encoding 'klingon'" in unknown.output) == (2, True)


async def test_the_same_id_in_two_files_is_told(address: str, tmp_path: Path) -> None:
    dutch = put(tmp_path, "nl.csv", "id,language,question,answer\na,nl,q,a\nb,nl,q,a\n")
    german = put(tmp_path, "de.csv", "id,language,question,answer\nb,de,q,a\n")
    done = await balie(address, "import", dutch, german, "--collection", "two")
    assert done.exit_code == 1
    assert f"{german}:2: the id 'b' is that of {dutch}:3 too" in done.output
    assert not await exists(address, "two")


async def test_a_web_page_is_imported_again_and_again_without_a_change(address: str, tmp_path: Path) -> None:
    page = {
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": "Hoe laat?", "acceptedAnswer": {"text": "<p>Om acht.</p>"}}
        ],
    }
    html = f'<html lang="nl"><script type="application/ld+json">{json.dumps(page)}</script>'
    file = put(tmp_path, "faq.html", html)
    assert "1 are new" in (await balie(address, "import", file, "--collection", "web")).output
    assert "1 as before" in (await balie(address, "import", file, "--collection", "web")).output
    assert (await stored(address, "web"))["hoe-laat.nl"].texts[0].answer == "Om acht."


async def test_the_languages_of_a_collection_stay_unless_they_are_named(address: str, tmp_path: Path) -> None:
    file = put(tmp_path, "faq.csv", CSV)
    await balie(address, "import", file, "--collection", "spoken", "--languages", "en, nl,de")
    await balie(address, "import", file, "--collection", "spoken")
    async with Balie(faq=address) as client:
        request = knowledge.GetCollectionRequest(collection_id="spoken")
        found = (await client.knowledge.GetCollection(request, timeout=SECONDS)).collection
    assert list(found.languages) == ["en", "nl", "de"]


async def test_the_history_of_an_entry_is_shown_and_restored(address: str, tmp_path: Path) -> None:
    file = put(tmp_path, "faq.csv", CSV)
    await balie(address, "import", file, "--collection", "past")
    await balie(address, "import", put(tmp_path, "n.csv", CSV.replace("Ja.", "Nee.")), "--collection", "past")
    shown = await balie(address, "history", "cats", "--collection", "past")
    lines = [line.split() for line in shown.output.splitlines() if "admin:local" in line]
    assert [(line[0], line[4], line[-1]) for line in lines] == [
        ("2", "published", "Nee."),
        ("1", "published", "Ja."),
    ]
    done = await balie(address, "restore", "cats", "1", "--collection", "past")
    assert "cats holds revision 1 again, as revision 3" in done.output
    assert (await stored(address, "past"))["cats"].texts[0].answer == "Ja."
    gone = await balie(address, "restore", "cats", "9", "--collection", "past")
    assert (gone.exit_code, "REVISION_NOT_FOUND" in gone.output) == (1, True)
    none = await balie(address, "history", "no-such", "--collection", "past")
    assert (none.exit_code, "ENTRY_NOT_FOUND" in none.output) == (1, True)


async def test_an_export_of_nothing_known_is_told(address: str, tmp_path: Path) -> None:
    done = await balie(address, "export", "--collection", "no-such", "--out", str(tmp_path / "x.csv"))
    assert (done.exit_code, "COLLECTION_NOT_FOUND" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
    unknown = await balie(address, "export", "--collection", "new", "--out", str(tmp_path / "x.docx"))
    assert unknown.exit_code == 2
    await balie(address, "import", put(tmp_path, "faq.csv", CSV), "--collection", "shown")
    shown = await balie(address, "export", "--collection", "shown", "--to", "jsonl")
    rows = [json.loads(line) for line in shown.output.splitlines() if line.startswith('{"id"')]
    assert {row["id"] for row in rows} == {"dogs", "cats"}


async def test_help_shows_all_commands(address: str) -> None:
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["faq", "--help"])
    for command in ("import", "export", "history", "restore"):
        assert command in shown.output
