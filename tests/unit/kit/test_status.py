"""Every kind of failure has a status, and every answer carries its details."""

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from balie.kit import status
from balie.kit.errors import (
    DatabaseUnavailable,
    Failure,
    FieldMalformed,
    NotFound,
    ServerBusy,
    ServerStopping,
)


class ThingNotFound(NotFound):
    reason = "THING_NOT_FOUND"


class SpecialThingNotFound(ThingNotFound):
    pass


def details_of(failure: Failure) -> Status:
    ((key, raw),) = status.answer_to(failure, "r-1").trailing_metadata()
    assert key == "grpc-status-details-bin"
    return Status.FromString(raw)


def test_every_kind_has_a_row() -> None:
    from balie.kit import kinds

    declared = {
        value
        for value in vars(kinds).values()
        if isinstance(value, type) and issubclass(value, Failure) and value is not Failure
    }
    assert set(status.CODES) == declared


def test_no_two_kinds_share_a_status() -> None:
    assert len(set(status.CODES.values())) == len(status.CODES)
    assert not {grpc.StatusCode.OK, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN} & set(
        status.CODES.values()
    )


def test_finds_the_status_by_the_kind_however_deep() -> None:
    assert status.code_of(SpecialThingNotFound("gone")) is grpc.StatusCode.NOT_FOUND


def test_carries_the_reason_and_the_facts_once() -> None:
    (detail,) = details_of(FieldMalformed("language", expected="a tag")).details
    info = ErrorInfo()
    assert detail.Unpack(info)
    assert (info.reason, info.domain) == ("FIELD_MALFORMED", "balie")
    assert dict(info.metadata) == {"field": "language", "expected": "a tag", "request_id": "r-1"}


@pytest.mark.parametrize(
    ("failure", "seconds"), [(ServerBusy(limit=1, retry_after_seconds=2.5), 2.5), (ServerStopping(), 0.1)]
)
def test_says_how_long_to_wait_when_it_knows(failure: Failure, seconds: float) -> None:
    told = [detail for detail in details_of(failure).details if detail.Is(RetryInfo.DESCRIPTOR)]
    retry = RetryInfo()
    assert len(told) == 1
    assert told[0].Unpack(retry)
    assert retry.retry_delay.ToNanoseconds() == round(seconds * 1e9)


def test_says_nothing_of_waiting_when_it_does_not_know() -> None:
    assert not any(detail.Is(RetryInfo.DESCRIPTOR) for detail in details_of(DatabaseUnavailable()).details)


def test_fits_into_the_trailers_whatever_the_caller_sent() -> None:
    failure = ThingNotFound("x" * 100_000, name="é" * 100_000, other="y" * 100_000)
    assert len(details_of(failure).SerializeToString()) < 4096
    assert status.answer_to(failure, "r-1").message.endswith("…")


def test_tells_nothing_of_a_bug_but_the_id_in_the_log() -> None:
    answer = status.internal("r-9")
    assert (answer.code, answer.reason, answer.message) == (
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        "internal error",
    )
    assert answer.metadata == {"request_id": "r-9"}
