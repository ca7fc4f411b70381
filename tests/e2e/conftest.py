"""Running desks for end-to-end tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.desk import RunningDesk, filled_copy
from tests.encoder_fixture import encoder_folder

MakeDesk = Callable[..., RunningDesk]


@pytest.fixture(scope="session")
def encoder() -> Path:
    return encoder_folder()


@pytest.fixture(scope="session")
def filled_data(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    """The data folder of a desk that was started, filled with the sample ferry line, and stopped."""
    data = tmp_path_factory.mktemp("filled") / "data"
    desk = RunningDesk(data, encoder)
    try:
        desk.start()
        desk.fill()
    finally:
        codes = desk.stop()
    assert set(codes.values()) == {0}, desk.logs()[-3000:]
    return data


@pytest.fixture(scope="session")
def shared_desk(
    filled_data: Path, tmp_path_factory: pytest.TempPathFactory, encoder: Path
) -> Iterator[RunningDesk]:
    """A running desk for tests that kill nothing and leave others' conversations alone."""
    desk = RunningDesk(filled_copy(filled_data, tmp_path_factory.mktemp("shared") / "data"), encoder)
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture
def make_desk(filled_data: Path, tmp_path: Path, encoder: Path) -> Iterator[MakeDesk]:
    """Makes running desks of the test's own, to kill; overrides are settings by service."""
    made: list[RunningDesk] = []

    def make(**overrides: dict[str, str]) -> RunningDesk:
        desk = RunningDesk(filled_copy(filled_data, tmp_path / f"desk-{len(made)}"), encoder, **overrides)
        made.append(desk)
        desk.start()
        return desk

    yield make
    for desk in made:
        desk.stop()
