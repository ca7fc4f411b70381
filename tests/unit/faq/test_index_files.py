"""Saved indexes: what was written is read, what does not match is thrown away and said, and no kill leaves half of one."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from balie.faq.index import kinds
from balie.faq.index.files import IndexFiles, Owner
from balie.faq.index.kinds import Kinds
from balie.faq.index.live_index import IndexedEntry
from balie.faq.index.port import VectorIndex
from balie.faq.knowledge.domain import EntryText

D = 16
OWNER = Owner("acme", "ferry", "words.v1", D)
ROOT = Path(__file__).parents[3]


def index(count: int, choice: kinds.Choice = "flat") -> VectorIndex:
    rows = np.random.default_rng(count).normal(size=(count, D)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    numbered = {number: [row] for number, row in enumerate(rows, start=1)}
    return Kinds(choice=choice, train_from=4).build(D, numbered)


def entries(count: int) -> list[IndexedEntry]:
    text = EntryText("en", "Wie? “ja”\n", (), "é")
    return [
        IndexedEntry(number, f"e{number}", 2, (text,), f"{number:032x}") for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("choice", ["flat", "fp16", "hnsw", "ivf"])
def test_reads_what_it_wrote(tmp_path: Path, choice: kinds.Choice) -> None:
    files, made = IndexFiles(tmp_path / "new" / "folder"), index(20, choice)
    files.write(OWNER, 7, "id-7", made, entries(20))
    saved = files.read(OWNER)
    assert saved is not None
    assert (saved.generation, saved.event_id, saved.index.ids()) == (7, "id-7", made.ids())
    assert saved.entries == entries(20)
    assert saved.index.kind == choice


def test_the_newest_takes_the_place_of_the_last_and_leaves_nothing_behind(tmp_path: Path) -> None:
    files = IndexFiles(tmp_path)
    for generation in (1, 2, 3):
        files.write(OWNER, generation, "id-7", index(generation), entries(generation))
    saved = files.read(OWNER)
    assert saved is not None
    assert (saved.generation, len(saved.index)) == (3, 3)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3


def test_collections_and_tenants_have_folders_of_their_own(tmp_path: Path) -> None:
    files = IndexFiles(tmp_path)
    owners = [OWNER, replace(OWNER, tenant="other"), replace(OWNER, collection_id="..")]
    for generation, owner in enumerate(owners, start=1):
        files.write(owner, generation, "id-7", index(2), entries(2))
    for generation, owner in enumerate(owners, start=1):
        saved = files.read(owner)
        assert saved is not None
        assert saved.generation == generation
    files.forget("acme", "ferry")
    assert (files.read(OWNER), files.read(owners[1]) is None) == (None, False)
    files.keep([("other", "ferry")])
    assert (files.read(owners[2]), files.read(owners[1]) is None) == (None, False)


def thrown_away(files: IndexFiles, owner: Owner = OWNER) -> str:
    """Returns why a saved index was thrown away."""
    with capture_logs() as logs:
        assert files.read(owner) is None
    [line] = logs
    assert (line["event"], line["collection_id"]) == ("saved index thrown away", owner.collection_id)
    with capture_logs() as logs:
        assert files.read(owner) is None
    assert logs == []  # it is gone
    return str(line["why"])


@pytest.mark.parametrize(
    ("changes", "why"), [({"fingerprint": "other.v1"}, "the encoder words.v1"), ({"dimensions": 8}, "16 dim")]
)
def test_another_encoders_is_thrown_away(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    files = IndexFiles(tmp_path)
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    assert why in thrown_away(files, replace(OWNER, **changes))  # type: ignore[arg-type]


def test_another_collections_is_thrown_away(tmp_path: Path) -> None:
    files, other = IndexFiles(tmp_path), replace(OWNER, collection_id="other")
    files.write(other, 1, "id-7", index(3), entries(3))
    [folder] = tmp_path.iterdir()
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    [own] = [path for path in tmp_path.iterdir() if path != folder]
    for path in own.iterdir():
        path.unlink()
    for path in folder.iterdir():
        path.rename(own / path.name)
    assert thrown_away(files) == "it is another collection's"


@pytest.mark.parametrize("name", ["vectors-*", "entries-*"])
@pytest.mark.parametrize("how", ["changed", "cut", "gone"])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, name: str, how: str) -> None:
    files = IndexFiles(tmp_path)
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    [path] = tmp_path.rglob(name)
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert path.name in thrown_away(files)


@pytest.mark.parametrize("change", [('"format": 1', '"format": 2'), ('"kind"', '"kin"'), ("{", "")])
def test_a_manifest_of_another_version_is_thrown_away(tmp_path: Path, change: tuple[str, str]) -> None:
    files = IndexFiles(tmp_path)
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    [path] = tmp_path.rglob("manifest.json")
    path.write_text(path.read_text().replace(*change, 1))
    assert thrown_away(files) == "the manifest is none of this version"


def test_a_manifest_that_names_a_file_elsewhere_is_thrown_away(tmp_path: Path) -> None:
    files = IndexFiles(tmp_path)
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    [path] = tmp_path.rglob("manifest.json")
    path.write_text(path.read_text().replace('"name": "vectors', '"name": "../vectors'))
    assert "checksum" in thrown_away(files)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    files = IndexFiles(tmp_path)
    files.write(OWNER, 1, "id-7", index(3), entries(3))
    broken = index(4)
    broken.write = lambda path: (_ for _ in ()).throw(OSError("full"))  # type: ignore[method-assign]
    with pytest.raises(OSError, match="full"):
        files.write(OWNER, 2, "id-7", broken, entries(4))
    saved = files.read(OWNER)
    assert saved is not None
    assert saved.generation == 1


KILLER = """
import os, sys
from pathlib import Path
from balie.faq.index import files as module
from balie.faq.index.files import IndexFiles
from tests.unit.faq.test_index_files import OWNER, entries, index

folder, old, new = Path(sys.argv[1]), index(3), index(5)
files, died, lines, seen = IndexFiles(folder), True, 0, set()
while died:
    files.forget(OWNER.tenant, OWNER.collection_id)
    files.write(OWNER, 3, "id-7", old, entries(3))
    child = os.fork()
    if not child:
        left = lines

        def trace(frame, event, argument):
            global left
            if frame.f_code.co_filename == module.__file__:
                if event == "line":
                    left -= 1
                    if left < 0:
                        os.kill(os.getpid(), 9)
                return trace

        sys.settrace(trace)
        files.write(OWNER, 5, "id-7", new, entries(5))
        sys.settrace(None)
        os._exit(0)
    died = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    lines += 1
    saved = files.read(OWNER)
    assert saved is not None, lines
    assert (saved.generation, len(saved.index), len(saved.entries)) in ((3, 3, 3), (5, 5, 5)), lines
    seen.add(saved.generation)
    files.write(OWNER, 6, "id-7", new, entries(5))
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 3, lines
print(lines, sorted(seen))
"""


def test_a_kill_at_any_line_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    lines, _, seen = done.stdout.partition(" ")
    assert (int(lines) > 30, seen.strip()) == (True, "[3, 5]")
