"""How texts are split into runs of the model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.encoders.onnx import _MAX_RUN_TOKENS, _PAIR_TOKENS, _PLACE_TOKENS, _RUN_TOKENS, _runs

lengths_of_texts = st.lists(st.integers(2, 256), max_size=60)


def cost(runs: list[list[int]], lengths: list[int], *, pads_all: bool) -> float:
    total = 0.0
    for run in runs:
        longest = max(lengths[place] for place in run)
        waste = longest if pads_all else longest * _PLACE_TOKENS + longest**2 * _PAIR_TOKENS
        total += _RUN_TOKENS + len(run) * waste
    return total


@given(lengths_of_texts, st.integers(1, 32), st.booleans())
def test_runs_each_text_once_within_the_limits(lengths: list[int], most_texts: int, pads_all: bool):
    runs = _runs(lengths, most_texts, pads_all=pads_all)

    assert sorted(place for run in runs for place in run) == list(range(len(lengths)))
    assert all(0 < len(run) <= most_texts for run in runs)
    assert all(len(run) * max(lengths[place] for place in run) <= _MAX_RUN_TOKENS for run in runs)


@given(lengths_of_texts, st.booleans())
def test_costs_no_more_than_any_fixed_batch_size(lengths: list[int], pads_all: bool):
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    chosen = cost(_runs(lengths, 8, pads_all=pads_all), lengths, pads_all=pads_all)

    for size in range(1, 9):
        fixed = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        assert chosen <= cost(fixed, lengths, pads_all=pads_all) + 1e-6


@pytest.mark.parametrize("pads_all", [True, False])
def test_keeps_a_long_text_apart_from_many_short_ones(pads_all: bool):
    assert _runs([8] * 7 + [200], 32, pads_all=pads_all) == [[7], [0, 1, 2, 3, 4, 5, 6]]


def test_takes_texts_of_unlike_length_together_where_padding_costs_little():
    assert len(_runs([8, 12, 20, 32], 32)) == 1
    assert len(_runs([8, 12, 20, 32], 32, pads_all=True)) > 1


@pytest.mark.parametrize("pads_all", [True, False])
def test_keeps_texts_of_one_length_together(pads_all: bool):
    assert _runs([16] * 32, 32, pads_all=pads_all) == [list(range(32))]
