"""The vectors of entries: stable ids, removal that removes, and every entry once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.index.faiss_flat import FlatIndex
from balie.faq.index.port import SLOTS, Hit

D = 8


def unit(*values: float) -> np.ndarray:
    vector = np.zeros(D, np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


X, Y, Z = unit(1), unit(0, 1), unit(0, 0, 1)


def index(**entries: list[np.ndarray]) -> FlatIndex:
    made = FlatIndex.empty(D)
    made.replace((), {int(name[1:]): rows for name, rows in entries.items()})
    return made


def test_ranks_by_cosine_similarity() -> None:
    hits = index(e1=[X], e2=[Y], e3=[unit(1, 1)]).search(unit(1, 0.1), 3)
    assert [hit.number for hit in hits] == [1, 3, 2]
    assert [hit.score for hit in hits] == pytest.approx([0.995037, 0.773957, 0.099504], abs=2e-6)


def test_counts_an_entry_once_however_many_vectors_match() -> None:
    near = [unit(1, step / 1000) for step in range(200)]
    hits = index(e1=near, e2=[unit(1, 1)], e3=[Y]).search(X, 3)
    assert [hit.number for hit in hits] == [1, 2, 3]


def test_says_which_vector_was_nearest() -> None:
    assert index(e7=[X, Y, Z]).search(Y, 1) == [Hit(7, 1, 1.0)]


def test_gives_all_that_tie_with_the_last() -> None:
    many = {f"e{number}": [X] for number in range(1, 41)}
    hits = index(**many, e99=[Y]).search(X, 2)
    assert {hit.number for hit in hits} == set(range(1, 41))


def test_finds_nothing_in_an_empty_index() -> None:
    assert index().search(X, 5) == []


def test_a_removed_entry_is_gone_and_the_others_keep_their_ids() -> None:
    made = index(e1=[X, Y], e2=[Z], e3=[unit(1, 1)])
    made.replace([1], {})
    assert made.ids() == [2 * SLOTS, 3 * SLOTS]
    assert [hit.number for hit in made.search(X, 5)] == [3, 2]
    assert made.search(Z, 1) == [Hit(2, 0, 1.0)]


def test_a_replaced_entry_has_its_new_vectors_alone() -> None:
    made = index(e1=[X, Y, Z], e2=[Z])
    made.replace((), {1: [unit(0, 0, 0, 1)]})
    assert made.ids() == [SLOTS, 2 * SLOTS]
    assert made.search(X, 1)[0].score == 0.0


def test_passes_over_the_removal_of_what_is_not_there() -> None:
    made = index(e1=[X])
    made.replace([2, 3], {})
    assert made.ids() == [SLOTS]


def test_holds_as_many_vectors_of_an_entry_as_the_contract_allows() -> None:
    rows = [unit(1, number) for number in range(2020)]
    made = index(e1=rows, e2=[Y])
    assert len(made) == 2021
    assert made.ids()[-2:] == [SLOTS + 2019, 2 * SLOTS]


def test_holds_the_largest_numbers() -> None:
    number = 2**52 - 1
    made = FlatIndex.empty(D)
    made.replace((), {number: [X, Y]})
    assert made.search(Y, 1) == [Hit(number, 1, 1.0)]
    made.replace([number], {})
    assert len(made) == 0


def test_a_snapshot_holds_every_vector_beside_its_entry() -> None:
    made = index(e5=[X, Y], e2=[Z])
    made.replace([5], {9: [unit(1, 1)]})
    made.replace((), {5: [Y]})
    snapshot = made.snapshot()
    assert snapshot.numbers.tolist() == [2, 5, 9]
    assert np.allclose(snapshot.vectors, [Z, Y, unit(1, 1)])


ROWS = st.lists(st.tuples(*[st.integers(-3, 3)] * 3).filter(any), min_size=1, max_size=4)
STEPS = st.lists(st.tuples(st.integers(1, 8), st.none() | ROWS), max_size=30)


@given(STEPS, st.tuples(*[st.integers(-3, 3)] * 3).filter(any), st.integers(1, 10))
def test_finds_what_comparing_with_everything_finds(
    steps: list[tuple[int, list[tuple[int, ...]] | None]], query: tuple[int, ...], top: int
) -> None:
    made, model = FlatIndex.empty(D), dict[int, list[np.ndarray]]()
    for number, rows in steps:
        if rows is None:
            made.replace([number], {})
            model.pop(number, None)
        else:
            vectors = [unit(*row) for row in rows]
            made.replace((), {number: vectors})
            model[number] = vectors
    scores = {number: max(float(unit(*query) @ row) for row in rows) for number, rows in model.items()}
    hits = made.search(unit(*query), top)
    assert len({hit.number for hit in hits}) == len(hits) >= min(top, len(model))
    assert [hit.score for hit in hits] == pytest.approx([scores[hit.number] for hit in hits], abs=2e-6)
    best = sorted(scores.values(), reverse=True)[: len(hits)]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=2e-6)
