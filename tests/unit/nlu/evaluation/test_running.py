"""Evaluations from files, with an engine that is trained and calibrated as the service does it."""

import json
from pathlib import Path

import pytest
from tests.unit.nlu.evaluation.desk import examples, rows, teacher, write

from balie.nlu.calibrating import Promise
from balie.nlu.errors import DataFileWrong
from balie.nlu.evaluation.running import Evaluation, Plan, judged, run
from balie.nlu.verdicts import NEVER

TEST = [
    ("are you open on monday", "opening_hours"),
    ("please cancel it", "cancel_order"),
    ("i want a refund", "refund"),
    ("money back", "cancel_order"),
    ("sing a song", "oos"),
]


def silent(_step: str, _share: float) -> None:
    pass


def evaluate(plan: Plan, promise: Promise = Promise(max_wrong=0.2)) -> Evaluation:  # noqa: B008  frozen
    return run(plan, teacher(promise), silent)


def test_judges_messages_that_it_has_not_seen(tmp_path: Path):
    plan = Plan(
        [write(tmp_path / "train.jsonl", rows())], [write(tmp_path / "test.jsonl", TEST)], resamples=50
    )

    found = evaluate(plan)

    assert found.measured.figures["in_scope_accuracy"] == pytest.approx(3 / 4)
    assert found.measured.figures["wrong_rate"] == pytest.approx(1 / 4)
    assert found.measured.figures["oos_recall"] == 1.0
    assert found.calibration_version.startswith("ltt.")
    assert 0 < found.thresholds["match"] < NEVER
    assert (found.data["train"].messages, found.data["test"].out_of_scope) == (120, 1)
    assert found.train_seconds > 0
    assert found.milliseconds_per_message > 0
    assert found.peak_memory_mb > 10


def test_what_it_tells_is_json(tmp_path: Path):
    plan = Plan(
        [write(tmp_path / "train.jsonl", rows())], [write(tmp_path / "test.jsonl", TEST)], resamples=20
    )

    told = json.loads(json.dumps(evaluate(plan).as_dict(), allow_nan=False))

    keys = "accuracy in_scope_accuracy macro_f1 oos_auroc oos_recall oos_recall_at_5 ece coverage in_scope_coverage"
    assert {*keys.split(), "wrong_rate"} <= told.keys()
    assert {*keys.split()} <= told["intervals"].keys()
    assert {"thresholds", "calibration_version", "train_seconds", "milliseconds_per_message"} <= told.keys()
    assert told["per_intent"][0].keys() >= {"intent", "precision", "recall", "f1", "support"}
    assert told["confusions"] == [{"truth": "cancel_order", "predicted": "refund", "count": 1, "accepted": 1}]
    assert len(told["data_fingerprint"]) == 64
    assert told["encoder_fingerprint"] == ""


def test_folds_judge_every_example_once_by_a_model_that_has_not_seen_it(tmp_path: Path):
    wanted = rows(out_of_scope=30)

    found = evaluate(Plan([write(tmp_path / "train.jsonl", wanted)], folds=4, resamples=20))

    assert [message.text for message in found.outcome.messages] == [text for text, _ in wanted]
    assert found.measured.figures["in_scope_accuracy"] == 1.0
    assert found.calibration_version.count(",") == 3
    known = {"annul today": "refund"}  # right if it were seen
    turned = [(text, known.get(text, intent)) for text, intent in wanted]
    lied = evaluate(Plan([write(tmp_path / "lied.jsonl", turned)], folds=4, resamples=20))
    assert [one.count for one in lied.measured.confusions if one.truth == "refund"] == [1]


def test_the_same_words_for_one_intent_are_learned_once_and_judged_as_often_as_they_come(tmp_path: Path):
    wanted = rows() + [("open today", "opening_hours")] * 3

    found = evaluate(Plan([write(tmp_path / "train.jsonl", wanted)], folds=2, resamples=20))

    assert len(found.outcome.messages) == 123


def test_thresholds_are_learned_from_valid_where_it_is_named(tmp_path: Path):
    train, test = write(tmp_path / "train.jsonl", rows()), write(tmp_path / "test.jsonl", TEST)
    noisy = [(text, "refund") for text, _ in rows()]  # two in three are wrong

    plain = evaluate(Plan([train], [test], resamples=20))
    severe = evaluate(Plan([train], [test], valid=[write(tmp_path / "valid.jsonl", noisy)], resamples=20))

    assert severe.thresholds["match"] > plain.thresholds["match"]
    assert severe.data["valid"].messages == 120


def test_an_expected_share_without_an_example_of_it_promises_nothing(tmp_path: Path):
    plan = Plan(
        [write(tmp_path / "train.jsonl", rows())], [write(tmp_path / "test.jsonl", TEST)], resamples=20
    )

    found = evaluate(plan, Promise(max_wrong=0.2, expected_out_of_scope=0.3))

    assert found.thresholds["match"] == NEVER
    assert found.measured.figures["coverage"] == 0.0
    assert found.measured.figures["accuracy"] == pytest.approx(1 / 5)


def test_says_which_intents_were_not_learned(tmp_path: Path):
    test = write(
        tmp_path / "test.jsonl", [("hello", "greeting"), ("good day", "greeting"), ("open", "opening_hours")]
    )

    found = evaluate(Plan([write(tmp_path / "train.jsonl", rows())], [test], resamples=20))

    assert found.notes == ["2 messages count as out of scope, as their intents were not learned: greeting"]


def test_leaves_out_other_languages_and_says_so(tmp_path: Path):
    train = write(tmp_path / "train.jsonl", rows())
    test = write(tmp_path / "test.jsonl", TEST)
    with test.open("a", encoding="utf-8") as file:
        file.write('{"text": "ouvert", "label": "opening_hours", "lang": "fr"}\n')

    found = evaluate(Plan([train], [test], languages=["en"], resamples=20))

    assert len(found.outcome.messages) == 5
    assert "fr (1)" in found.notes[0]


@pytest.mark.parametrize(
    ("wanted", "folds", "message"),
    [
        ([("a", "x"), ("b", "x")], 0, "two intents at least are needed"),
        ([("a", "oos"), ("b", "oos")], 0, "two intents at least are needed"),
        ([("same", "x"), ("same", "y")], 3, "all examples are the same words"),
    ],
)
def test_refuses_what_nothing_can_be_learned_from(
    tmp_path: Path, wanted: list[tuple[str, str]], folds: int, message: str
):
    test = [] if folds else [write(tmp_path / "test.jsonl", TEST)]
    with pytest.raises(DataFileWrong, match=message):
        evaluate(Plan([write(tmp_path / "train.jsonl", wanted)], test, folds=folds))


def test_tells_how_far_it_is(tmp_path: Path):
    told: list[tuple[str, float]] = []
    plan = Plan([write(tmp_path / "train.jsonl", rows())], folds=2, resamples=20)

    run(plan, teacher(), lambda step, share: told.append((step, share)))

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0.0 == shares[0] < shares[-1] <= 1.0
    assert any(step.startswith("fold 2 of 2: ") for step, _ in told)


def test_what_is_judged_need_not_be_read_from_files():
    found = judged(teacher(), examples(rows()), (), examples(TEST), silent)

    assert found.outcome.intents == ["cancel_order", "opening_hours", "refund"]
    assert found.outcome.right.tolist() == [True, True, True, False, False]
