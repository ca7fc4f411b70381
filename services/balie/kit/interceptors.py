"""The links that every service has around its calls, in one order: `standard_chain`.

What a link raises meets the same error mapping as what a handler raises, because the mapping is outside of them.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import grpc
import structlog

from balie.kit import log, status
from balie.kit.caller import CallerResolver
from balie.kit.chain import Chain, Exchange, Link
from balie.kit.errors import Failure
from balie.kit.ids import new_id
from balie.kit.limits import DeadlineLink, LimitLink, StoppingLink
from balie.kit.settings import ServiceSettings

REQUEST_ID = "balie-request-id"

_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_OWN_MISTAKES = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS})
_HEARING_SECONDS = 5.0
_PAUSE_SECONDS = 0.25
"""How long a failed call's stream of requests is still listened to, and for how long while nothing comes."""
_SHORTAGES = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED})


class LogLink:
    """Writes exactly one line for each call, with ids, counts and states alone."""

    name = "log"
    serves_infrastructure = True

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Times the call and logs how it ended, whichever way it did."""
        started = time.perf_counter()
        try:
            yield
        except asyncio.CancelledError:
            if exchange.code is None:
                over = exchange.call.remaining() == 0
                exchange.code = grpc.StatusCode.DEADLINE_EXCEEDED if over else grpc.StatusCode.CANCELLED
            raise
        finally:
            code = exchange.code or exchange.context.code() or grpc.StatusCode.OK
            self._write(exchange, code, (time.perf_counter() - started) * 1000)

    def _write(self, exchange: Exchange, code: grpc.StatusCode, milliseconds: float) -> None:
        call = exchange.call
        fields: dict[str, object] = dict(call.fields)
        fields |= {"rpc": call.method, "code": code.name, "duration_ms": round(milliseconds, 3)}
        fields["request_id"] = call.request_id
        if exchange.is_resolved:
            fields |= {"tenant": call.caller.tenant, "role": call.caller.role.value}
        if exchange.reason:
            fields["reason"] = exchange.reason
        if exchange.field:
            fields["field"] = exchange.field
        if exchange.error is not None:
            fields |= log.described(exchange.error)
        logger = structlog.get_logger()
        if code in _OWN_MISTAKES:
            logger.error("call", **fields)
        elif exchange.is_infrastructure:
            logger.debug("call", **fields)
        elif code in _SHORTAGES:
            logger.warning("call", **fields)
        else:
            logger.info("call", **fields)


class RequestIdLink:
    """Gives each call the id its caller chose, or a new one, and tells the caller with its answer."""

    name = "request_id"
    serves_infrastructure = True

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Names the call; an id that is not 1 to 64 safe characters is replaced, not refused."""
        given = exchange.metadata.get(REQUEST_ID, "")
        exchange.call.request_id = given if _REQUEST_ID_FORM.fullmatch(given) else new_id()
        exchange.headers = (*exchange.headers, (REQUEST_ID, exchange.call.request_id))
        yield


class ErrorsLink:
    """Turns failures into statuses with their reasons, and bugs into `internal error`."""

    name = "errors"
    serves_infrastructure = True

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Answers a failed call; lets a cancelled one go."""
        try:
            yield
        except grpc.aio.AbortError:
            raise  # answered by the handler itself: health and reflection do
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            await self._bug(
                exchange, error
            )  # something the handler waited for was cancelled, and the call was not
        except Failure as failure:
            await self._failure(exchange, failure)
        except ExceptionGroup as group:
            failure_within = _failure_of(group)
            if failure_within is None:
                await self._bug(exchange, group)
            else:
                await self._failure(exchange, failure_within)
        except Exception as error:  # noqa: BLE001 — the catch-all: an exception that leaves sends its text to the caller
            if isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError):
                raise asyncio.CancelledError from None  # a read or write failed because the caller has left
            await self._bug(exchange, error)

    async def _failure(self, exchange: Exchange, failure: Failure) -> None:
        exchange.field = failure.metadata.get("field", "")
        await self._abort(exchange, status.answer_to(failure, exchange.call.request_id))

    async def _bug(self, exchange: Exchange, error: BaseException) -> None:
        if (
            isinstance(error, NotImplementedError)
            and exchange.context.code() == grpc.StatusCode.UNIMPLEMENTED
        ):
            exchange.code = grpc.StatusCode.UNIMPLEMENTED  # a generated servicer's method that nobody wrote
            await exchange.context.abort(exchange.code, "not implemented")
        exchange.error = error
        await self._abort(exchange, status.internal(exchange.call.request_id))

    async def _abort(self, exchange: Exchange, answer: status.Answer) -> None:
        exchange.code, exchange.reason = answer.code, answer.reason
        if exchange.streams_requests:
            await _hear_out(exchange)
        try:
            trailers = (*answer.trailing_metadata(), (REQUEST_ID, exchange.call.request_id))
            await exchange.context.abort(answer.code, answer.message, trailers)
        except grpc.aio.AbortError:
            raise
        except grpc.aio.BaseError:
            raise asyncio.CancelledError from None  # the caller has left, nobody reads the answer


async def _hear_out(exchange: Exchange) -> None:
    """Reads what a caller is still sending, for a moment, before the call ends under it.

    A client of gRPC for asyncio whose message cannot be sent any more reports an internal error in place of the status that
    it was just told.
    """
    with suppress(TimeoutError, grpc.aio.BaseError):
        async with asyncio.timeout(_HEARING_SECONDS):
            while await asyncio.wait_for(exchange.context.read(), _PAUSE_SECONDS) is not grpc.aio.EOF:
                pass


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _failure_of(group: BaseExceptionGroup[BaseException]) -> Failure | None:
    """Returns the first failure of a task group when failures are all it holds."""
    found: Failure | None = None
    for error in group.exceptions:
        one = _failure_of(error) if isinstance(error, BaseExceptionGroup) else error
        if not isinstance(one, Failure):
            return None
        found = found or one
    return found


class CallerLink:
    """Finds out who is calling."""

    name = "caller"
    serves_infrastructure = False

    def __init__(self, callers: CallerResolver) -> None:
        self._callers = callers

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Names the caller before anything is done for it.

        Raises:
            CallerUnknown: the metadata does not say who it is.
        """
        exchange.call.caller = await self._callers.resolve(exchange.metadata)
        yield


def standard_chain(settings: ServiceSettings, callers: CallerResolver, stopping: StoppingLink) -> Chain:
    """Returns the chain of every server: log, request id, errors, limit, deadline, stopping, caller."""
    links: tuple[Link, ...] = (
        LogLink(),
        RequestIdLink(),
        ErrorsLink(),
        LimitLink(max_calls=settings.max_calls_in_flight, max_streams=settings.max_streams),
        DeadlineLink(
            default_seconds=settings.default_deadline_seconds, least_seconds=settings.least_deadline_seconds
        ),
        stopping,
        CallerLink(callers),
    )
    return Chain(links)
