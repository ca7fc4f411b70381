from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from balie.gateway import handoff_words
from balie.gateway.domain import HandoffState
from balie.gateway.handoff_words import HandoffWords, place, waiting
from balie.gateway.said import HandoffNow
from balie.gateway.wording import Phrase, Wording

WORDS = HandoffWords(Wording.load(None, ("nl", "de", "en")), ZoneInfo("Europe/Amsterdam"))
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)  # a Sunday


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Clock":
            return cls(2026, 11, 29, 12, 0, tzinfo=UTC)

    monkeypatch.setattr(handoff_words, "datetime", Clock)


def called_back(moment: datetime) -> HandoffNow:
    return HandoffNow("h1", "c1", HandoffState.CALL_BACK, "", 2, 0, call_back_at=moment)


def in_line(position: int, estimate: float | None = None) -> HandoffNow:
    return HandoffNow("h1", "c1", HandoffState.QUEUED, "", 1, position, estimated_wait=estimate)


@pytest.mark.parametrize(
    ("moment", "language", "words"),
    [
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), "nl", "komt maandag rond 09:00 uur hier"),
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), "de", "Am Montag gegen 09:00 Uhr meldet"),
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), "en", "here on Monday at about 09:00."),
        (
            datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
            "nl",
            "komt dinsdag rond 00:30 uur",
        ),  # theirs, not UTC's
        (datetime(2026, 12, 5, 12, 0, tzinfo=UTC), "nl", "komt zaterdag rond 13:00"),
        (datetime(2026, 12, 6, 9, 5, tzinfo=UTC), "nl", "komt zondag 6-12 rond 10:05"),
        (datetime(2026, 12, 6, 9, 5, tzinfo=UTC), "de", "Am Sonntag, 6.12., gegen 10:05 Uhr"),
        (datetime(2026, 12, 6, 9, 5, tzinfo=UTC), "en", "on Sunday 6/12 at about 10:05"),
        (datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "nl", "komt donderdag 1-7 rond 09:00"),  # in summer time
    ],
)
def test_tells_a_promised_time_by_the_desks_clock(moment: datetime, language: str, words: str) -> None:
    text, spoken = WORDS.say(Phrase.CALL_BACK_PROMISED, language, called_back(moment))
    assert (words in text, spoken) == (True, language), text


def test_tells_as_much_of_the_wait_as_is_known() -> None:
    assert waiting(None) == Phrase.WAITING
    assert waiting(in_line(1)) == Phrase.WAITING
    assert waiting(in_line(2)) == Phrase.WAITING_AT_POSITION
    assert waiting(in_line(1, 30)) == Phrase.WAITING_ESTIMATED
    assert place(in_line(2)) == Phrase.POSITION_CHANGED
    assert place(in_line(2, 60)) == Phrase.POSITION_CHANGED_ESTIMATED


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (59, 1), (60, 1), (61, 2), (600, 10)])
def test_estimates_in_whole_minutes_and_one_at_least(seconds: float, minutes: int) -> None:
    text, _ = WORDS.say(Phrase.POSITION_CHANGED_ESTIMATED, "nl", in_line(2, seconds))
    assert f"nog {minutes} min." in text


def test_a_promise_without_a_time_is_not_told() -> None:
    assert not handoff_words.has_call_back(HandoffNow("h1", "c1", HandoffState.CALL_BACK, "", 2, 0))
    assert not handoff_words.has_call_back(None)
    assert handoff_words.has_call_back(called_back(NOW + timedelta(hours=1)))
