import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.nlu.trained import job_of, trained

from balie.nlu.artifacts import Artifact, open_artifact
from balie.nlu.example_lines import chunks, examples_of
from balie.nlu.examples import Example, Examples
from balie.nlu.jobs import Job
from balie.nlu.models.domain import FailureReason
from balie.nlu.models.process import training
from balie.nlu.training import NICENESS, Line


@pytest.fixture
def mine(job: Job, tmp_path: Path) -> Job:
    """The sample job, with an empty folder of its own."""
    (tmp_path / "model").mkdir()
    return job.model_copy(update={"folder": tmp_path / "model"})


async def lines_of(job: Job, folder: Path) -> list[Line]:
    async with training(job, folder / "job.json") as lines:
        return [line async for line in lines]


def test_learns_the_sample_desk_in_three_languages(artifact: Artifact) -> None:
    assert artifact.manifest.figures["in_scope_accuracy"] >= 0.95
    assert min(artifact.manifest.accuracy_by_language.values()) >= 0.9


def test_the_order_and_the_number_of_the_same_examples_make_no_difference(
    job: Job, artifact: Artifact, tmp_path: Path
) -> None:
    given = list(examples_of(path.read_bytes() for path in job.examples))
    other = Examples([*reversed(given), *given[:7]])
    again = trained(job_of(other, tmp_path, job.encoder.folder, job.task))
    assert again.manifest.origin == artifact.manifest.origin
    assert again.manifest.files == artifact.manifest.files


def test_the_language_is_told_from_the_words_where_nobody_says_it(
    job: Job, artifact: Artifact, tmp_path: Path
) -> None:
    given = examples_of(path.read_bytes() for path in job.examples)
    silent = Examples([Example(one.intent, "", one.text) for one in given])
    again = trained(job_of(silent, tmp_path, job.encoder.folder, job.task))
    assert set(again.manifest.accuracy_by_language) == {"nl", "de", "en"}
    assert again.manifest.figures["in_scope_accuracy"] == artifact.manifest.figures["in_scope_accuracy"]


def test_examples_survive_being_packed() -> None:
    items = [
        Example("a", "nl", "één 🚲\nregel"),
        Example("oos", "", "\ud800 half a sign"),
        Example("b", "de", "x"),
    ]
    assert list(examples_of(chunks(items))) == items
    with pytest.raises(ValueError, match="no chunk"):
        list(examples_of([b"nonsense"]))


def test_many_examples_make_several_chunks() -> None:
    items = [Example("a", "nl", f"{number} " * 100) for number in range(6000)]
    packed = list(chunks(items))
    assert len(packed) > 1
    assert list(examples_of(packed)) == items


async def test_the_process_tells_its_progress_and_writes_the_model(
    mine: Job, artifact: Artifact, tmp_path: Path
) -> None:
    lines = await lines_of(mine, tmp_path)
    shares = [line.share for line in lines[:-1]]
    assert shares == sorted(shares)
    assert {"encoding the examples", "cross-validating", "calibrating"} <= {line.step for line in lines}
    manifest = lines[-1].manifest
    assert manifest is not None
    assert manifest == open_artifact(mine.folder).manifest
    assert manifest.origin == artifact.manifest.origin
    assert manifest.loaded_bytes > 0


@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"engine": "crystal_ball"}, FailureReason.ENGINE_UNAVAILABLE, "known are: embedding"),
        ({"options": {"size": "3"}}, FailureReason.OPTION_INVALID, "option 'size' is unknown"),
    ],
)
async def test_the_process_says_what_is_wrong_with_the_engine(
    mine: Job, tmp_path: Path, change: dict[str, object], reason: FailureReason, problem: str
) -> None:
    task = mine.task.model_copy(update=change)
    lines = await lines_of(mine.model_copy(update={"task": task}), tmp_path)
    failure = lines[-1].failure
    assert failure is not None
    assert failure.reason is reason
    assert problem in failure.message


async def test_the_process_says_which_encoder_is_missing(mine: Job, tmp_path: Path) -> None:
    encoder = mine.encoder.model_copy(update={"folder": tmp_path / "none"})
    lines = await lines_of(mine.model_copy(update={"encoder": encoder}), tmp_path)
    assert lines[-1].failure is not None
    assert lines[-1].failure.reason is FailureReason.ENCODER_UNAVAILABLE
    assert str(tmp_path / "none") in lines[-1].failure.message


async def test_a_full_disk_is_told(mine: Job, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lines = await lines_of(mine.model_copy(update={"folder": tmp_path / "file"}), tmp_path)
    assert lines[-1].failure is not None
    assert lines[-1].failure.reason is FailureReason.CANNOT_WRITE


async def test_a_process_that_is_killed_has_an_outcome_too(mine: Job, tmp_path: Path) -> None:
    async with training(mine, tmp_path / "job.json") as lines:
        assert (await anext(lines)).step == "reading the examples"
        (victim,) = children("balie.nlu.training")
        os.kill(victim, signal.SIGKILL)
        last = [line async for line in lines][-1]
    assert last.failure is not None
    assert last.failure.reason is FailureReason.CRASHED
    assert "more memory" in last.failure.message


async def test_giving_up_ends_the_process(mine: Job, tmp_path: Path) -> None:
    async with training(mine, tmp_path / "job.json") as lines:
        await anext(lines)
        assert children("balie.nlu.training")
    await until_there_are_none()


async def test_the_process_gives_way_to_others(mine: Job, tmp_path: Path) -> None:
    async with training(mine, tmp_path / "job.json") as lines:
        await anext(lines)
        (child,) = children("balie.nlu.training")
        assert os.getpriority(os.PRIO_PROCESS, child) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS


async def test_the_process_ends_with_the_one_that_began_it(mine: Job, tmp_path: Path) -> None:
    """Kills the parent as nobody can see it coming."""
    program = """
import asyncio, sys
from pathlib import Path
from balie.nlu.jobs import Job
from balie.nlu.models.process import training
async def main():
    job = Job.model_validate_json(Path(sys.argv[1]).read_text())
    async with training(job, Path(sys.argv[1])) as lines:
        async for line in lines:
            print(line.step, flush=True)
asyncio.run(main())
"""
    (tmp_path / "job.json").write_text(mine.model_dump_json())
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "job.json"], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert await asyncio.to_thread(parent.stdout.readline)
        (child,) = children("balie.nlu.training", of=parent.pid)
        assert child
        parent.kill()
        await asyncio.to_thread(parent.wait)
    await until_there_are_none(pid=child)


def children(module: str, of: int | None = None) -> Sequence[int]:
    """Returns the processes of a module that a process, this one by default, has started itself."""
    mine = of or os.getpid()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            command = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == mine and module.encode() in command:
            found.append(int(path.name))
    return found


async def until_there_are_none(pid: int | None = None) -> None:
    while children("balie.nlu.training") if pid is None else Path(f"/proc/{pid}").exists():
        await asyncio.sleep(0.02)
