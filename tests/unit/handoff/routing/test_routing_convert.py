"""What the router is told of a message is what the policy sees."""

import pytest

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import router_service_pb2
from balie.handoff.routing import convert
from balie.handoff.routing.turns import Frustration, Understanding


def understood(**signals: object) -> Understanding:
    return convert._understanding(
        router_service_pb2.TurnUnderstanding(
            verdict=language_pb2.VERDICT_NO_MATCH,
            signals=language_pb2.Signals(**signals),  # type: ignore[arg-type]
        )
    )


@pytest.mark.parametrize("number", language_pb2.Frustration.values())
def test_every_level_of_frustration_reaches_the_policy(number: "language_pb2.Frustration.ValueType") -> None:
    understanding = understood(frustration=number)
    name = language_pb2.Frustration.Name(number).removeprefix("FRUSTRATION_")
    assert understanding.frustration.name == ("UNKNOWN" if name == "UNSPECIFIED" else name)


def test_all_signals_reach_the_policy() -> None:
    signals = {"asks_for_person": True, "question_count": 3, "character_count": 40, "frustration": 3}
    understanding = understood(**signals)
    assert (understanding.asks_for_person, understanding.question_count, understanding.character_count) == (
        True,
        3,
        40,
    )
    assert understanding.frustration is Frustration.STRONG
