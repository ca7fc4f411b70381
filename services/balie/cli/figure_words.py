"""How each figure is called and written; what was not measured is written as nothing."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from balie.api.handoff.v1 import figure_service_pb2

Figures = figure_service_pb2.Figures
Word = tuple[str, Callable[[Figures], str]]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_PERCENTILES = ("p50", "p90", "p99")


def share(value: float) -> str:
    """Returns a share as it is written."""
    return f"{value:.1%}"


def lasted(duration: Duration) -> str:
    """Returns how long something took, in the two units that say most."""
    span: timedelta = duration.ToTimedelta()
    seconds = span.total_seconds()
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _count(name: str, field: str) -> Word:
    return name, lambda figures: str(getattr(figures, field)) if _has(figures, field) else ""


def _has(figures: Figures, field: str) -> bool:
    return not figures.DESCRIPTOR.fields_by_name[field].has_presence or figures.HasField(field)  # type: ignore[arg-type]


def _spread(name: str, field: str, percentiles: Sequence[str] = _PERCENTILES) -> list[Word]:
    def of(percentile: str) -> Callable[[Figures], str]:
        return lambda figures: (
            lasted(getattr(getattr(figures, field), percentile)) if _has(figures, field) else ""
        )

    return [(f"{name} {percentile}", of(percentile)) for percentile in percentiles]


def _promise(name: str, field: str) -> Word:
    return name, lambda figures: share(getattr(figures, field).kept_share) if _has(figures, field) else ""


def _mean(figures: Figures) -> str:
    return f"{figures.ratings.mean:.2f}" if figures.HasField("ratings") else ""


def _histogram(figures: Figures) -> str:
    return " ".join(map(str, figures.ratings.histogram))


def _outcome(name: str) -> Word:
    def value(figures: Figures) -> str:
        return str(getattr(figures.suggestions, name)) if figures.HasField("suggestions") else ""

    return f"suggestions {name}", value


ROWS: tuple[Word, ...] = (
    _count("waiting now", "waiting"),
    _count("asked for", "asked"),
    _count("accepted", "accepted"),
    _count("resolved", "resolved"),
    _count("released", "released"),
    _count("messages taken", "messages_taken"),
    _count("called back", "called_back"),
    _count("expired", "expired"),
    _count("cancelled", "cancelled"),
    _count("transfers", "transfers"),
    _count("reopened", "reopened"),
    *_spread("wait", "wait"),
    *_spread("first reply", "first_reply"),
    _promise("first reply as promised", "first_reply_promise"),
    _promise("next replies as promised", "next_reply_promise"),
    _promise("resolved as promised", "resolution_promise"),
    ("rating", _mean),
    ("ratings 1 2 3 4 5", _histogram),
    *map(_outcome, ("used", "edited", "ignored")),
)
"""Every figure."""

BRIEF: tuple[Word, ...] = (
    _count("asked", "asked"),
    _count("accepted", "accepted"),
    _count("resolved", "resolved"),
    _count("released", "released"),
    *_spread("wait", "wait", ("p50", "p90")),
    *_spread("reply", "first_reply", ("p50",)),
    ("rating", _mean),
)
"""The figures of a part of a period."""
