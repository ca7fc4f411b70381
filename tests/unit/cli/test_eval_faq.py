"""`balie eval faq`, on a little collection with the packaged encoder."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.encoder_fixture import encoder_folder
from tests.unit.cli.test_eval import Page
from typer.testing import CliRunner, Result

from balie.cli.app import app

NASTY = "<script>alert('x')</script> & \"quotes\""
ENTRIES = {
    "dogs": "May I bring my dog on board?",
    "bikes": "Can I take my bicycle on the ferry?",
    "fares": "What does a return ticket cost?",
    "wifi": "Is there wireless internet on the ship?",
    "refund": "How do I get my money back when the crossing is cancelled?",
    "parking": "Where can I park my car in the harbour?",
}
QUERIES = [
    ("can my dog come along", ["dogs"], "en"),
    ("mag mijn fiets mee", ["bikes"], "nl"),
    (f"price of a ticket {NASTY}", ["fares", "refund"], "en"),
    ("is there wifi", ["wifi"], "en"),
    ("who painted the Night Watch", [], "en"),
    ("do you sell wedding rings", [], "en"),
]


def lines(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def questions(path: Path, rows: list[tuple[str, list[str], str]]) -> str:
    return lines(path, [{"text": text, "entry_ids": ids, "lang": lang} for text, ids, lang in rows])


@pytest.fixture
def entries(tmp_path: Path) -> str:
    rows = [
        {"id": key, "question": question, "answer": f"Yes, as it says under {key}.", "lang": "en"}
        for key, question in ENTRIES.items()
    ]
    return lines(tmp_path / "entries.jsonl", rows)


@pytest.fixture
def queries(tmp_path: Path) -> str:
    return questions(tmp_path / "queries.jsonl", QUERIES)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture
def balie(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "160")
    fixed = ["--encoder", str(encoder_folder()), "--cache", str(cache)]

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["eval", "faq", *arguments, *fixed], catch_exceptions=False)

    return run


def test_shows_figures_by_language_and_where_the_threshold_comes_from(balie: Any, entries: str, queries: str):
    result = balie("--entries", entries, "--queries", queries)

    assert result.exit_code == 0
    assert "hybrid on 6 questions, 4 of them answerable, and 6 entries" in result.stdout
    assert re.search(r"first answer right +\d\.\d{3} +0\.\d{3} to \d\.\d{3}", result.stdout)
    assert re.search(r"nl +1 ", result.stdout)
    assert "the collection, as the service does: at most 0.05 wrong promised" in result.stdout


@pytest.mark.parametrize("retriever", ["hybrid", "dense", "lexical"])
def test_json_is_all_of_standard_output(balie: Any, entries: str, queries: str, retriever: str):
    found = balie("--entries", entries, "--queries", queries, "--retriever", retriever, "--json")

    told = json.loads(found.stdout)

    assert told["retriever"] == retriever
    assert told["retriever_version"].startswith(f"{retriever}.")
    assert (told["queries"], told["answerable"], told["entries"]) == (6, 4, 6)
    for name in ("p_at_1", "hit_at_5", "mrr", "map", "answerable_auroc", "coverage", "wrong_rate"):
        assert 0.0 <= told[name] <= 1.0, name
    assert told["hit_at_5"] >= told["p_at_1"]
    assert told["latency_ms"]["p99"] >= told["latency_ms"]["p50"] > 0
    assert set(told["by_language"]) == {"en", "nl"}
    assert told["expected_unanswerable"] == pytest.approx(2 / 6)
    assert told["threshold"] <= 1.0


def test_what_cannot_be_told_is_null(balie: Any, tmp_path: Path, entries: str):
    answered = questions(tmp_path / "answered.jsonl", QUERIES[:4])

    told = json.loads(balie("--entries", entries, "--queries", answered, "--json").stdout)

    assert told["answerable_auroc"] is None
    assert told["made_unanswerable"] == 0


def test_questions_are_made_unanswerable_and_it_says_so(balie: Any, tmp_path: Path, entries: str):
    answered = questions(tmp_path / "answered.jsonl", QUERIES[:4])
    call = ["--entries", entries, "--queries", answered, "--make-unanswerable", "0.5"]

    told = json.loads(balie(*call, "--json").stdout)

    assert (told["made_unanswerable"], told["answerable"]) == (2, 2)
    assert told["answerable_auroc"] is not None
    assert "2 of the 4 questions are made unanswerable" in balie(*call).stdout


def test_a_set_with_unanswerable_questions_is_left_as_it_is(balie: Any, entries: str, queries: str):
    found = balie("--entries", entries, "--queries", queries, "--make-unanswerable", "0.5", "--json")

    told = json.loads(found.stdout)

    assert (told["made_unanswerable"], told["answerable"]) == (0, 4)
    assert "No question was made unanswerable" in told["notes"][0]


def test_the_threshold_is_learned_from_questions_to_tune_on(
    balie: Any, tmp_path: Path, entries: str, queries: str
):
    ways = [
        "{}",
        "please: {}",
        "hello, {}",
        "{} thanks",
        "tell me {}",
        "{} and thank you",
        "I ask: {}",
        "{}!",
    ]
    rows = [(way.format(text), [key], "en") for way in ways for key, text in ENTRIES.items()]
    others = ["sing me a song", "who won the match", "what is love", "translate cheese", "weather on mars"]
    rows += [(f"{text} {number}", [], "en") for number in range(4) for text in others]
    tune = questions(tmp_path / "tune.jsonl", rows)
    call = ["--entries", entries, "--queries", queries, "--tune", tune, "--json"]

    lax = json.loads(balie(*call, "--max-wrong", "0.2", "--unanswerable", "0.1").stdout)
    severe = json.loads(balie(*call, "--max-wrong", "0.0001").stdout)

    assert lax["calibration_version"].startswith("tune.ltt.")
    assert lax["tuned_on"] == len(rows)
    assert 0.0 < lax["threshold"] < 1.0
    assert (severe["threshold"], severe["calibration_version"], severe["coverage"]) == (1.0, "none.v1", 0.0)
    assert "nothing is answered" in severe["notes"][-1]


def test_the_page_needs_no_other_file_and_shows_what_the_data_say_as_words(
    balie: Any, tmp_path: Path, entries: str, queries: str
):
    folder = tmp_path / "a" / "report"

    result = balie(
        "--entries", entries, "--queries", queries, "--max-wrong", "0.001", "--report", str(folder)
    )

    assert result.exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.outside == []
    assert "@import" not in text
    assert "url(" not in text
    assert page.tags.count("script") == 1  # none came from the data
    assert f"price of a ticket {NASTY}" in page.words
    assert page.ids == ["figures", "languages", "plots", "errors"]
    assert page.tags.count("figure") == 4


def test_what_was_taken_out_is_shown_as_such(balie: Any, tmp_path: Path, entries: str):
    answered = questions(tmp_path / "answered.jsonl", QUERIES[:4])

    made = ["--make-unanswerable", "0.5", "--max-wrong", "0.9"]
    balie("--entries", entries, "--queries", answered, *made, "--report", str(tmp_path))

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "taken out" in page.words
    assert "answered, though nothing answers" in page.words


def test_says_when_the_page_cannot_be_written(balie: Any, tmp_path: Path, entries: str, queries: str):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    result = balie("--entries", entries, "--queries", queries, "--report", str(tmp_path / "taken"))

    assert result.exit_code == 1
    assert "The page cannot be written to" in result.stderr.replace("\n", " ")


def test_says_when_vectors_cannot_be_kept(tmp_path: Path, entries: str, queries: str):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    call = ["--entries", entries, "--queries", queries, "--cache", str(tmp_path / "taken")]

    result = CliRunner().invoke(app, ["eval", "faq", *call, "--encoder", str(encoder_folder())])

    assert result.exit_code == 1
    assert "Name another folder with --cache." in " ".join(result.stderr.split())


def test_names_file_and_line_of_what_is_wrong(balie: Any, tmp_path: Path, entries: str, queries: str):
    unknown = questions(tmp_path / "unknown.jsonl", [*QUERIES, ("a parrot?", ["dgos"], "en")])
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes('{"text": "für", "entry_ids": []}\n'.encode("windows-1252"))
    empty = lines(tmp_path / "empty.jsonl", [])
    twice = lines(tmp_path / "twice.jsonl", [{"id": "dogs", "question": "a", "answer": "b", "lang": "en"}])
    draft = lines(
        tmp_path / "draft.jsonl",
        [{"id": "x", "question": "a", "answer": "b", "lang": "en", "state": "draft"}],
    )
    for call, place, message in (
        ([entries, unknown], f"{unknown}:7", "there is no published entry 'dgos'; is 'dogs' meant?"),
        ([entries, str(latin)], f"{latin}:1", "--encoding windows-1252"),
        ([entries, empty], empty, "holds no question"),
        ([empty, queries], empty, "holds no entries"),
        ([draft, queries], draft, "holds no entry that searches find now"),
        ([entries, queries, "--entries", twice], f"{twice}:1", "'dogs' is in"),
        ([str(tmp_path / "none.csv"), queries], "none.csv", "cannot be read"),
        ([str(tmp_path / "faq.docx"), queries], "faq.docx", "known endings are .yaml"),
    ):
        result = balie("--entries", call[0], "--queries", *call[1:])
        told = " ".join(result.stderr.split())
        assert result.exit_code == 1, call
        assert place in result.stderr.replace("\n", ""), told
        assert message in told


def test_says_what_to_do_where_every_question_is_without_an_answer(balie: Any, tmp_path: Path, entries: str):
    none = questions(tmp_path / "none.jsonl", QUERIES[4:])

    result = balie("--entries", entries, "--queries", none)
    stated = balie("--entries", entries, "--queries", none, "--unanswerable", "0.3", "--json")

    assert result.exit_code == 1
    assert "--unanswerable 0.3" in result.stderr
    told = json.loads(stated.stdout)
    assert (told["p_at_1"], told["coverage"], told["answerable_auroc"]) == (None, None, None)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--max-wrong", "1"], 2, "must be above 0 and below 1"),
        (["--unanswerable", "1"], 2, "must be 0 or more and below 1"),
        (["--make-unanswerable", "0"], 2, "must be above 0 and below 1"),
        (["--encoding", "klingon"], 2, "There is no encoding 'klingon'"),
        (["--retriever", "nope"], 1, "hybrid"),
    ],
)
def test_says_what_is_wrong_with_the_call(
    balie: Any, entries: str, queries: str, arguments: list[str], code: int, message: str
):
    result = balie("--entries", entries, "--queries", queries, *arguments)

    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_help_of_eval_tells_of_it():
    shown = CliRunner().invoke(app, ["eval", "--help"])
    assert shown.exit_code == 0
    assert "faq-table" in shown.stdout
    assert "Ask questions whose answers are known" in shown.stdout
