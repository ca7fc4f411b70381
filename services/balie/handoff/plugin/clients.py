"""Asks the plug-in over gRPC, within a deadline; chooses as the service would when it does not answer in time."""

from typing import Any

import grpc
import structlog

from balie.api.handoff.v1 import routing_plugin_service_pb2 as wire
from balie.api.handoff.v1 import routing_plugin_service_pb2_grpc
from balie.handoff.journal import utc_now
from balie.handoff.plugin import convert
from balie.handoff.plugin.choosing import Question
from balie.kit.breaker import Breaker

_FAILURES, _PAUSE_SECONDS = 5, 10.0

_log = structlog.get_logger()


class PluginClient:
    """A plug-in at an address.

    Args:
        channel: leads to it.
        timeout_seconds: how long it may take to choose.
    """

    def __init__(self, channel: grpc.aio.Channel, *, timeout_seconds: float) -> None:
        self._stub: Any = routing_plugin_service_pb2_grpc.RoutingPluginServiceStub(channel)
        self._timeout_seconds = timeout_seconds
        self._breaker = Breaker(_FAILURES, _PAUSE_SECONDS)

    async def choose(self, question: Question) -> str:
        """Returns one of the candidates' ids, the first one's when the plug-in does not answer; empty for nobody now."""
        first = question.candidates[0].id
        if not self._breaker.admits():
            return first
        try:
            request = convert.question_to_proto(question, now=utc_now())
            answer: wire.ChooseAgentResponse = await self._stub.ChooseAgent(
                request, timeout=self._timeout_seconds
            )
        except grpc.aio.AioRpcError as error:
            self._failed(error.code().name)
            return first
        except BaseException:
            self._breaker.spared()
            raise
        if answer.agent_id not in ("", *(agent.id for agent in question.candidates)):
            self._failed("it chose nobody of the candidates")
            return first
        if self._breaker.succeeded():
            _log.info("the plug-in chooses again")
        return answer.agent_id

    def _failed(self, why: str) -> None:
        if self._breaker.failed():
            _log.warning("the plug-in is left alone for a while", why=why, seconds=_PAUSE_SECONDS)
        else:
            _log.info("the plug-in did not choose", why=why)
