"""The list of public sets."""

from pathlib import Path

import pytest

from balie.nlu.evaluation.benchmark.published import SOURCES
from balie.nlu.evaluation.benchmark.sets import ROWS, FewShotRow, PromiseRow, SetRow, names, row_of
from balie.nlu.training_data import read_messages

DATA = Path(__file__).parents[6] / "shared" / "data"


def test_every_row_has_a_name_of_its_own():
    assert len(set(names())) == len(ROWS)
    assert all(row_of(row.name) is row for row in ROWS)


def test_promises_are_tried_on_sets_of_the_list():
    for row in ROWS:
        if isinstance(row, PromiseRow):
            assert isinstance(row_of(row.of), SetRow)


def test_a_set_has_either_a_file_to_judge_or_folds():
    for row in ROWS:
        if isinstance(row, SetRow):
            assert bool(row.test) != bool(row.folds)


def test_what_is_published_is_a_share_with_a_source():
    for row in ROWS:
        for one in getattr(row, "others", ()):
            assert one.source in SOURCES
            assert 0 < one.accuracy < 1
            assert one.oos_recall is None or 0 <= one.oos_recall < 1


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the evaluation data are not beside the checkout")
@pytest.mark.parametrize("name", [row.name for row in ROWS if not isinstance(row, PromiseRow)])
def test_the_files_of_a_row_are_there_and_hold_its_language(name: str):
    row = row_of(name)
    assert isinstance(row, SetRow | FewShotRow)
    files = ["train.jsonl"] if isinstance(row, FewShotRow) or row.folds else ["train.jsonl", row.test]
    for file in files:
        path = DATA / "intents" / row.folder / file
        assert path.is_file()
        if path.stat().st_size < 200_000:
            assert len(read_messages(path, [row.language]).items) > 0
