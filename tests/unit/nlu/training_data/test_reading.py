from pathlib import Path

import pytest

from balie.nlu.errors import DataFileWrong, StartRefused
from balie.nlu.examples import Example
from balie.nlu.training_data import gather, read_examples, read_messages
from balie.nlu.training_data.collecting import MAX_EXAMPLES, MAX_PROBLEMS

DATA = Path(__file__).parents[5] / "shared" / "data" / "intents"
YAML = "intents: {open: {nl: [zijn jullie open], en: [are you open]}}\n"
JSONL = '{"text": "waar is mijn geld", "label": "refund", "lang": "nl"}\n{"text": "taart", "label": "oos", "lang": "nl"}\n'
CSV = "text,label,lang\nwhere is my money,refund,en\ncake,oos,en\n"
RASA = "nlu:\n- intent: greet\n  examples: |\n    - hi\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def texts(examples: list[Example]) -> list[str]:
    return [example.text for example in examples]


def test_several_files_of_several_formats_are_one_set(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "a.yaml", YAML),
        write(tmp_path / "b.jsonl", JSONL),
        write(tmp_path / "c.csv", CSV),
    ]
    found = read_examples(paths, ("nl", "en"))
    assert found.intents == ["open", "refund"]
    assert {(item.file, item.line) for item in found.items if item.intent == "refund"} == {
        (paths[1], 1),
        (paths[2], 2),
    }
    assert read_examples(paths[::-1], ("nl", "en")).fingerprint() == found.fingerprint()


def test_a_folder_stands_for_the_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    (tmp_path / ".hidden").mkdir()
    write(tmp_path / "nlu" / "greet.yml", RASA)
    write(tmp_path / "nlu" / "more.jsonl", JSONL)
    write(tmp_path / "stories.yml", "stories:\n- story: x\n  steps: []\n")
    write(tmp_path / "README.txt", "nothing to learn here")
    write(tmp_path / ".hidden" / "a.jsonl", "nonsense")
    found = read_examples(tmp_path, ("nl",))
    assert found.intents == ["greet", "refund"]
    (note,) = found.notes
    assert (
        str(note)
        == f"{tmp_path / 'stories.yml'}: left out: holds no examples: neither the key intents nor Rasa's nlu is there"
    )


def test_a_file_that_was_named_must_hold_examples(tmp_path: Path) -> None:
    with pytest.raises(DataFileWrong, match="holds no examples"):
        read_examples(write(tmp_path / "stories.yml", "stories: []\n"), ("nl",))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("noending", JSONL),
        ("data.json", JSONL),
        ("noending", CSV),
        ("data.unknown", CSV),
        ("DATA.JSONL", JSONL),
    ],
)
def test_an_ending_that_says_nothing_leaves_it_to_the_content(tmp_path: Path, name: str, text: str) -> None:
    assert len(read_messages(write(tmp_path / name, text), ("nl", "en")).items) == 2


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("data.xlsx", "PK\x03\x04", "is of no known kind; its name should end in one of .yaml, .yml, .jsonl"),
        ("data", "", "is of no known kind"),
        ("absent.csv", None, "cannot be read: No such file"),
        ("absent.jsonl", None, "cannot be read: No such file"),
        ("absent.yaml", None, "cannot be read: No such file"),
        ("absent", None, "is of no known kind"),
        ("old.json", '{"rasa_nlu_data": {"common_examples": []}}', "rasa data convert nlu"),
        ("list.json", '[\n  {"text": "a", "label": "b"}\n]\n', "JSON over several lines"),
    ],
)
def test_says_what_is_wrong_with_a_file_as_a_whole(
    tmp_path: Path, name: str, text: str | None, problem: str
) -> None:
    path = tmp_path / name
    if text is not None:
        write(path, text)
    with pytest.raises(DataFileWrong, match=problem) as raised:
        read_examples(path, ("nl",))
    assert raised.value.path == path


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataFileWrong, match="holds no file of examples"):
        read_examples(tmp_path, ("nl",))


def test_the_same_words_for_the_same_intent_count_once(tmp_path: Path) -> None:
    rows = "text,label,lang\nHoi!,greet,nl\nhoi,greet,nl\nHOI,greet,nl\ndoei,bye,nl\n"
    first = read_examples(write(tmp_path / "a.csv", rows), ("nl",))
    lines = rows.splitlines()
    second = read_examples(write(tmp_path / "b.csv", "\n".join([lines[0], *lines[:0:-1]])), ("nl",))
    assert texts(first.items) == ["doei", "HOI"]
    assert first.fingerprint() == second.fingerprint()


def test_what_is_measured_by_keeps_every_row_in_its_order(tmp_path: Path) -> None:
    rows = "text,label,lang\nHoi!,greet,nl\nhoi,greet,nl\nhoi,greet,nl\n"
    assert texts(read_messages(write(tmp_path / "a.csv", rows), ("nl",)).items) == ["Hoi!", "hoi", "hoi"]


def test_the_same_words_for_two_intents_are_kept(tmp_path: Path) -> None:
    rows = "text,label,lang\nhoi,greet,nl\nhoi,bye,nl\n"
    assert len(read_examples(write(tmp_path / "a.csv", rows), ("nl",)).items) == 2


def test_examples_without_a_text_are_left_out_with_a_note(tmp_path: Path) -> None:
    rows = "text,label,lang\nhoi,greet,nl\n,greet,nl\ndoei,bye,nl\n \u200b ,bye,nl\n"
    found = read_examples(write(tmp_path / "a.csv", rows), ("nl",))
    assert texts(found.items) == ["doei", "hoi"]
    (note,) = found.notes
    assert (note.line, note.text) == (3, "left out, for its text is empty, and 1 more")


def test_labels_can_be_named_that_mean_out_of_scope(tmp_path: Path) -> None:
    rows = "text,label,lang\nhoi,greet,nl\ntaart,None,nl\nmaan,oos,nl\n"
    path = write(tmp_path / "a.csv", rows)
    assert read_examples(path, ("nl",)).intents == ["None", "greet"]
    assert read_examples(path, ("nl",), oos_labels=["None"]).intents == ["greet"]


def test_other_languages_are_left_out_with_a_note(tmp_path: Path) -> None:
    rows = "text,label,lang\nhoi,greet,nl\ndoei,bye,nl\nsalut,greet,fr\nmerci,thanks,fr\n"
    found = read_examples(write(tmp_path / "a.csv", rows), ("nl",))
    assert texts(found.items) == ["doei", "hoi"]
    assert [note.text for note in found.notes] == [
        "left out, in languages that are not configured: fr (2)",
        "left out, without an example in a configured language: thanks",
    ]


@pytest.mark.parametrize("tag", ["nl", "NL", "nl-BE", "nl_NL"])
def test_a_region_makes_no_other_language(tmp_path: Path, tag: str) -> None:
    rows = f"text,label,lang\nhoi,greet,{tag}\ndoei,bye,{tag}\n"
    assert {item.language for item in read_examples(write(tmp_path / "a.csv", rows), ("nl",)).items} == {"nl"}


def test_a_region_that_is_configured_stays(tmp_path: Path) -> None:
    rows = "text,label,lang\nhoi,greet,nl-BE\ndoei,bye,nl\n"
    found = read_examples(write(tmp_path / "a.csv", rows), ("nl", "nl-BE"))
    assert [(item.text, item.language) for item in found.items] == [("doei", "nl"), ("hoi", "nl-BE")]


UNSAID = """text,label
ik wil graag mijn geld terug,refund
hoe laat gaat de winkel open,hours
ich möchte bitte mein geld zurück,refund
wann öffnet der laden heute,hours
"""


def test_without_a_language_the_only_one_is_meant(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path / "a.csv", UNSAID), ("nl",))
    assert {item.language for item in found.items} == {"nl"}
    assert not found.notes


def test_without_a_language_the_caller_may_name_it(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path / "a.csv", UNSAID), ("nl", "de", "en"), language="de")
    assert {item.language for item in found.items} == {"de"}


def test_without_a_language_the_words_tell_it(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path / "a.csv", UNSAID), ("nl", "de", "en"))
    assert {item.text: item.language for item in found.items} == {
        "ik wil graag mijn geld terug": "nl",
        "hoe laat gaat de winkel open": "nl",
        "ich möchte bitte mein geld zurück": "de",
        "wann öffnet der laden heute": "de",
    }
    assert [note.text for note in found.notes] == [
        "the files do not say the language of all; told from their words: nl 2, de 2"
    ]


def test_short_texts_are_in_the_language_of_the_others(tmp_path: Path) -> None:
    """`hallo` alone would be Dutch or German."""
    rows = [
        "text,label",
        *(f"could you tell me about number {n} please,{n % 2}" for n in range(200)),
        "hallo,0",
    ]
    found = read_examples(write(tmp_path / "a.csv", "\n".join(rows)), ("nl", "de", "en"))
    assert {item.language for item in found.items} == {"en"}


def test_a_language_that_words_cannot_tell_has_to_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", UNSAID)
    with pytest.raises(StartRefused, match="language xx cannot be detected"):
        read_examples(path, ("nl", "xx"))
    assert len(read_examples(path, ("nl", "xx"), language="xx").items) == 4


def test_without_configured_languages_nothing_is_guessed(tmp_path: Path) -> None:
    assert {example.language for example in gather([write(tmp_path / "a.csv", UNSAID)]).examples} == {""}


def test_reading_ends_after_a_thousand_mistakes(tmp_path: Path) -> None:
    found = gather([write(tmp_path / "a.jsonl", "nonsense\n" * 5000), write(tmp_path / "b.jsonl", JSONL)])
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert "the rest was not read" in found.problems[-1].problem
    assert len(found.examples) == 2


def test_there_is_an_end_to_how_many_examples_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\n" + "hoi,greet\n" * (MAX_EXAMPLES + 1))
    found = gather([path])
    assert len(found.examples) == MAX_EXAMPLES
    assert found.problems[0].line == MAX_EXAMPLES + 2


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the evaluation data beside the checkout")
@pytest.mark.parametrize(
    ("name", "examples", "intents"),
    [("rasa_helpdesk", 300, 14), ("askubuntu", 53, 5), ("webapplications", 30, 8)],
)
def test_reads_sets_that_others_published(name: str, examples: int, intents: int) -> None:
    found = read_examples(DATA / name / "train.jsonl", ("nl", "de", "en"))
    assert (len(found.items), len(found.intents)) == (examples, intents)
    assert not found.notes
