"""The words for handoffs: a place in line, an estimate in minutes, a promised time by the clock of the desk."""

import math
from datetime import UTC, datetime, tzinfo

from balie.gateway.domain import HandoffState
from balie.gateway.said import HandoffNow
from balie.gateway.wording import WEEKDAYS, Phrase, Wording

_SECONDS = 60
_WEEK = 7


class HandoffWords:
    """Says what a handoff is about.

    Args:
        wording: the desk's words.
        zone: by whose clock times are told.
    """

    def __init__(self, wording: Wording, zone: tzinfo) -> None:
        self._wording = wording
        self._zone = zone

    def say(self, phrase: Phrase, language: str, now: HandoffNow, *, name: str = "") -> tuple[str, str]:
        """Returns the words for somebody of a language, with what they tell of a handoff, and the language they are in."""
        values: dict[str, object] = {"name": name, "position": now.position, "minutes": _minutes(now)}
        if now.call_back_at is not None:
            local = now.call_back_at.astimezone(self._zone)
            values |= {"day": self._day(local, language), "time": f"{local:%H:%M}"}
        return self._wording.say(phrase, language, **values)

    def _day(self, local: datetime, language: str) -> str:
        """Returns a day's name, and its date when a week from now has another day of that name."""
        weekday, _ = self._wording.say(WEEKDAYS[local.weekday()], language)
        days_ahead = (local.date() - datetime.now(UTC).astimezone(self._zone).date()).days
        if days_ahead < _WEEK:
            return weekday
        return self._wording.say(
            Phrase.WEEKDAY_AND_DATE, language, weekday=weekday, day=local.day, month=local.month
        )[0]


def waiting(now: HandoffNow | None) -> Phrase:
    """Returns how to say that a person is asked, with as much as is known of the wait."""
    if now is None:
        return Phrase.WAITING
    if now.position and now.estimated_wait is not None:
        return Phrase.WAITING_ESTIMATED
    return Phrase.WAITING_AT_POSITION if now.position > 1 else Phrase.WAITING


def place(now: HandoffNow) -> Phrase:
    """Returns how to say which place in line it is now."""
    known = now.estimated_wait is not None
    return Phrase.POSITION_CHANGED_ESTIMATED if known else Phrase.POSITION_CHANGED


def has_call_back(now: HandoffNow | None) -> bool:
    """Returns whether the contact is to be called back, at a time that can be told."""
    return now is not None and now.state == HandoffState.CALL_BACK and now.call_back_at is not None


def once_key(now: HandoffNow) -> str:
    """Returns what makes the message about a handoff's change the only one."""
    return f"handoff:{now.id}:{now.revision}"


def _minutes(now: HandoffNow) -> int:
    """Returns whole minutes that the handoff is expected to wait still, one at least."""
    return max(1, math.ceil((now.estimated_wait or 0) / _SECONDS))
