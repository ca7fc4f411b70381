"""The models that engines are made of: what each learns, and what it makes of lessons with next to nothing in them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from balie.nlu.engines.geometry import Gaussian, Neighbours, thinned
from balie.nlu.engines.kernel_model import KernelModel
from balie.nlu.engines.lexical_model import LexicalModel
from balie.nlu.engines.nearest_model import NearestModel
from balie.nlu.engines.ngram_counts import NgramCounts
from balie.nlu.engines.vector_model import VectorModel

Floats = NDArray[np.float32]
Fit = Callable[[Floats, NDArray[np.int64], int], "VectorModel | KernelModel | Gaussian | NearestModel"]

_DIMENSIONS = 12


def _texts(count: int) -> list[str]:
    return [f"text {place}" for place in range(count)]


def _vectors(states: Floats, classes: NDArray[np.int64], count: int) -> VectorModel:
    return VectorModel.fit(states, classes, count)


class _OnFirst:
    """A model of vectors asked as one of states."""

    def __init__(self, model: Gaussian | NearestModel) -> None:
        self._model = model
        self.arrays = model.arrays

    def logits(self, states: Floats) -> Floats:
        return self._model.logits(states[:, 0])

    def of_arrays(self, arrays: dict[str, NDArray[np.generic]]) -> "_OnFirst":
        return _OnFirst(type(self._model).of_arrays(arrays))


FITS = {
    "regression": VectorModel.fit,
    "kernel": lambda states, classes, count: KernelModel.fit(states, classes, count, _texts(len(states))),
    "gaussian": lambda states, classes, count: _OnFirst(Gaussian.fit(states[:, 0], classes, count)),
    "nearest": lambda states, classes, count: _OnFirst(
        NearestModel.fit(states[:, 0], classes, count, _texts(len(states)))
    ),
}
every_model = pytest.mark.parametrize("fit", FITS.values(), ids=FITS.keys())


def clouds(classes: NDArray[np.int64], *, spread: float = 0.1, seed: int = 0) -> Floats:
    """Returns states of length 1, shape (texts, 2, dimensions), each class around a place of its own."""
    chance = np.random.default_rng(seed)
    places = np.random.default_rng(99).normal(size=(8, 2, _DIMENSIONS))
    found = places[classes] + spread * chance.normal(size=(len(classes), 2, _DIMENSIONS))
    return np.asarray(found / np.linalg.norm(found, axis=-1, keepdims=True), np.float32)


@every_model
@pytest.mark.parametrize("present", [(0, 1), (0, 2), (0, 1, 2, 3)])
def test_a_model_tells_clouds_apart(fit: Fit, present: tuple[int, ...]) -> None:
    classes = np.repeat(np.array(present, np.int64), 20)
    model = fit(clouds(classes), classes, 4)
    logits = model.logits(clouds(classes, seed=1))
    assert logits.shape == (len(classes), 4)
    assert logits.dtype == np.float32
    assert (logits.argmax(axis=1) == classes).mean() > 0.95


@every_model
def test_a_class_without_examples_is_never_the_first(fit: Fit) -> None:
    classes = np.repeat(np.array([0, 2], np.int64), 20)
    model = fit(clouds(classes), classes, 4)
    anything = clouds(np.repeat(np.arange(8), 10), seed=2)
    logits = model.logits(anything)
    assert np.isfinite(logits).all()
    assert not set(logits.argmax(axis=1)) - {0, 2}


@every_model
def test_a_class_without_examples_does_not_make_the_spread_of_opinions(fit: Fit) -> None:
    """The mixture makes models comparable by that spread: one class must not drown the others."""
    classes = np.repeat(np.arange(3), 40)
    states = clouds(classes, spread=0.4)
    some, with_absent = fit(states, classes, 3), fit(states, classes, 4)
    assert with_absent.logits(states).std() < 3 * some.logits(states).std()


@every_model
def test_one_class_is_always_the_first(fit: Fit) -> None:
    classes = np.full(10, 1, np.int64)
    logits = fit(clouds(classes), classes, 3).logits(clouds(np.arange(8), seed=1))
    assert np.isfinite(logits).all()
    assert (logits.argmax(axis=1) == 1).all()


@every_model
def test_an_example_alone_in_its_class_is_learned_from(fit: Fit) -> None:
    classes = np.array([*[0] * 20, 1], np.int64)
    logits = fit(clouds(classes, spread=0.05), classes, 2).logits(
        clouds(np.array([1] * 5), spread=0.05, seed=3)
    )
    assert np.isfinite(logits).all()
    others = fit(clouds(classes, spread=0.05), classes, 2).logits(
        clouds(np.array([0] * 5), spread=0.05, seed=3)
    )
    lead, other_lead = logits[:, 1] - logits[:, 0], others[:, 1] - others[:, 0]
    assert lead.min() > other_lead.max()


@every_model
def test_equal_examples_break_nothing(fit: Fit) -> None:
    classes = np.array([0, 1] * 5, np.int64)
    states = np.repeat(clouds(np.array([3])), 10, axis=0)
    model = fit(states, classes, 2)
    assert np.isfinite(model.logits(states)).all()
    assert np.isfinite(model.logits(clouds(np.arange(8)))).all()


@every_model
def test_a_model_that_was_stored_is_the_same(fit: Fit) -> None:
    classes = np.repeat(np.arange(3), 10)
    model = fit(clouds(classes), classes, 4)
    again = model.of_arrays(dict(model.arrays()))
    asked = clouds(np.arange(8))
    assert np.array_equal(model.logits(asked), again.logits(asked))


def test_a_kernel_bends_around_examples_where_no_plane_parts_them() -> None:
    chance = np.random.default_rng(0)
    corner = chance.integers(0, 2, (400, 2)) * 2 - 1
    states = np.zeros((400, 1, _DIMENSIONS), np.float32)
    states[:, 0, :2] = corner + 0.3 * chance.normal(size=(400, 2))
    states[:, 0, 2] = 1.0
    states /= np.linalg.norm(states, axis=-1, keepdims=True)
    classes = (corner[:, 0] == corner[:, 1]).astype(np.int64)
    learned, asked = np.arange(200), np.arange(200, 400)
    right = {}
    for kind, model in {
        "kernel": KernelModel.fit(states[learned], classes[learned], 2, _texts(200)),
        "plane": VectorModel.fit(states[learned], classes[learned], 2),
    }.items():
        right[kind] = float((model.logits(states[asked]).argmax(axis=1) == classes[asked]).mean())
    assert right["kernel"] > 0.95
    assert right["plane"] < 0.8


def test_a_kernel_with_little_room_keeps_the_directions_that_tell_classes_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classes = np.repeat(np.arange(3), 40)
    states = clouds(classes)
    whole = KernelModel.fit(states, classes, 3, _texts(len(classes)))
    monkeypatch.setattr("balie.nlu.engines.kernel_model._ROOM", 4 * len(classes))
    small = KernelModel.fit(states, classes, 3, _texts(len(classes)))
    assert whole.arrays()["examples"].shape == (len(classes), 2 * _DIMENSIONS)
    assert small.arrays()["examples"].shape == (len(classes), 4)
    asked = clouds(classes, seed=1)
    assert (small.logits(asked).argmax(axis=1) == classes).all()
    assert np.array_equal(small.logits(asked), KernelModel.of_arrays(dict(small.arrays())).logits(asked))


def test_a_kernel_learns_from_no_more_examples_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("balie.nlu.engines.kernel_model._MOST_EXAMPLES", 40)
    classes = np.array([0] * 90 + [1] * 10)
    model = KernelModel.fit(clouds(classes), classes, 2, _texts(100))
    assert len(model.arrays()["examples"]) == 20 + 10
    assert (model.logits(clouds(classes, seed=1)).argmax(axis=1) == classes).all()


def test_a_single_text_is_a_gaussian_too() -> None:
    states = clouds(np.array([0]))
    model = Gaussian.fit(states[:, 0], np.array([0]), 2)
    near = model.logits(states[:, 0])
    assert np.isfinite(model.nearness(states[:, 0], near)).all()


def test_what_lies_far_from_every_class_is_less_near() -> None:
    classes = np.repeat(np.arange(4), 40)
    model = Gaussian.fit(clouds(classes)[:, 0], classes, 4)

    def nearness(asked: Floats) -> Floats:
        return model.nearness(asked, model.logits(asked))

    inside, outside = clouds(classes, seed=1)[:, 0], clouds(np.repeat(np.arange(4, 8), 40), seed=1)[:, 0]
    assert nearness(inside).min() > nearness(outside).max()


def test_nearness_to_neighbours_is_the_mean_cosine_of_the_nearest_three() -> None:
    vectors = np.eye(4, dtype=np.float32)
    model = Neighbours.fit(vectors, np.zeros(4, np.int64), _texts(4))
    asked = np.array([[0.8, 0.6, 0.0, 0.0]], np.float32)
    assert model.nearness(asked)[0] == pytest.approx((0.8 + 0.6 + 0.0) / 3, abs=1e-6)


def test_fewer_neighbours_than_three_are_all_of_them() -> None:
    model = Neighbours.fit(np.eye(2, dtype=np.float32), np.zeros(2, np.int64), _texts(2))
    assert model.nearness(np.array([[1.0, 0.0]], np.float32))[0] == pytest.approx(0.5)
    again = Neighbours.of_arrays(model.arrays())
    assert again.nearness(np.array([[1.0, 0.0]], np.float32))[0] == pytest.approx(0.5)


def test_too_many_neighbours_are_thinned_evenly_and_alike_in_any_order() -> None:
    classes = np.array([0] * 6000 + [1] * 100)
    texts = _texts(len(classes))
    kept = thinned(classes, texts)
    assert np.bincount(classes[kept]).tolist() == [2048, 100]
    order = np.random.default_rng(0).permutation(len(texts))
    again = thinned(classes[order], [texts[place] for place in order])
    assert [texts[place] for place in kept] == [texts[order[place]] for place in again]


def test_the_nearest_example_of_each_class_counts() -> None:
    vectors = np.eye(4, dtype=np.float32)
    model = NearestModel.fit(vectors, np.array([2, 0, 2, 0]), 3, _texts(4))
    logits = model.logits(np.array([[0.6, 0.0, 0.8, 0.0]], np.float32))
    assert logits[0] == pytest.approx([0.0, -1.0, 0.8], abs=1e-3)


TAUGHT = {
    "bike": ["mag mijn fiets mee", "een fietskaartje", "kosten van een fiets"],
    "hours": ["hoe laat open", "wat zijn de openingstijden", "tot hoe laat open"],
    "wifi": ["is er wifi", "wachtwoord van de wifi", "wifi werkt niet"],
}


def letters(*names: str) -> tuple[NgramCounts, NDArray[np.int64]]:
    texts = [text for name in names for text in TAUGHT[name]]
    classes = [list(TAUGHT).index(name) for name in names for _ in TAUGHT[name]]
    return NgramCounts.of(texts), np.array(classes, np.int64)


@pytest.mark.parametrize("names", [("bike", "hours"), ("bike", "wifi"), ("bike", "hours", "wifi")])
def test_letters_tell_classes_apart(names: tuple[str, ...]) -> None:
    model = LexicalModel.fit(*letters(*names), 3)
    first = {name: int(model.margins([TAUGHT[name][1]])[0].argmax()) for name in names}
    assert first == {name: list(TAUGHT).index(name) for name in names}
    assert model.margins(["kaartje voor de fietsen"])[0].argmax() == 0
    absent = set(range(3)) - set(first.values())
    assert not absent & set(model.margins(["", "?", "qqq", "openbaar vervoer"]).argmax(axis=1))


def test_letters_of_one_class_are_always_that_class() -> None:
    model = LexicalModel.fit(*letters("hours"), 3)
    assert (model.margins(["hoe laat", "", "😀"]).argmax(axis=1) == 1).all()


def test_letters_are_learned_from_even_where_there_are_none() -> None:
    model = LexicalModel.fit(NgramCounts.of(["?", "😀"]), np.array([0, 1]), 2)
    assert np.isfinite(model.margins(["?", "fiets"])).all()


def test_margins_of_counted_texts_are_those_of_reading_them() -> None:
    counts, classes = letters(*TAUGHT)
    model = LexicalModel.fit(counts, classes, 3)
    texts = [text for taught in TAUGHT.values() for text in taught]
    assert np.allclose(model.margins_of(counts), model.margins(texts), atol=1e-4)
    again = LexicalModel.of_arrays(model.arrays())
    assert np.array_equal(again.margins(texts), model.margins(texts))
    with pytest.raises(ValueError, match="just fitted"):
        again.margins_of(counts)
