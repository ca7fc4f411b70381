"""Conditions: each holds for what it says, and tells what does not hold otherwise."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.handoff.routing.inputs import DOGS, inputs, understood

from balie.handoff.domain import HandoffState
from balie.handoff.routing.conditions import Condition
from balie.handoff.routing.history import History
from balie.handoff.routing.turns import Answers, Frustration, Inputs, Keyword, KeywordRule, Verdict

EXACT, FUZZY = KeywordRule.EXACT, KeywordRule.FUZZY
SUNDAY = datetime(2025, 5, 4, 22, 30, tzinfo=UTC)  # Monday half past midnight in Amsterdam


def met(wanted: dict[str, Any], known: Inputs) -> str:
    return Condition.model_validate(wanted).unmet(known)


def keywords(*found: Keyword) -> Inputs:
    return inputs(understanding=understood(keywords=found))


HOLDS: list[tuple[dict[str, Any], Inputs]] = [
    ({}, inputs()),
    ({"intents": ("booking", "fares")}, inputs(understanding=understood(Verdict.MATCH, "fares"))),
    ({"keywords": ("fare",)}, keywords(Keyword("fare", EXACT, whole_message=False))),
    ({"keywords": ("fare",)}, keywords(Keyword("fare", FUZZY, whole_message=True))),
    ({"languages": ("de", "nl")}, inputs(language="nl-BE")),
    ({"channels": "web"}, inputs()),
    ({"contact": {"tier": ("gold",)}}, inputs(contact={"tier": "gold", "city": "Den Haag"})),
    ({"contact": {"tier": "gold"}}, inputs(contact={"tier": "gold"})),
    ({"times": ({"zone": "Europe/Amsterdam", "days": ("mon",), "until": "06:00"},)}, inputs(at=SUNDAY)),
    ({"times": ({"zone": "UTC", "from": "22:00"},)}, inputs(at=SUNDAY)),
    ({"times": ({"zone": "UTC", "until": "24:00"},)}, inputs(at=SUNDAY)),
    ({"asks_for_person": True}, inputs(understanding=understood(asks_for_person=True))),
    ({"asks_for_person": False}, inputs()),
    ({"frustration": "mild"}, inputs(understanding=understood(frustration=Frustration.STRONG))),
    ({"questions": 2}, inputs(understanding=understood(question_count=2))),
    ({"characters": 300}, inputs(understanding=understood(character_count=301))),
    ({"attachments": 1}, inputs(attachments=2)),
    ({"failed_turns": 2}, inputs(history=History(failed_in_a_row=2))),
    ({"same_message": 1}, inputs(history=History(same_message_in_a_row=1))),
    ({"bot_replies": 5}, inputs(history=History(bot_replies=5))),
    ({"answered": True}, inputs(answers=Answers((DOGS,)))),
    ({"answered": False}, inputs()),
    ({"waiting": True}, inputs(handoff_state=HandoffState.QUEUED)),
    ({"waiting": False, "channels": ("web",)}, inputs()),
]
FAILS: list[tuple[dict[str, Any], Inputs, str]] = [
    (
        {"intents": ("fares",)},
        inputs(understanding=understood(Verdict.AMBIGUOUS, "fares")),
        "intents: there is none",
    ),
    ({"intents": ("fares",)}, inputs(understanding=understood(Verdict.MATCH, "dogs")), "intents: it is dogs"),
    (
        {"keywords": ("fare",)},
        keywords(Keyword("fare", FUZZY, whole_message=False)),
        "keywords: there is none",
    ),
    ({"keywords": ("fare",)}, keywords(Keyword("dog", EXACT, whole_message=True)), "keywords: it is dog"),
    ({"languages": ("de",)}, inputs(), "languages: it is nl"),
    ({"channels": ("sms",)}, inputs(), "channels: it is web"),
    ({"contact": {"tier": ("gold",)}}, inputs(contact={"tier": "tin"}), "contact: tier is tin"),
    ({"contact": {"tier": ("gold",)}}, inputs(), "contact: tier is unknown"),
    ({"times": ({"zone": "UTC", "days": ("mon",)},)}, inputs(at=SUNDAY), "times: it is Sun 22:30 UTC"),
    ({"times": ({"zone": "UTC", "until": "22:30"},)}, inputs(at=SUNDAY), "times: it is Sun 22:30 UTC"),
    ({"times": ({"zone": "UTC"},)}, inputs(), "times: the time was not recorded"),
    ({"asks_for_person": True}, inputs(understanding=None), "asks_for_person: it is no"),
    (
        {"frustration": "strong"},
        inputs(understanding=understood(frustration=Frustration.MILD)),
        "frustration: it is mild",
    ),
    ({"frustration": "mild"}, inputs(understanding=None), "frustration: it is unknown"),
    ({"questions": 2}, inputs(understanding=understood(question_count=1)), "questions: 1, 2 wanted"),
    ({"attachments": 1}, inputs(), "attachments: 0, 1 wanted"),
    (
        {"characters": 300},
        inputs(understanding=understood(character_count=299)),
        "characters: 299, 300 wanted",
    ),
    ({"same_message": 1}, inputs(), "same_message: 0, 1 wanted"),
    ({"bot_replies": 5}, inputs(history=History(bot_replies=4)), "bot_replies: 4, 5 wanted"),
    ({"failed_turns": 3}, inputs(history=History(failed_in_a_row=2)), "failed_turns: 2, 3 wanted"),
    ({"answered": True}, inputs(answers=None), "answered: it is no"),
    ({"waiting": False}, inputs(handoff_state=HandoffState.OFFERED), "waiting: it is yes"),
    ({"channels": ("web",), "languages": ("en",)}, inputs(), "languages: it is nl"),
]


@pytest.mark.parametrize(("wanted", "known"), HOLDS, ids=lambda one: str(one)[:60])
def test_holds(wanted: dict[str, Any], known: Inputs) -> None:
    assert met(wanted, known) == ""


@pytest.mark.parametrize(("wanted", "known", "why"), FAILS, ids=lambda one: str(one)[:60])
def test_tells_what_does_not_hold(wanted: dict[str, Any], known: Inputs, why: str) -> None:
    assert met(wanted, known) == why


@pytest.mark.parametrize("name", Condition.model_fields)
def test_every_condition_is_tried_both_ways(name: str) -> None:
    assert any(name in wanted for wanted, _ in HOLDS)
    assert any(name in wanted for wanted, *_ in FAILS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"intents": ()},
        {"intent": ("fares",)},
        {"questions": 0},
        {"questions": True},
        {"frustration": "furious"},
        {"times": ({"zone": "Europe/Atlantis"},)},
        {"times": ({"zone": "UTC", "days": ("monday",)},)},
        {"times": ({"zone": "UTC", "from": "9"},)},
        {"times": ({"zone": "UTC", "from": "25:00"},)},
        {"times": ({"zone": "UTC", "from": "22:00", "until": "06:00"},)},
        {"contact": {}},
        {"asks_for_person": "yes"},
    ],
    ids=str,
)
def test_refuses_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


def test_a_time_that_yaml_read_as_minutes_is_that_time() -> None:
    [times] = Condition.model_validate({"times": ({"zone": "UTC", "from": 570},)}).times or ()
    assert (times.since.hour, times.since.minute) == (9, 30)


def test_hours_follow_the_zone_through_daylight_saving() -> None:
    wanted = {"times": ({"zone": "Europe/Amsterdam", "from": "09:00", "until": "10:00"},)}
    summer, winter = datetime(2025, 7, 1, 7, 30, tzinfo=UTC), datetime(2025, 1, 1, 8, 30, tzinfo=UTC)
    assert met(wanted, inputs(at=summer)) == met(wanted, inputs(at=winter)) == ""
    assert met(wanted, inputs(at=summer.replace(hour=8))) == "times: it is Tue 08:30 UTC"
