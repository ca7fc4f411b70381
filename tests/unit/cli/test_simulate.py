"""`balie simulate`: its options, its figures and its report."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from balie.cli import simulate_check, simulate_scale
from balie.cli.app import app
from balie.cli.simulate_desk import Numbers, of_folder, of_numbers
from balie.cli.simulate_options import Pair, pairs, per_second, recorded, seconds, span
from balie.cli.simulate_report import lasting, share
from balie.handoff.simulation.checks import Case
from balie.handoff.simulation.erlang import Load

SHORT = ("--arrivals", "60/h", "--agents", "6", "--hours", "2", "--runs", "2")


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def balie(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments], catch_exceptions=False)


def figures(*arguments: str) -> dict[str, dict[str, float]]:
    told: dict[str, dict[str, float]] = json.loads(balie(*SHORT, *arguments, "--json").stdout)
    return told


def test_reports_what_contacts_would_meet() -> None:
    told = balie(*SHORT).stdout
    assert "60 contacts an hour for 2 hours, 6:00 min each" in told
    assert "6 agents with 6 places, of which 100 % are needed on average" in told
    for words in ("wait, p50", "wait, p99", "within 1:00 min", "left before", "places taken", "█"):
        assert words in told
    assert "95 % intervals of 2 runs" in told


def test_the_same_seed_tells_the_same_and_another_does_not() -> None:
    assert figures() == figures()
    assert figures() != figures("--seed", "9")


def test_one_run_has_no_interval() -> None:
    assert figures("--runs", "1")["utilisation"]["margin"] is None
    assert "nothing says how sure this is" in balie(*SHORT, "--runs", "1").stdout


def test_who_has_little_patience_leaves() -> None:
    found = figures("--agents", "3", "--patience", "30s", "--spread", "0.5", "--reaction", "5s")
    assert found["left"]["mean"] > 0.2
    assert found["messages_taken"]["mean"] == 0


def test_languages_and_skills_keep_contacts_waiting() -> None:
    few = ("--languages", "nl=0.5,de=0.5/0.2", "--skills", "boats=0.3/0.2")
    assert figures(*few)["mean_wait_seconds"]["mean"] > 2 * figures()["mean_wait_seconds"]["mean"]


def test_compares_the_rules_on_the_same_contacts() -> None:
    arguments = (*SHORT, "--compare", "--chats", "2", "--agents", "3")
    told = json.loads(balie(*arguments, "--json").stdout)
    assert list(told) == ["longest-idle", "highest-spare", "weighted"]
    assert len({one["contacts"] for one in told.values()}) == 1
    table = balie(*arguments).stdout
    assert all(name in table for name in told)


def test_one_rule_can_be_tried() -> None:
    told = json.loads(balie(*SHORT, "--compare", "--agents", "3", "--chats", "2", "--json").stdout)
    assert figures("--agents", "3", "--chats", "2", "--rule", "longest-idle") == told["longest-idle"]


def test_tries_the_sample_desk(tmp_path: Path) -> None:
    from balie.cli.desk import SAMPLE

    told = balie(
        "--desk", str(SAMPLE / "desk.yaml"), "--arrivals", "30/h", "--hours", "1", "--runs", "1"
    ).stdout
    assert "4 agents with 12 places" in told
    queues = balie("--desk", str(SAMPLE), "--queues", "nobody=1", "--runs", "1")
    assert (queues.exit_code, "no queue nobody" in queues.stderr) == (1, True)


def test_tries_what_was_recorded(tmp_path: Path) -> None:
    lines = tmp_path / "asked.txt"
    lines.write_text("2025-05-01T09:00:10+00:00\n2025-05-01T09:00:00Z\n\n1746090060\n")
    assert recorded(lines) == [0, 10, 60]
    listed = tmp_path / "asked.json"
    listed.write_text('[1746090000, "2025-05-01T09:00:30"]')
    assert recorded(listed) == [0, 30]
    told = json.loads(balie("--recorded", str(lines), "--runs", "1", "--json").stdout)
    assert told["contacts"] == 3


@pytest.mark.parametrize("text", ["", "soon", "[1, ", '[{"at": 1}]', "1\nlater"])
def test_refuses_a_file_of_no_moments(tmp_path: Path, text: str) -> None:
    file = tmp_path / "asked"
    file.write_text(text)
    with pytest.raises(typer.BadParameter, match="asked"):
        recorded(file)


def test_reads_rates_durations_and_shares() -> None:
    assert (per_second("1800/h"), per_second("30/min"), per_second("0.5/s")) == (0.5, 0.5, 0.5)
    assert (seconds("6m"), span("none"), span("90s")) == (360, None, 90)
    assert pairs("nl=0.7/1, de=0.3") == {"nl": Pair(0.7, 1), "de": Pair(0.3, 1)}
    assert pairs("") == {}
    for wrong in ("1000", "0/h", "-1/h", "5/day"):
        with pytest.raises(typer.BadParameter):
            per_second(wrong)
    for wrong in ("nl", "nl=", "nl=0", "nl=1.5", "=0.5", "nl=0.5/0", "nl=0.5/x"):
        with pytest.raises(typer.BadParameter):
            pairs(wrong)
    with pytest.raises(typer.BadParameter):
        seconds("soon")


def test_everybody_has_a_language_and_every_skill_is_somebodys() -> None:
    numbers = Numbers(5, 2, 600, languages={"nl": 0.4, "de": 0.1}, skills={"boats": 0.01})
    staffed = of_numbers(numbers)
    assert all(agent.languages for agent in staffed.agents)
    assert sum("boats" in agent.skills for agent in staffed.agents) == 1
    assert of_numbers(numbers) == staffed


def test_a_desk_that_is_wrong_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    for text in ("queues: 3\nagents: 4", "queues: []", "nothing"):
        file.write_text(text)
        with pytest.raises(typer.Exit):
            of_folder(file)


def test_says_times_and_shares_as_people_do() -> None:
    assert [lasting(one) for one in (0.04, 9.96, 59.6, 187, 7500)] == [
        "0.0 s", "10 s", "1:00 min", "3:07 min", "2:05 h",
    ]  # fmt: skip
    assert (share(0.125), lasting(float("nan")), share(float("nan"))) == ("12.5 %", "-", "-")


def test_the_check_says_which_formula_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_check, "CASES", (Case("tiny", Load(1 / 60, 30, 1), None, 20, 3),))
    told = balie("--check")
    assert told.exit_code == 1
    assert "wider than ± 5.0 %" in told.stdout
    assert [one["case"] for one in json.loads(balie("--check", "--json").stdout)] == ["tiny"] * 3


def test_the_scale_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_scale, "_AGENTS", (5, 20))
    monkeypatch.setattr(simulate_scale, "_HANDOFFS", 20)
    assert [one["agents"] for one in json.loads(balie("--scale", "--json").stdout)] == [5, 20]
    assert "finding the agent" in balie("--scale").stdout
