"""How texts are split into runs of the model."""

from hypothesis import given
from hypothesis import strategies as st

from balie.encoders.onnx import _MAX_RUN_TOKENS, _RUN_TOKENS, _runs

lengths_of_texts = st.lists(st.integers(2, 256), max_size=60)


def cost(runs: list[list[int]], lengths: list[int]) -> int:
    return sum(_RUN_TOKENS + len(run) * max(lengths[place] for place in run) for run in runs)


@given(lengths_of_texts, st.integers(1, 32))
def test_runs_each_text_once_within_the_limits(lengths: list[int], most_texts: int):
    runs = _runs(lengths, most_texts)

    assert sorted(place for run in runs for place in run) == list(range(len(lengths)))
    assert all(0 < len(run) <= most_texts for run in runs)
    assert all(len(run) * max(lengths[place] for place in run) <= _MAX_RUN_TOKENS for run in runs)


@given(lengths_of_texts)
def test_costs_no_more_than_any_fixed_batch_size(lengths: list[int]):
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    chosen = cost(_runs(lengths, 8), lengths)

    for size in range(1, 9):
        fixed = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        assert chosen <= cost(fixed, lengths)


def test_keeps_a_long_text_apart_from_many_short_ones():
    assert _runs([8] * 7 + [200], 32) == [[7], [0, 1, 2, 3, 4, 5, 6]]


def test_keeps_texts_of_one_length_together():
    assert _runs([16] * 32, 32) == [list(range(32))]
