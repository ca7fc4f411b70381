"""What a turn's explanation says of the signals."""

import pytest
from rich.console import Console

from balie.api.common.v1 import language_pb2
from balie.api.gateway.v1 import conversation_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.cli.explain import explained


def told(**signals: object) -> str:
    understanding = nlu_service_pb2.Understanding(
        language="nl",
        verdict=language_pb2.VERDICT_NO_MATCH,
        signals=language_pb2.Signals(**signals),  # type: ignore[arg-type]
    )
    console = Console(width=120)
    with console.capture() as shown:
        console.print(explained(conversation_pb2.Turn(id="t", understanding=understanding)))
    return shown.get()


@pytest.mark.parametrize(
    ("signals", "line"),
    [
        ({"asks_for_person": True}, "signals       asks for a person"),
        ({"question_count": 2}, "signals       2 questions"),
        (
            {"frustration": language_pb2.FRUSTRATION_MILD, "frustration_signs": [5]},
            "signals       mild frustration (no reply)",
        ),
        (
            {"frustration": 3, "frustration_signs": [1, 8], "asks_for_person": True, "question_count": 3},
            "signals       asks for a person, strong frustration (abuse, punctuation), 3 questions",
        ),
        ({"frustration": 3}, "signals       strong frustration"),
    ],
)
def test_signals_are_told_in_words(signals: dict[str, object], line: str) -> None:
    assert line in told(**signals)


@pytest.mark.parametrize("frustration", [0, 1])
def test_nothing_is_said_when_there_is_nothing_out_of_the_ordinary(frustration: int) -> None:
    assert "signals" not in told(frustration=frustration, question_count=1, character_count=12)
