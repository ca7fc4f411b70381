"""What is listed of the encoders on a machine, whole and damaged, and how one splits a text."""

from pathlib import Path

import pytest
from tests.unit.encoders.test_exporting import teach
from tests.unit.encoders.tiny_model import change_json, write_model

from balie.encoders import EncoderFolderMissing, EncoderSettings
from balie.encoders.catalogue import EncoderNotListed, encoders, find, kinds, look
from balie.encoders.errors import EncoderDamaged
from balie.encoders.exporting.export import export_to_onnx, export_to_sentence_transformers
from balie.encoders.splitting import SAMPLES, Splitter


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of encoders, with one that is plain, one that was taught, and an export."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "balie" / "encoders"
    export_to_onnx(str(write_model(tmp_path / "tiny")))
    teach(folder / "tiny", folder / "taught", ["veerboot", "fähre"])
    export_to_sentence_transformers(folder / "taught", folder / "exported")
    return folder


def test_lists_every_encoder_and_which_is_used(home: Path):
    (home / "notes").mkdir()
    (home / ".tiny.building-x").mkdir()

    listed = {one.folder.name: one for one in encoders(EncoderSettings(folder=home / "taught"))}

    assert sorted(listed) == ["exported", "taught", "tiny"]
    assert [one.problem for one in listed.values()] == ["", "", ""]
    assert [name for name, one in listed.items() if one.used] == ["taught"]
    assert (listed["tiny"].languages, listed["tiny"].words) == ((), 0)
    for name in ("taught", "exported"):
        assert (listed[name].languages, listed[name].words) == (("nl", "de"), 2)
        assert (listed[name].dimensions, listed[name].precision) == (32, "fp32")
    assert (listed["taught"].kind, listed["exported"].kind) == ("onnx", "sentence-transformers")
    files = [path for path in (home / "tiny").iterdir() if path.is_file()]
    assert listed["tiny"].size_bytes == sum(path.stat().st_size for path in files)


def test_lists_an_encoder_elsewhere_that_the_setting_names(home: Path, tmp_path: Path):
    (home / "tiny").rename(tmp_path / "elsewhere")
    used = [one.folder for one in encoders(EncoderSettings(folder=tmp_path / "elsewhere")) if one.used]
    assert used == [tmp_path / "elsewhere"]

    settings = EncoderSettings(name="sentence-transformers", model=str(tmp_path / "tiny"))
    listed = {one.folder.name: one for one in encoders(settings)}
    assert [name for name, one in listed.items() if one.used] == ["tiny"]
    assert (listed["tiny"].pooling, listed["tiny"].dimensions) == ("Transformer → Pooling", 32)


@pytest.mark.parametrize(
    ("name", "content", "check", "problem"),
    [
        ("tiny/weights.bin", b"short", "size", "weights.bin has 5 bytes instead of"),
        ("tiny/manifest.json", b"{}", "size", "manifest.json is not a manifest"),
        ("exported/tokenizer.json", b"short", "size", "tokenizer.json has 5 bytes instead of"),
        ("exported/balie.json", b"{}", "size", "balie.json is not the description of an export"),
        ("exported/modules.json", b"[", "size", "modules.json is not JSON"),
    ],
)
def test_lists_what_is_damaged_with_what_is_wrong(
    home: Path, name: str, content: bytes, check: str, problem: str
):
    (home / name).write_bytes(content)

    listed = {one.folder.name: one for one in encoders(EncoderSettings(folder=home / "taught"), check=check)}  # type: ignore[arg-type]

    assert problem in listed[Path(name).parent.name].problem
    assert sum(1 for one in listed.values() if one.problem) == 1


@pytest.mark.parametrize("name", ["tiny/weights.bin", "exported/model.safetensors"])
def test_finds_a_flipped_bit_when_checksums_are_verified(home: Path, name: str):
    content = bytearray((home / name).read_bytes())
    content[-1] ^= 1
    (home / name).write_bytes(content)
    settings = EncoderSettings(folder=home / "taught")

    assert not any(one.problem for one in encoders(settings))
    (damaged,) = [one for one in encoders(settings, check="full") if one.problem]
    assert "does not match its checksum" in damaged.problem


def test_names_a_file_that_is_missing(home: Path):
    (home / "tiny" / "manifest.json").unlink()
    (home / "exported" / "config.json").unlink()
    problems = [one.problem for one in encoders(EncoderSettings(folder=home / "taught")) if one.problem]
    assert len(problems) == 2
    assert "config.json is missing" in problems[0]
    assert "manifest.json is missing" in problems[1]


def test_finds_an_encoder_by_name_and_by_folder(home: Path, tmp_path: Path):
    settings = EncoderSettings(folder=home / "taught")

    assert find("", settings) == home / "taught"
    assert find("tiny", settings) == home / "tiny"
    assert find(str(home / "exported"), settings) == home / "exported"
    with pytest.raises(EncoderNotListed, match=r"is called 'none', .*there are exported, taught, tiny"):
        find("none", settings)
    with pytest.raises(EncoderFolderMissing):
        look(tmp_path, settings)


def test_says_how_to_get_one_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert encoders(EncoderSettings(folder=tmp_path / "absent")) == []
    with pytest.raises(EncoderNotListed, match="there are none: run `balie encoder build`"):
        find("tiny", EncoderSettings(folder=tmp_path / "absent"))


def test_lists_the_kinds_and_what_plug_ins_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    metadata = tmp_path / "other_encoder-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-encoder\nVersion: 1.0\n")
    points = "there.v1 = other_encoder:Encoder\nmissing.v1 = no_such_library_at_all.deep:Encoder\n"
    (metadata / "entry_points.txt").write_text(f"[balie.encoders]\n{points}")
    (tmp_path / "other_encoder.py").write_text("raise RuntimeError('listing imports nothing')\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    listed = {kind.name: kind for kind in kinds()}

    assert list(listed) == ["onnx", "sentence-transformers", "missing.v1", "there.v1"]
    assert listed["onnx"].missing == ""
    assert listed["there.v1"].missing == ""
    assert "other-encoder" in listed["there.v1"].reads
    assert listed["missing.v1"].missing == "pip install 'no_such_library_at_all'"


def test_marks_words_that_were_taught_and_counts_tokens(home: Path):
    splitter = Splitter(home / "taught", 24)

    tokens = splitter.split("De Veerboot")

    assert [(token.text, token.word, token.special) for token in tokens if token.word or token.special] == [
        ("[CLS]", False, True),
        ("veerboot", True, False),
        ("[SEP]", False, True),
    ]
    assert splitter.tokens_per_word(["veerboot Fähre"]) == 1.0
    assert splitter.tokens_per_word(SAMPLES["nl"]) > 1.0
    assert len(splitter.split("boat " * 90)) == 24
    assert splitter.split("half \ud83d")


def test_says_when_a_tokenizer_cannot_be_read(home: Path, tmp_path: Path):
    change_json(home / "tiny" / "tokenizer.json", model=None)
    with pytest.raises(EncoderDamaged, match=r"tokenizer\.json is not a tokenizer"):
        Splitter(home / "tiny")
    with pytest.raises(EncoderDamaged, match=r"tokenizer\.json is missing"):
        Splitter(tmp_path)
