"""Between the contract and the domain: figures; checks every documented bound on the way in."""

from balie.api.handoff.v1 import figure_service_pb2
from balie.handoff.calendars.convert import TIME_ZONE_CHARACTERS, moment_of
from balie.handoff.calendars.zones import zone_of
from balie.handoff.events import span, timestamp
from balie.handoff.figures.counting import Wanted
from balie.handoff.figures.figures import Bot, Bucket, Figures, Promised, Rated, Report, Spread, Suggested
from balie.handoff.figures.period import Interval
from balie.kit import bounds

QUEUE_IDS = 100
ZONE_DEFAULT = "UTC"


def wanted_from_proto(request: figure_service_pb2.GetFiguresRequest) -> Wanted:
    """Returns which figures a caller wants; a queue that is listed twice counts once.

    Raises:
        TimeZoneUnknown: there is no such time zone.
    """
    queue_ids = bounds.items("queue_ids", request.queue_ids, QUEUE_IDS)
    zone = bounds.text("time_zone", request.time_zone, TIME_ZONE_CHARACTERS, required=False)
    return Wanted(
        queue_ids=tuple(dict.fromkeys(bounds.identifier("queue_ids", one) for one in queue_ids)),
        start=moment_of("start_time", request.start_time) if request.HasField("start_time") else None,
        end=moment_of("end_time", request.end_time) if request.HasField("end_time") else None,
        interval=bounds.enum("interval", request.interval, Interval, required=False),
        zone=zone_of(zone or ZONE_DEFAULT),
    )


def report_to_proto(report: Report) -> figure_service_pb2.GetFiguresResponse:
    """Returns the figures of a period as they are sent."""
    return figure_service_pb2.GetFiguresResponse(
        start_time=timestamp(report.start),
        end_time=timestamp(report.end),
        count_time=timestamp(report.counted_at),
        total=figures_to_proto(report.total),
        queues=[
            figure_service_pb2.QueueFigures(queue_id=queue_id, figures=figures_to_proto(figures))
            for queue_id, figures in report.queues.items()
        ],
        buckets=map(_bucket_to_proto, report.buckets),
        bot=_bot_to_proto(report.bot),
    )


def _bucket_to_proto(bucket: Bucket) -> figure_service_pb2.FigureBucket:
    return figure_service_pb2.FigureBucket(
        start_time=timestamp(bucket.start),
        end_time=timestamp(bucket.end),
        figures=figures_to_proto(bucket.figures),
        bot=_bot_to_proto(bucket.bot),
    )


def figures_to_proto(figures: Figures) -> figure_service_pb2.Figures:
    """Returns figures as they are sent."""
    return figure_service_pb2.Figures(
        asked=figures.asked,
        accepted=figures.accepted,
        resolved=figures.resolved,
        released=figures.released,
        messages_taken=figures.messages_taken,
        called_back=figures.called_back,
        expired=figures.expired,
        cancelled=figures.cancelled,
        transfers=figures.transfers,
        reopened=figures.reopened,
        waiting=figures.waiting,
        wait=_spread_to_proto(figures.wait),
        first_reply=_spread_to_proto(figures.first_reply),
        first_reply_promise=_promised_to_proto(figures.first_reply_promise),
        next_reply_promise=_promised_to_proto(figures.next_reply_promise),
        resolution_promise=_promised_to_proto(figures.resolution_promise),
        ratings=_rated_to_proto(figures.ratings),
        suggestions=_suggested_to_proto(figures.suggestions),
    )


def _spread_to_proto(spread: Spread | None) -> figure_service_pb2.DurationFigures | None:
    if spread is None:
        return None
    return figure_service_pb2.DurationFigures(
        count=spread.count, p50=span(spread.p50), p90=span(spread.p90), p99=span(spread.p99)
    )


def _promised_to_proto(promised: Promised | None) -> figure_service_pb2.PromiseFigures | None:
    if promised is None:
        return None
    return figure_service_pb2.PromiseFigures(
        kept=promised.kept, broken=promised.broken, kept_share=promised.kept_share
    )


def _rated_to_proto(rated: Rated | None) -> figure_service_pb2.RatingFigures | None:
    if rated is None:
        return None
    return figure_service_pb2.RatingFigures(count=rated.count, mean=rated.mean, histogram=rated.histogram)


def _suggested_to_proto(suggested: Suggested | None) -> figure_service_pb2.SuggestionFigures | None:
    if suggested is None:
        return None
    return figure_service_pb2.SuggestionFigures(
        used=suggested.used, edited=suggested.edited, ignored=suggested.ignored
    )


def _bot_to_proto(bot: Bot) -> figure_service_pb2.BotFigures:
    return figure_service_pb2.BotFigures(
        routed=bot.routed, contained=bot.contained, contained_share=bot.contained_share
    )
