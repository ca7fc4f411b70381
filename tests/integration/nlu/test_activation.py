"""Activation while messages come in: none fails, none waits long, and memory stays where it was."""

import asyncio
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.model_desk import FERRY, ModelDesk, model_desk, settings_of, use_fake_engines
from tests.integration.nlu.activation_under_load import measure, percentile
from tests.unit.nlu.sample import intents_file

from balie.kit.testing import serve
from balie.nlu.app import lifespan
from balie.nlu.models.memory import resident_bytes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MB = 1 << 20
MODEL_MB = 48


@pytest.fixture
def _fake_engines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_engines(patch)
        yield


@pytest.mark.usefixtures("_fake_engines")
async def test_ten_activations_of_large_models_do_not_grow_the_memory(tmp_path: Path) -> None:
    async with model_desk(settings_of(tmp_path)) as desk:
        options = {"megabytes": str(MODEL_MB)}
        first, second = await desk.train(FERRY, options), await desk.train(FERRY[:18], options)
        assert first.facts.loaded_bytes > MODEL_MB * MB * 0.9
        for model in (first, second):
            await desk.activate(model.version)
        before, seen = resident_bytes(), []
        for turn in range(10):
            await desk.activate((first, second)[turn % 2].version)
            seen.append(resident_bytes())
    assert statistics.median(seen) < before + MODEL_MB * MB / 2
    assert seen[-1] < before + MODEL_MB * MB / 2


async def test_activating_under_load_is_not_felt(tmp_path: Path) -> None:
    figures = await measure(intents=intents_file(tmp_path), activations=12, in_flight=4, pause_seconds=1.0)
    assert figures.failed == 0
    assert len(figures.activations) == 12
    assert percentile(figures.during, 0.99) <= 2 * percentile(figures.between, 0.99)
    before, after = figures.megabytes[0], statistics.median(figures.megabytes[-3:])
    assert after <= 1.1 * before
    assert max(figures.megabytes) <= 1.1 * before


@pytest.mark.usefixtures("_fake_engines")
async def test_the_program_in_the_docs_trains_and_activates(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    program = guide.split("```python\n")[1].split("```")[0]
    async with serve(lifespan(settings_of(tmp_path))) as served:
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program.replace("127.0.0.1:50052", served.address)),
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await ran.communicate()
        desk = ModelDesk(served.channel)
        assert (await desk.get()).model.display_name == "mine"
    assert ran.returncode == 0
    assert told.decode().splitlines()[-1] == "100% done"
