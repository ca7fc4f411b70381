"""`balie encoder adapt` teaches a language end to end, and refuses what would make the encoder worse or lose a file."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.encoder_fixture import PROJECT
from tests.integration.encoders.pairs_fr import Pair, french_pairs

from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.reading import read_model

runner = pytest.importorskip("typer.testing", reason="pip install 'balie[cli]'").CliRunner()

WORDS = "embeddings.word_embeddings.weight"
ENGLISH = (
    "How do I reset my password?",
    "I would like to return the blue jacket, it is too small for me.",
    "The washing machine on the third floor leaks since Tuesday!",
    "",
    "ok",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def says(self, words: str) -> bool:
        """Whether its message has the words; a terminal breaks lines anywhere."""
        return "".join(words.split()) in "".join(self.err.split())

    def shows(self, words: str) -> bool:
        return " ".join(words.split()) in " ".join(self.out.split())

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def adapt(*arguments: object) -> Ended:
    from balie.cli.app import app

    ended = runner.invoke(app, ["encoder", "adapt", *map(str, arguments)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def write(file: Path, pairs: list[Pair]) -> Path:
    file.write_text("".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("pairs") / "shop_fr.jsonl", french_pairs())


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of the same language, for what a hundred show as well."""
    return write(tmp_path_factory.mktemp("pairs") / "few_fr.jsonl", french_pairs(100))


@pytest.fixture(scope="module")
def french(
    pairs: Path, encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The encoder with French, and what the command said of it."""
    folder = tmp_path_factory.mktemp("adapted") / "french"
    ended = adapt(
        pairs,
        "-l",
        "fr",
        "--encoder",
        encoder_folder,
        "--to",
        folder,
        "--attribution",
        "balie's own",
        "--json",
    )
    assert ended.code == 0, ended.err
    return folder, ended.result


def test_learns_a_third_language(french: tuple[Path, dict[str, Any]]):
    report = french[1]["report"]
    before, after = (report[stage]["languages"]["fr"] for stage in ("before", "composed"))

    assert (report["learnt"]["fr"], report["held_out"]["fr"]) == (630, 70)
    assert report["words"]["fr"] >= 60
    assert after["to_english"] >= before["to_english"] + 0.3
    assert after["from_english"] >= before["from_english"] + 0.2
    assert after["tokens_per_word"] <= before["tokens_per_word"] - 0.4
    assert after["known_words"] > 0.95 > before["known_words"]
    assert after["cosine"] - after["cosine_random"] > before["cosine"] - before["cosine_random"] + 0.1


def test_leaves_english_exactly_as_it_was(french: tuple[Path, dict[str, Any]], encoder_folder: Path):
    folder, said = french
    english = said["report"]["composed"]["english"][0]
    assert (english["texts"], english["changed"], english["greatest_change"]) == (70, 0, 0.0)
    assert english["agreement"] == 1.0

    old, new = (open_encoder(EncoderSettings(folder=place)) for place in (encoder_folder, folder))
    for text in ENGLISH:
        assert np.array_equal(old.encode([text]), new.encode([text])), text


def test_changes_no_row_and_no_layer(french: tuple[Path, dict[str, Any]], encoder_folder: Path):
    old, new = read_model(encoder_folder), read_model(french[0])

    assert set(old.weights) == set(new.weights)
    for name, values in old.weights.items():
        assert np.array_equal(new.weights[name][: len(values)], values), name
        assert name == WORDS or new.weights[name].shape == values.shape
    assert len(new.weights[WORDS]) - len(old.weights[WORDS]) == french[1]["report"]["words"]["fr"]


def test_the_folder_is_an_encoder_like_any_other(
    french: tuple[Path, dict[str, Any]], encoder_folder: Path, pairs: Path
):
    folder, said = french
    base, manifest = Manifest.read(encoder_folder), Manifest.read(folder)
    manifest.verify(folder)
    lesson = manifest.adaptations[-1]

    assert manifest.name == f"{base.name}-fr"
    assert manifest.adaptations[:-1] == base.adaptations
    assert (lesson.languages, lesson.trained) == (("fr",), False)
    assert (lesson.words, lesson.data) == (said["report"]["words"]["fr"], (pairs.name, "balie's own"))
    assert said["encoder"]["fingerprint"] == manifest.fingerprint != base.fingerprint
    encoder = open_encoder(EncoderSettings(folder=folder))
    assert encoder.fingerprint == manifest.fingerprint

    texts = ["Où est ma commande ?", "Where is my order?", "The mattress does not work."]
    french_order, order, mattress = encoder.encode(texts)
    assert french_order @ order > french_order @ mattress + 0.2


def test_the_same_pairs_give_the_same_encoder(
    french: tuple[Path, dict[str, Any]], encoder_folder: Path, pairs: Path, tmp_path: Path
):
    shutil.copytree(french[0], tmp_path / "again")  # whose place the second one takes
    first = (tmp_path / "again" / "manifest.json").stat().st_ino
    ended = adapt(
        pairs,
        "-l",
        "fr",
        "--encoder",
        encoder_folder,
        "--to",
        tmp_path / "again",
        "--attribution",
        "balie's own",
        "--table",
        tmp_path / "fr.txt",
        "--replace",
    )
    assert ended.code == 0, ended.err
    assert (tmp_path / "again" / "manifest.json").stat().st_ino != first

    for file in ("weights.bin", "tokenizer.json", "manifest.json"):
        assert (tmp_path / "again" / file).read_bytes() == (french[0] / file).read_bytes(), file
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "fr.txt"]


def test_the_table_of_all_pairs_is_the_same_bytes_each_time(
    encoder_folder: Path, pairs: Path, tmp_path: Path
):
    from balie.encoders.adapting.word_table import read_table

    files = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for file in files:
        ended = adapt(pairs, "-l", "fr", "--encoder", encoder_folder, "--table-only", file)
        assert ended.code == 0, ended.err

    assert files[0].read_bytes() == files[1].read_bytes()
    table = read_table(files[0])
    assert ended.shows(f"{len(table.words)} words of fr are in")
    assert "commande" in {word.word for word in table.words}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.txt", "two.txt"]


def test_what_is_known_is_not_learnt_again(french: tuple[Path, dict[str, Any]], pairs: Path, tmp_path: Path):
    ended = adapt(pairs, "-l", "fr", "--encoder", french[0], "--to", tmp_path / "twice")

    assert ended.code == 1
    assert ended.says("fr")
    assert not list(tmp_path.iterdir())


def test_an_adapted_encoder_can_learn_another_language(french: tuple[Path, dict[str, Any]], tmp_path: Path):
    # Each French word spelt backwards: a language that nobody knows, and that only the pairs can teach.
    strange = [
        {"en": pair["en"], "tlh": " ".join(word[::-1] for word in pair["fr"].split())}
        for pair in french_pairs()
    ]
    ended = adapt(
        write(tmp_path / "p.jsonl", strange),
        "-l",
        "tlh",
        "--encoder",
        french[0],
        "--to",
        tmp_path / "both",
        "--json",
    )

    assert ended.code == 0, ended.err
    old, manifest = Manifest.read(french[0]), Manifest.read(tmp_path / "both")
    assert manifest.name == f"{old.name}-tlh"
    assert [lesson.languages for lesson in manifest.adaptations[-2:]] == [("fr",), ("tlh",)]
    one, two = (open_encoder(EncoderSettings(folder=folder)) for folder in (french[0], tmp_path / "both"))
    text = "Où est ma commande ?"
    assert np.array_equal(one.encode([text]), two.encode([text]))


def test_shows_before_and_after(encoder_folder: Path, few: Path, tmp_path: Path):
    english = tmp_path / "english.jsonl"
    english.write_text(
        "".join(json.dumps({"text": text, "label": str(len(text) > 3)}) + "\n" for text in ENGLISH)
    )
    ended = adapt(
        few,
        "-l",
        "fr",
        "--encoder",
        encoder_folder,
        "--to",
        tmp_path / "no",
        "--dry-run",
        "--english",
        english,
    )

    assert ended.code == 0, ended.err
    for words in (
        "before adapted",
        "tokens per word",
        "(P@1)",
        "en, english.jsonl",
        "accuracy by nearest neighbour",
    ):
        assert ended.shows(words)
    assert ended.shows("texts with other tokens 0 (0.00%)")
    assert ended.shows("this was a dry run")
    assert [path.name for path in tmp_path.iterdir()] == ["english.jsonl"]


def test_is_refused_when_english_falls(encoder_folder: Path, few: Path, tmp_path: Path):
    english = tmp_path / "menu.jsonl"
    texts = [*ENGLISH, "Please send the commande form"]
    english.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    arguments = (
        few,
        "-l",
        "fr",
        "--encoder",
        encoder_folder,
        "--to",
        tmp_path / "fr",
        "--english",
        english,
    )
    table = tmp_path / "fr.txt"

    ended = adapt(*arguments, "--table", table)

    assert ended.code == 1
    assert ended.says(
        "is refused, and nothing was written: 1 of 6 English texts of menu.jsonl have other tokens"
    )
    assert ended.says("--max-changed")
    assert ended.shows("texts with other tokens 1 (16.67%)")
    assert [path.name for path in tmp_path.iterdir()] == ["menu.jsonl"]
    refused = adapt(*arguments, "--json")
    assert refused.code == 1
    assert refused.result["encoder"] is None
    assert len(refused.result["report"]["refusals"]) == 2
    assert adapt(*arguments, "--max-changed", 0.2, "--dry-run").code == 0


def _swapped(pairs: list[Pair]) -> list[Pair]:
    return [{"en": pair["fr"], "fr": pair["en"]} for pair in pairs]


def _english_twice(pairs: list[Pair]) -> list[Pair]:
    return [{"en": pair["en"], "fr": pair["en"]} for pair in pairs]


def _unrelated(pairs: list[Pair]) -> list[Pair]:
    return [
        {"en": pair["en"], "fr": other["fr"]}
        for pair, other in zip(pairs, [*pairs[350:], *pairs[:350]], strict=True)
    ]


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (_swapped, "swapped"),
        (_english_twice, "the same text on both sides"),
        (_unrelated, "no translations of one another"),
        (lambda pairs: pairs[:19], "usable pairs of en and fr: 19"),
        (
            lambda pairs: pairs[:1] * 50,
            "usable pairs of en and fr with an English sentence of their own: 1, needed: at least 20",
        ),
        (lambda _pairs: [], "is empty: write one pair a line"),
    ],
)
def test_refuses_pairs_that_teach_nothing(
    made: Callable[[list[Pair]], list[Pair]], complaint: str, encoder_folder: Path, tmp_path: Path
):
    file = write(tmp_path / "pairs.jsonl", made(french_pairs()))

    ended = adapt(file, "-l", "fr", "--encoder", encoder_folder, "--to", tmp_path / "out")

    assert ended.code == 1
    assert ended.says(complaint)
    assert ended.says("pairs.jsonl")
    assert not ended.out
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_refuses_pairs_in_another_language_than_is_said(encoder_folder: Path, tmp_path: Path):
    pytest.importorskip("py3langid", reason="pip install 'balie[nlu]'")
    file = write(tmp_path / "p.jsonl", [{"en": pair["en"], "nl": pair["fr"]} for pair in french_pairs()])

    ended = adapt(file, "-l", "nl", "--encoder", encoder_folder, "--to", tmp_path / "out")
    assert ended.code == 1
    assert ended.says('p.jsonl: 100% of what is filed under "nl" looks like fr')
    assert ended.says("--trust-languages")
    only = adapt(file, "-l", "nl", "--encoder", encoder_folder, "--table-only", tmp_path / "nl.txt")
    assert only.code == 1
    assert only.says("looks like fr")
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]

    trusted = ("-l", "nl", "--encoder", encoder_folder, "--trust-languages")
    ended = adapt(file, *trusted, "--table-only", tmp_path / "nl.txt")
    assert ended.code == 0, ended.err
    assert ended.shows("nl: language not checked: trusted as named")


def test_says_when_the_language_could_not_be_checked(encoder_folder: Path, few: Path, tmp_path: Path):
    code = "import sys; sys.modules['py3langid'] = None; from balie.cli.__main__ import main; main()"
    words = ["encoder", "adapt", few, "-l", "fr", "--encoder", encoder_folder]

    for more in ([], ["--json"]):
        ended = subprocess.run(
            [sys.executable, "-c", code, *map(str, words), "--table-only", str(tmp_path / "fr.txt"), *more],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "400"},
        )
        assert ended.returncode == 0, ended.stderr
        assert "not checked: pip install 'balie[nlu]'" in ended.stdout


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"en": "' + b"x" * 10_000_000 + b'", "fr": "y"}\n', "line 1: longer than 65536 bytes"),
        (b"en,fr\nhello,bonjour\n", "line 1: not JSON"),
        (b'{"en": "hello", "fr": 3}\n', 'line 1: "fr" is no text'),
        (b"\xff\xfe\n", "line 1: not UTF-8"),
    ],
)
def test_names_the_line_that_is_no_pair(content: bytes, complaint: str, encoder_folder: Path, tmp_path: Path):
    (tmp_path / "pairs.jsonl").write_bytes(content)

    ended = adapt(tmp_path / "pairs.jsonl", "-l", "fr", "--encoder", encoder_folder, "--to", tmp_path / "out")

    assert ended.code == 1
    assert ended.says(complaint)
    assert len(ended.err) < 1000
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


@pytest.mark.parametrize("tag", ["f_r", "en", "", " , ", "fr,e", "français", "fr fr"])
def test_refuses_what_is_no_language(tag: str, encoder_folder: Path, pairs: Path, tmp_path: Path):
    ended = adapt(pairs, "-l", tag, "--encoder", encoder_folder, "--to", tmp_path / "out")

    assert ended.code == 1
    assert ended.says("language")
    assert not list(tmp_path.iterdir())


def test_says_that_the_pairs_lack_a_language(encoder_folder: Path, pairs: Path, tmp_path: Path):
    ended = adapt(pairs, "-l", "fr,es", "--encoder", encoder_folder, "--to", tmp_path / "out")

    assert ended.code == 1
    assert ended.says("usable pairs of en and es: 0; they hold fr: name one of those with --languages")


def test_takes_a_tag_in_capitals_and_passes_over_empty_ones(
    encoder_folder: Path, pairs: Path, tmp_path: Path
):
    table = tmp_path / "f.txt"
    ended = adapt(pairs, "-l", "FR, ,fr,", "--encoder", encoder_folder, "--table-only", table, "--json")

    assert ended.code == 0, ended.err
    assert ended.result["languages"] == ["fr"]


def test_the_fewest_pairs_that_are_said_to_be_enough_are(encoder_folder: Path, tmp_path: Path):
    different = list({pair["en"]: pair for pair in french_pairs()}.values())[:20]
    file = write(tmp_path / "p.jsonl", different)

    ended = adapt(file, "-l", "fr", "--encoder", encoder_folder, "--dry-run", "--json")

    # Whether so few teach anything is another matter: they are learnt from and measured.
    report = ended.result["report"]
    assert (report["learnt"], report["held_out"]) == ({"fr": 10}, {"fr": 10})
    assert not ended.says("needed: at least")


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--name", "a/b", "'a/b' is no name for an encoder"),
        ("--english", "absent.jsonl", "absent.jsonl: No such file or directory; check the path"),
        ("--english", "pairs.jsonl", 'pairs.jsonl, line 1: no "text" that is a text'),
        ("--table", "absent/fr.txt", "the word table cannot be written to"),
        ("--table", "folder", "folder: it is a folder; name another file"),
        ("--table-only", "absent/fr.txt", "the word table cannot be written to"),
    ],
)
def test_refuses_a_wrong_option(
    option: str, value: str, complaint: str, encoder_folder: Path, tmp_path: Path
):
    file = write(tmp_path / "pairs.jsonl", french_pairs(60))
    (tmp_path / "folder").mkdir()
    given = value if option == "--name" else tmp_path / value

    to = [] if option == "--table-only" else ["--to", tmp_path / "out"]
    ended = adapt(file, "-l", "fr", "--encoder", encoder_folder, *to, option, given)

    assert ended.code == 1
    assert ended.says(complaint)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pairs.jsonl"]
    assert not list((tmp_path / "folder").iterdir())


def test_names_a_missing_file_of_pairs(encoder_folder: Path, tmp_path: Path):
    ended = adapt(
        tmp_path / "absent.jsonl", "-l", "fr", "--encoder", encoder_folder, "--to", tmp_path / "out"
    )

    assert ended.code == 1
    assert ended.says("absent.jsonl cannot be read: No such file or directory; check the path")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on the size of files")
def test_a_full_disk_leaves_nothing(encoder_folder: Path, few: Path, tmp_path: Path):
    """A limit on the size of a file stands in for a disk that is full: both fail within the weights."""
    work = tmp_path / "work"
    work.mkdir()
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, 20_000_000)); "
        "from balie.cli.__main__ import main; main()"
    )
    arguments = ["encoder", "adapt", few, "-l", "fr", "--encoder", encoder_folder, "--to", work / "fr"]

    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--table", str(work / "fr.txt")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "400"},
    )

    assert ended.returncode == 1
    assert "could not be built in" in ended.stderr
    assert "File too large" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(work.iterdir())


class TestTheBase:
    """The encoder that is adapted is only read, and has to be whole."""

    @pytest.fixture
    def copy(self, encoder_folder: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(encoder_folder, tmp_path / "base"))

    def test_must_be_there(self, pairs: Path, tmp_path: Path):
        ended = adapt(pairs, "-l", "fr", "--encoder", tmp_path / "absent", "--to", tmp_path / "out")

        assert ended.code == 1
        assert ended.says("there is no encoder in")
        assert ended.says("balie encoder build")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("file", "complaint"),
        [
            ("weights.bin", "weights.bin does not match its checksum"),
            ("tokenizer.json", "tokenizer.json does not match its checksum"),
            ("manifest.json", "manifest.json is not a manifest of this version"),
        ],
    )
    def test_must_not_be_altered(self, file: str, complaint: str, copy: Path, pairs: Path, tmp_path: Path):
        content = bytearray((copy / file).read_bytes())
        content[len(content) // 2] ^= 1
        content[0] ^= 1
        (copy / file).write_bytes(content)

        ended = adapt(pairs, "-l", "fr", "--encoder", copy, "--to", tmp_path / "out")

        assert ended.code == 1
        assert ended.says(complaint)
        assert [path.name for path in tmp_path.iterdir()] == ["base"]
        assert (copy / file).read_bytes() == content

    @pytest.mark.parametrize("file", ["weights.bin", "tokenizer.json", "model.onnx", "manifest.json"])
    def test_must_not_lack_a_file(self, file: str, copy: Path, pairs: Path, tmp_path: Path):
        (copy / file).unlink()

        ended = adapt(pairs, "-l", "fr", "--encoder", copy, "--to", tmp_path / "out")

        assert ended.code == 1
        assert ended.says(f"{file} is missing")
        assert [path.name for path in tmp_path.iterdir()] == ["base"]

    @pytest.mark.parametrize("place", ["base", "base/inside"])
    def test_is_never_written_to(self, place: str, copy: Path, pairs: Path, tmp_path: Path):
        before = {path.name: path.stat().st_mtime_ns for path in copy.iterdir()}

        ended = adapt(pairs, "-l", "fr", "--encoder", copy, "--to", tmp_path / place)

        assert ended.code == 1
        assert ended.says("is the encoder that is adapted: name another folder with --to")
        assert {path.name: path.stat().st_mtime_ns for path in copy.iterdir()} == before

    def test_has_the_adapted_one_beside_it_unless_told_otherwise(self, copy: Path, few: Path, tmp_path: Path):
        before = {path.name: path.stat().st_mtime_ns for path in copy.iterdir()}

        ended = adapt(few, "-l", "fr", "--encoder", copy, "--name", "shop-french")

        assert ended.code == 0, ended.err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "shop-french"]
        assert Manifest.read(tmp_path / "shop-french").name == "shop-french"
        assert {path.name: path.stat().st_mtime_ns for path in copy.iterdir()} == before


class TestTheFolder:
    """The adapted encoder takes the place of nothing but its own former self."""

    def test_must_not_hold_other_things(self, encoder_folder: Path, pairs: Path, tmp_path: Path):
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")

        ended = adapt(pairs, "-l", "fr", "--encoder", encoder_folder, "--to", tmp_path / "photos")

        assert ended.code == 1
        assert ended.says("it holds other things (cat.jpg): name a new or an empty folder")
        assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]

    def test_must_not_hold_another_encoder(self, encoder_folder: Path, pairs: Path, tmp_path: Path):
        other = tmp_path / "other"
        other.mkdir()
        shutil.copy(encoder_folder / "manifest.json", other)

        ended = adapt(pairs, "-l", "fr", "--encoder", encoder_folder, "--to", other)

        assert ended.code == 1
        assert ended.says(f"holds the encoder {Manifest.read(encoder_folder).name}: name another folder")
        assert [path.name for path in other.iterdir()] == ["manifest.json"]

    def test_keeps_an_encoder_of_the_same_name_unless_told_otherwise(
        self, encoder_folder: Path, few: Path, tmp_path: Path
    ):
        there = shutil.copytree(encoder_folder, tmp_path / "out")
        base, before = Manifest.read(encoder_folder), (there / "manifest.json").read_bytes()
        wanted = (few, "-l", "fr", "--encoder", encoder_folder, "--to", there, "--name", base.name)

        ended = adapt(*wanted)
        assert ended.code == 1
        assert ended.says(f"holds an encoder {base.name} already: name another folder with --to, or give")
        assert ended.says("--replace")
        assert adapt(*wanted, "--dry-run").code == 0
        assert (there / "manifest.json").read_bytes() == before

        assert adapt(*wanted, "--replace").code == 0
        assert Manifest.read(there).adaptations[-1].languages == ("fr",)


@pytest.mark.parametrize(
    "more",
    [["--dry-run"], ["--table", "x.txt"], ["--train"], ["--to", "x"], ["--replace"], ["--name", "x"]],
)
def test_a_table_only_is_nothing_else(more: list[str], encoder_folder: Path, pairs: Path, tmp_path: Path):
    ended = adapt(pairs, "-l", "fr", "--encoder", encoder_folder, "--table-only", tmp_path / "f.txt", *more)

    assert ended.code == 2
    assert ended.says(f"--table-only writes the table and nothing else: leave out {more[0]}.")
    assert not list(tmp_path.iterdir())


def test_training_says_how_to_install_what_it_needs(encoder_folder: Path, pairs: Path, tmp_path: Path):
    from importlib.util import find_spec

    if find_spec("torch") is not None:
        pytest.skip("torch is installed")

    ended = adapt(pairs, "-l", "fr", "--encoder", encoder_folder, "--to", tmp_path / "out", "--train")

    assert ended.code == 1
    assert ended.says("pip install 'balie[sentence-transformers]'")
    assert not list(tmp_path.iterdir())


def test_says_how_to_install_what_it_lacks(pairs: Path):
    code = "import sys; sys.modules['numpy'] = None; from balie.cli.__main__ import main; main()"

    ended = subprocess.run(
        [sys.executable, "-c", code, "encoder", "adapt", str(pairs), "-l", "fr"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "400"},
    )

    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "This command needs numpy, which is not installed: pip install 'balie[encoder]'"
    )


@pytest.mark.timeout(300)
@pytest.mark.shared_data
@pytest.mark.slow
def test_the_table_of_dutch_and_german_is_made_again_by_the_documented_command(
    model_wheel: Path, tmp_path: Path
):
    """Runs what `tables/README.md` says, with other places to read from and to write to."""
    from importlib.resources import files

    from balie.encoders.build import build

    data = PROJECT.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the evaluation data is not beside the checkout")
    tables = files("balie.encoders.adapting") / "tables"
    command = next(
        block
        for block in re.findall(
            r"```shell\n(.*?)```", (tables / "README.md").read_text(encoding="utf-8"), re.S
        )
        if "--table-only" in block
    ).replace("\\\n", " ")
    words = shlex.split(next(line for line in command.splitlines() if "encoder adapt" in line))
    build(tmp_path / "plain", wheel=model_wheel, plain=True)
    places = {
        "/tmp/plain": str(tmp_path / "plain"),  # noqa: S108 - as the command is written
        "services/balie/encoders/adapting/tables/nl-de.txt": str(tmp_path / "nl-de.txt"),
    }

    ended = adapt(*(places.get(word, word.replace("$DATA", str(data))) for word in words[3:]))

    assert ended.code == 0, ended.err
    assert (tmp_path / "nl-de.txt").read_bytes() == (tables / "nl-de.txt").read_bytes()
