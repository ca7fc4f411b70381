"""The engine `keyword`: what it counts, and the rules that it is given."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from balie.nlu.engines.keyword import RULES_FILE, KeywordEngine, KeywordRanker, phrases_of
from balie.nlu.engines.port import Example, Lesson, Message, OptionWrong, Ranking, TrainingFailed

LESSON = Lesson(
    [
        Example("bike", "nl", "mag de fiets mee"),
        Example("bike", "nl", "kosten van de fiets"),
        Example("bike", "nl", "de fiets meenemen"),
        Example("hours", "nl", "hoe laat open"),
        Example("hours", "nl", "de openingstijden"),
        Example("hours", "nl", "tot hoe laat open"),
        Example("oos", "nl", "hoe bak ik brood"),
        Example("oos", "nl", "brood bakken"),
    ],
    ("bike", "hours"),
)


def trained(folder: Path, lesson: Lesson = LESSON, **options: str) -> KeywordRanker:
    engine = KeywordEngine.from_options(options)
    engine.train(lesson, folder, lambda _step, _share: None)
    return engine.load(folder, lesson.intents)


def asked(ranker: KeywordRanker, *texts: str) -> Ranking:
    return ranker.rank([Message(text) for text in texts])


def rules(folder: Path, text: str) -> str:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    return made


def test_phrases_are_runs_of_folded_words() -> None:
    assert phrases_of("Één FIETS, wv-1042!", 2) == [
        *("een", "fiets", "wv", "1042"),
        *("een fiets", "fiets wv", "wv 1042"),
    ]
    assert phrases_of("fiets fiets", 1) == ["fiets"]
    assert phrases_of("😀", 3) == []


def test_its_folder_says_what_each_phrase_counts(folder: Path) -> None:
    trained(folder)
    learned = json.loads((folder / RULES_FILE).read_text(encoding="utf-8"))["learned"]
    assert set(learned["fiets"]) == {"bike"}
    assert set(learned["open"]) == {"hours"}
    assert set(learned["brood"]) == {"oos"}
    assert learned["fiets"]["bike"] > learned["mag"]["bike"] > 0  # three examples are better than one
    assert learned["de"]["bike"] < learned["fiets"]["bike"]  # others have it as well


def test_a_phrase_that_is_never_apart_from_a_shorter_one_is_left_out(folder: Path) -> None:
    trained(folder)
    learned = json.loads((folder / RULES_FILE).read_text(encoding="utf-8"))["learned"]
    assert "hoe laat" not in learned  # wherever "laat" is
    assert "de fiets" not in learned


def test_what_no_phrase_speaks_for_is_out_of_scope(folder: Path) -> None:
    found = asked(trained(folder), "mag mijn fiets mee", "quantum", "brood bakken")
    assert found.out_of_scope is not None
    known, unknown, other = found.out_of_scope.tolist()
    assert known < 0.5
    assert unknown == other == 1.0
    assert found.scores[1].tolist() == [0.5, 0.5]


def test_a_rule_that_is_given_outweighs_what_was_learned(folder: Path, tmp_path: Path) -> None:
    path = rules(tmp_path, "hours: [Dienst-Regeling, '/\\bF\\d{3}\\b/']\nbike: [tandem]\n")
    ranker = trained(folder, rules=path)
    found = asked(ranker, "fiets f123", "de DIENSTREGELING", "dienst regeling?", "fiets f1234", "tandem F123")
    assert found.scores[0].tolist() == pytest.approx([0.01, 0.99], abs=0.01)
    assert found.scores[2, 1] > 0.98
    assert found.scores[1, 1] < 0.9, "one word is not two"
    assert found.scores[3, 0] > 0.5
    assert found.scores[4].tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert found.out_of_scope is not None
    assert found.out_of_scope[0] == pytest.approx(0.01)


def test_rules_alone_will_do_and_need_no_file_afterwards(folder: Path, tmp_path: Path) -> None:
    path = rules(tmp_path, "bike: [fiets]\nhours: [open]\n")
    engine = KeywordEngine.from_options({"longest": "0", "rules": path})
    engine.train(LESSON, folder, lambda _step, _share: None)
    Path(path).unlink()
    found = asked(engine.load(folder, LESSON.intents), "mijn fiets", "nog open?", "brood")
    assert found.scores.argmax(axis=1).tolist()[:2] == [0, 1]
    assert found.scores[2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "parking: [auto]\n",
            "rules.yaml:1: there are rules for parking, which has no examples; known are: bike, hours",
        ),
        ("bike: ['/(/']\n", "rules.yaml:1: a rule of bike is no regular expression"),
        ("bike: [fiets]\nhours: ['!!']\n", "rules.yaml:2: a rule of hours has neither a letter nor a digit"),
        ("bike: fiets\n", "rules.yaml:1: the rules of bike must be a list"),
        ("[bike]\n", "rules.yaml:1: the file of rules must be a mapping"),
        ("", "rules.yaml: is empty"),
    ],
)
def test_a_file_of_rules_that_is_wrong_says_where(
    folder: Path, tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(TrainingFailed) as raised:
        trained(folder, rules=rules(tmp_path, text))
    assert problem in str(raised.value)


def test_a_missing_file_of_rules_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"absent\.yaml: cannot be read"):
        trained(folder, rules=str(tmp_path / "absent.yaml"))


def test_learning_nothing_without_rules_makes_no_sense() -> None:
    with pytest.raises(OptionWrong, match="longest=0 learns nothing, and no rules are given"):
        KeywordEngine.from_options({"longest": "0"})


def test_the_file_is_the_same_to_the_byte_in_every_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.unit.nlu.engines.test_keyword import LESSON, trained\n"
        "trained(Path(sys.argv[1]), LESSON)"
    )
    files = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        ran = subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        files.append((folder / RULES_FILE).read_bytes())
    assert files[0] == files[1]
