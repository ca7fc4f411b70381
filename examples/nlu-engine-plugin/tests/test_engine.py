"""The suite that comes with Balie, and what is this engine's own."""

import numpy as np
from balie_nearest_centroid import NearestCentroidEngine

from balie.kit.testing.engines import EngineSuite
from balie.nlu.engines import port
from balie.nlu.engines.registry import ENGINES, open_engine


class TestNearestCentroid(EngineSuite):
    port = port

    def engine(self):
        return NearestCentroidEngine.from_options({})


def test_it_is_found_by_its_name():
    assert "nearest_centroid" in ENGINES.names()
    assert isinstance(open_engine("nearest_centroid", {"sharpness": "8"}), NearestCentroidEngine)


def test_the_nearest_mean_wins(tmp_path):
    examples = [
        port.Example(intent, "en", f"{intent} {number}")
        for intent in ("a", "b", "oos")
        for number in range(2)
    ]
    vectors = np.repeat(np.eye(3, dtype=np.float32), 2, axis=0)
    engine = NearestCentroidEngine.from_options({})
    engine.train(port.Lesson(examples, ("a", "b"), vectors), tmp_path, lambda step, share: None)
    ranking = engine.load(tmp_path, ("a", "b")).rank(
        [port.Message("?", "en", vector) for vector in np.eye(3, dtype=np.float32)]
    )
    assert ranking.scores[:2].argmax(axis=1).tolist() == [0, 1]
    assert ranking.out_of_scope.tolist() == [0.0, 0.0, 1.0]
