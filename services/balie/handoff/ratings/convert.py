"""Between the contract and the domain: ratings; checks every documented bound on the way in."""

from datetime import datetime

from balie.api.handoff.v1 import handoff_service_pb2
from balie.handoff.calendars.convert import moment_of
from balie.kit import bounds
from balie.kit.errors import FieldRequired

RATINGS = (1, 5)


def rating(request: handoff_service_pb2.RecordRatingRequest) -> int:
    """Returns the rating."""
    if not request.rating:  # 0 is what is not given
        raise FieldRequired("rating")
    return bounds.number("rating", request.rating, *RATINGS)


def given_at(request: handoff_service_pb2.RecordRatingRequest) -> datetime:
    """Returns when it was given."""
    if not request.HasField("time"):
        raise FieldRequired("time")
    return moment_of("time", request.time)
