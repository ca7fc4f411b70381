"""What can go wrong with calendars."""

from collections.abc import Sequence

from balie.kit.errors import FailedPrecondition, InvalidRequest, NotFound

__all__ = ["CalendarInUse", "CalendarInvalid", "CalendarNotFound", "TimeZoneUnknown"]

_NAMED = 10


class CalendarNotFound(NotFound):
    """The tenant has no calendar of this id."""

    reason = "CALENDAR_NOT_FOUND"

    def __init__(self, calendar_id: str) -> None:
        super().__init__(f"calendar {calendar_id} does not exist", calendar_id=calendar_id)


class CalendarInUse(FailedPrecondition):
    """Queues use the calendar."""

    reason = "CALENDAR_IN_USE"

    def __init__(self, calendar_id: str, *, queue_ids: Sequence[str]) -> None:
        names = ", ".join(queue_ids[:_NAMED])
        more = f" and {len(queue_ids) - _NAMED} more" if len(queue_ids) > _NAMED else ""
        super().__init__(
            f"calendar {calendar_id} is used by {names}{more}: give them another, or none, first",
            calendar_id=calendar_id,
            queue_ids=names,
            queues=len(queue_ids),
        )


class CalendarInvalid(InvalidRequest):
    """The hours of a calendar make no sense together."""

    reason = "CALENDAR_INVALID"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field, problem=problem)


class TimeZoneUnknown(InvalidRequest):
    """There is no such time zone where this runs."""

    reason = "TIME_ZONE_UNKNOWN"

    def __init__(self, time_zone: str) -> None:
        super().__init__(
            f"{time_zone} is no time zone of the IANA database, such as Europe/Amsterdam", time_zone=time_zone
        )
