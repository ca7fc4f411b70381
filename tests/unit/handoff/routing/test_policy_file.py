"""A policy's file: every mistake is told with its line, and what ships is whole."""

from datetime import timedelta
from pathlib import Path

import pytest

from balie.handoff.routing import policy_file
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.policy_file import MAX_BYTES, parse_duration, parse_policy, version_of
from balie.handoff.routing.steps import STEPS
from balie.kit.strict_yaml import FileMistake

HEAD = "version: 1\nrules:\n"
STEP = "  - step: faq_answer\n"

MISTAKES = [
    ("rules: []\n", "policy: line 1, version: is missing"),
    ("version: 1\n", "policy: line 1, rules: is missing"),
    ("version: 1\nrules: []\n", "policy: line 2, rules: Tuple should have at least 1 item"),
    (HEAD + "  - step: faq\n", "policy: line 3, rules.0: knows no step 'faq'; they are nlu_unavailable"),
    (
        HEAD + STEP + "    answer: {reply: hi}\n",
        "policy: line 3, rules.0: has step and answer: give it exactly one",
    ),
    (HEAD + STEP + "  - name: idle\n    when: {waiting: true}\n", "policy: line 4, rules.1: has no action"),
    (HEAD + "  - escalate: {}\n    when: {waiting: true}\n", "policy: line 3, rules.0: needs a name"),
    (HEAD + "  - name: all\n    escalate: {}\n", "policy: line 3, rules.0: would always decide"),
    (HEAD + STEP + STEP, "policy: line 1: the rule 'faq_answer' stands twice"),
    (
        HEAD + STEP + "    when:\n      intent: [fares]\n",
        "policy: line 5, rules.0.when.intent: is no key that is known here",
    ),
    (
        HEAD + STEP + "    when:\n      questions: many\n",
        "policy: line 5, rules.0.when.questions: Input should be a valid integer",
    ),
    (
        HEAD + "  - name: a\n    when: {waiting: true}\n    escalate: {queue: no spaces}\n",
        "policy: line 5, rules.0.escalate.queue: String should match",
    ),
    (
        HEAD + "  - name: a\n    when: {waiting: true}\n    escalate: {priority: 101}\n",
        "policy: line 5, rules.0.escalate.priority: Input should be less",
    ),
    (
        "version: 1\nguards:\n  bot_replies: {at_most: 9, within: soon}\nrules:\n" + STEP,
        "policy: line 3, guards.bot_replies.within: must be a number and s, m, h or d",
    ),
    (
        "version: 1\nlimits:\n  options: 4\nrules:\n" + STEP,
        "policy: line 3, limits.options: Input should be less than or equal to 3",
    ),
    ("version: 1\nversion: 2\nrules:\n" + STEP, "policy: line 2: the key version stands twice"),
    (HEAD + "\t- step: faq_answer\n", "policy: line 3"),
    ("version: [1]\nrules:\n" + STEP, "policy: line 1, version: Input should be a valid string"),
    ("- step: faq_answer\n", "policy: must be a mapping"),
]


@pytest.mark.parametrize(("content", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told_with_its_line(content: str, told: str) -> None:
    with pytest.raises(FileMistake) as mistake:
        parse_policy(content.encode(), "policy")
    assert str(mistake.value).startswith(told)


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(FileMistake, match=f"at most {MAX_BYTES} are allowed"):
        parse_policy(b"#" * (MAX_BYTES + 1), "policy")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileMistake, match="cannot be read: No such file"):
        policy_file.load(tmp_path / "policy.yaml")


def test_what_ships_takes_every_step_once() -> None:
    file, _ = policy_file.default()
    assert sorted(rule.step for rule in file.rules if rule.step) == sorted(STEPS)


def test_a_decision_names_the_files_own_version_and_its_content() -> None:
    one, other = (HEAD + STEP).encode(), (HEAD + STEP + "# more\n").encode()
    versions = {version_of(parse_policy(content, "policy"), content) for content in (one, other)}
    assert len(versions) == 2
    assert all(version.startswith("1-") for version in versions)
    assert Policy.parse(one, "policy").version in versions


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("10m", 600), ("1 h", 3600), ("2d", 172_800), ("30d", 2_592_000)]
)
def test_durations(written: str, seconds: int) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "10", "ten minutes", "0s", "31d", "-1h", "1.5h", 10, None])
def test_refuses_other_durations(written: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_duration(written)
