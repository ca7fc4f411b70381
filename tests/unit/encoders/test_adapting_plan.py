"""A word table and an adapted encoder appear whole, and take the place of nothing else; or not at all."""

import shutil
import threading
from pathlib import Path

import pytest

from balie.encoders.adapting.plan import AdaptationMisplaced, Plan, TableNotWritten, workspace, written
from balie.encoders.adapting.word_table import NewWord, WordTable, table_text
from balie.encoders.folder.manifest import Manifest

TABLE = WordTable({"fr": 1}, "sha256:0", (), (NewWord("commande", (("order", 99),)),))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_appears_when_the_block_ends_well(tmp_path: Path):
    with written(TABLE, tmp_path / "f.txt"):
        assert not (tmp_path / "f.txt").exists()

    assert (tmp_path / "f.txt").read_text() == table_text(TABLE)
    assert names(tmp_path) == ["f.txt"]


def test_leaves_what_is_there_when_the_block_fails(tmp_path: Path):
    (tmp_path / "f.txt").write_text("mine")
    with pytest.raises(RuntimeError), written(TABLE, tmp_path / "f.txt"):
        raise RuntimeError

    assert names(tmp_path) == ["f.txt"]
    assert (tmp_path / "f.txt").read_text() == "mine"


def test_touches_no_other_file(tmp_path: Path):
    (tmp_path / ".f.txt.part").write_text("mine")
    with written(TABLE, tmp_path / "f.txt"):
        pass

    assert names(tmp_path) == [".f.txt.part", "f.txt"]
    assert (tmp_path / ".f.txt.part").read_text() == "mine"


def test_several_at_once_do_not_disturb_one_another(tmp_path: Path):
    together = threading.Barrier(4)
    done: list[int] = []

    def write() -> None:
        with written(TABLE, tmp_path / "f.txt"):
            together.wait(10)
        done.append(1)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 4
    assert (tmp_path / "f.txt").read_text() == table_text(TABLE)
    assert names(tmp_path) == ["f.txt"]


def test_says_when_its_place_is_taken_in_the_meantime(tmp_path: Path):
    with pytest.raises(TableNotWritten, match="name another file"), written(TABLE, tmp_path / "f.txt"):
        (tmp_path / "f.txt").mkdir()

    assert names(tmp_path) == ["f.txt"]


def test_an_encoder_that_came_meanwhile_is_not_replaced(encoder_folder: Path, tmp_path: Path):
    folder = tmp_path / "out"
    plan = Plan((), ("fr",), encoder_folder, folder, name=Manifest.read(encoder_folder).name)
    with pytest.raises(AdaptationMisplaced, match="--replace"), workspace(plan, folder):
        shutil.copytree(encoder_folder, folder)

    Manifest.read(folder).verify(folder)
    assert names(tmp_path) == ["out"]


def test_an_error_of_the_block_is_not_the_tables(tmp_path: Path):
    with pytest.raises(PermissionError), written(TABLE, tmp_path / "f.txt"):
        raise PermissionError
