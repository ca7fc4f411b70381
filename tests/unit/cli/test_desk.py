from pathlib import Path

import pytest
import yaml

from balie.cli.bench.figures import percentile
from balie.cli.desk import SAMPLE, Desk, DeskFolderWrong
from balie.faq.knowledge.files import read_entries

LANGUAGES = ("nl", "de", "en")


def read(name: str) -> dict:
    return yaml.safe_load((SAMPLE / name).read_text(encoding="utf-8"))


def test_the_sample_desk_is_whole() -> None:
    desk = Desk(SAMPLE)
    assert desk.collection == ("waddenveer", LANGUAGES)
    assert desk.intents.is_file()
    assert desk.keywords.is_file()
    assert desk.follow_ups.is_file()
    assert desk.staffing().queues
    assert desk.first_agent == "sietske"
    assert {written["language"] for written in desk.conversations()} == set(LANGUAGES)


def test_the_sample_has_what_it_promises() -> None:
    entries = list(read_entries(SAMPLE / "faq.yaml"))
    assert len(entries) >= 60
    for entry in entries:
        assert {text.language for text in entry.texts} == set(LANGUAGES), entry.id
        assert all(len(text.phrasings) >= 3 for text in entry.texts), entry.id
    intents = read("intents.yaml")["intents"]
    assert len(intents) >= 20
    for name, examples in intents.items():
        assert all(len(examples[language]) >= 15 for language in LANGUAGES), name
    questions = read("questions.yaml")
    for language in LANGUAGES:
        assert len(questions["unanswerable"][language]) >= 25
        assert len(questions["to_person"][language]) >= 15


def test_every_target_of_the_sample_exists() -> None:
    entries = {entry.id for entry in read_entries(SAMPLE / "faq.yaml")}
    intents = set(read("intents.yaml")["intents"])
    queues = {queue.id for queue in Desk(SAMPLE).staffing().queues}
    follow_ups = read("follow_ups.yaml")
    for keyword in read("keywords.yaml")["keywords"]:
        target = keyword["target"]
        assert target.get("faq_entry") in {None, *entries}, keyword["id"]
        assert target.get("intent") in {None, *intents}, keyword["id"]
    assert set(follow_ups["intents"]) == intents
    for name, follow_up in follow_ups["intents"].items():
        assert follow_up.get("faq_entry") in {None, *entries}, name
        assert follow_up.get("queue") in {None, *queues}, name
        assert follow_up.get("reply") in {None, *follow_ups["replies"]}, name
    for rows in read("questions.yaml")["answerable"].values():
        assert {row["entry"] for row in rows} <= entries


def test_no_question_of_the_check_is_a_phrasing() -> None:
    phrasings = {
        phrasing.casefold()
        for entry in read_entries(SAMPLE / "faq.yaml")
        for text in entry.texts
        for phrasing in (text.question, *text.phrasings)
    }
    asked = {row["text"].casefold() for rows in read("questions.yaml")["answerable"].values() for row in rows}
    assert not asked & phrasings


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeskFolderWrong, match=r"holds no faq\.yaml"):
        _ = Desk(tmp_path).faq


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("queues: [", encoding="utf-8")
    with pytest.raises(DeskFolderWrong, match=r"desk\.yaml:2: is no YAML"):
        Desk(tmp_path).staffing()


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.5), (0.99, 99.01)])
def test_percentiles_are_those_of_the_values(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == pytest.approx(value)
