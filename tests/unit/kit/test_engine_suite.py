"""The suite for engines finds what is wrong with one, and says so that its author knows what to change."""

from typing import Any

import pytest
from tests.unit.kit.faulty_engines import FAULTS, Lenient

from balie.kit.testing.engines import EngineSuite, check_engine
from balie.nlu.engines import port
from balie.nlu.engines.keyword import KeywordEngine


def failure_of(engine: type[Any], check: str) -> str:
    """Runs one check on an engine and returns what it says."""

    class Checked(EngineSuite):
        def engine(self) -> port.Engine:
            made: port.Engine = engine.from_options({})
            return made

    Checked.port = port
    Checked.setup_class()
    try:
        getattr(Checked(), check)()
    except Exception as wrong:  # noqa: BLE001 — an engine may raise anything
        return str(wrong)
    finally:
        Checked.teardown_class()
    return ""


@pytest.mark.parametrize(
    ("engine", "check", "told"),
    FAULTS,
    ids=[f"{place}-{told[:30]}" for place, (_, _, told) in enumerate(FAULTS)],
)
def test_a_broken_promise_is_told(engine: type[Any], check: str, told: str) -> None:
    assert told in failure_of(engine, check)


@pytest.mark.parametrize("check", [name for name in dir(EngineSuite) if name.startswith("test_")])
def test_every_check_passes_what_is_sound_and_fails_some_engine(check: str) -> None:
    assert failure_of(KeywordEngine, check) == ""
    assert check in {failed for _, failed, _ in FAULTS}


def test_all_broken_promises_are_told_at_once() -> None:
    with pytest.raises(AssertionError) as raised:
        check_engine(lambda: Lenient.from_options({"anything": "goes"}), port)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(
        "test_refuses_an_option_that_it_does_not_know: from_options must raise OptionWrong"
    )


def test_a_suite_without_an_engine_says_what_to_write() -> None:
    with pytest.raises(NotImplementedError, match=r"MyEngine\.from_options"):
        EngineSuite().engine()
