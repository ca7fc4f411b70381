import numpy as np
import pytest

from balie.nlu.intents import IntentModel, Weights, phrase_hash, softmax
from balie.nlu.lexical import BUCKETS, ngrams


def weights(**changes: object) -> Weights:
    """Two intents and out of scope; the first number of a vector speaks for `b`, the second for `a`."""
    known = sorted([(phrase_hash("dank je"), 0), (phrase_hash("pannenkoek"), 2)])
    parts: dict[str, object] = {
        "dense": np.array([[0, 4, 0], [4, 0, 0]], np.float32),
        "lexical": np.zeros((BUCKETS, 3), np.float32),
        "idf": np.ones(BUCKETS, np.float32),
        "bias": np.zeros(3, np.float32),
        "phrases": np.array([number for number, _ in known], np.uint64),
        "phrase_classes": np.array([place for _, place in known], np.int32),
    }
    return Weights(**(parts | changes))  # type: ignore[arg-type]


def ranked(model: IntentModel, vector: list[float], text: str) -> list[tuple[str, float]]:
    (scores,) = model.scores(np.array([vector], np.float32), [model.wording(text)])
    return [(intent.name, intent.score) for intent in model.ranked(scores, 10)]


@pytest.fixture
def model() -> IntentModel:
    return IntentModel(["a", "b"], weights())


def test_ranks_by_the_embedding(model: IntentModel) -> None:
    assert [name for name, _ in ranked(model, [1, 0], "iets")] == ["b", "a"]
    assert [name for name, _ in ranked(model, [0, 1], "iets")] == ["a", "b"]


def test_ties_are_ranked_by_name(model: IntentModel) -> None:
    assert [name for name, _ in ranked(model, [0, 0], "iets")] == ["a", "b"]


def test_what_is_out_of_scope_takes_its_share_and_is_not_listed(model: IntentModel) -> None:
    scores = dict(ranked(model, [0, 0], "iets"))
    assert scores == {"a": pytest.approx(1 / 3), "b": pytest.approx(1 / 3)}


def test_letters_count_scaled_to_one_length() -> None:
    lexical = np.zeros((BUCKETS, 3), np.float32)
    lexical[ngrams("fiets")] = [3, 0, 0]
    model = IntentModel(["a", "b"], weights(lexical=lexical))
    count = ngrams("fiets").size
    assert model.wording("fiets").logits[0] == pytest.approx(3 * count / count**0.5)
    assert ranked(model, [0, 0], "fiets")[0][0] == "a"
    assert model.wording("🚲").logits.tolist() == [0, 0, 0]


def test_an_example_word_for_word_is_known(model: IntentModel) -> None:
    assert ranked(model, [1, 0], "Dank je!!") == [("a", 1.0), ("b", 0.0)]
    assert ranked(model, [1, 0], "Pannenkoek") == [("a", 0.0), ("b", 0.0)]
    assert ranked(model, [1, 0], "dank je wel")[0][0] == "b"


def test_a_batch_gives_what_single_texts_give(model: IntentModel) -> None:
    texts = ["iets", "dank je", "🚲", "anders"]
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], np.float32)
    together = model.scores(vectors, [model.wording(text) for text in texts])
    for row, text, vector in zip(together, texts, vectors, strict=True):
        (alone,) = model.scores(vector[None], [model.wording(text)])
        assert np.allclose(row, alone, atol=1e-6)


def test_huge_logits_stay_probabilities() -> None:
    assert softmax(np.array([[1e30, -1e30, 0.0]], np.float32)).tolist() == [[1.0, 0.0, 0.0]]
