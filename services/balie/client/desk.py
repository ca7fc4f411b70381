"""The desk as an integrator sees it: one object, a stub for each service, channels made when first used."""

from contextlib import AsyncExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import grpc

from balie.api.faq.v1 import faq_service_pb2_grpc, knowledge_service_pb2_grpc, review_service_pb2_grpc
from balie.api.gateway.v1 import conversation_service_pb2_grpc
from balie.api.handoff.v1 import (
    agent_service_pb2_grpc,
    calendar_service_pb2_grpc,
    canned_reply_service_pb2_grpc,
    figure_service_pb2_grpc,
    handoff_service_pb2_grpc,
    note_service_pb2_grpc,
    queue_service_pb2_grpc,
    router_service_pb2_grpc,
    suggestion_service_pb2_grpc,
)
from balie.api.nlu.v1 import (
    encoder_service_pb2_grpc,
    keyword_service_pb2_grpc,
    model_service_pb2_grpc,
    nlu_service_pb2_grpc,
)
from balie.client.channels import DEFAULT_TIMEOUT_SECONDS, RequestId, channel

if TYPE_CHECKING:
    from balie.api.faq.v1.faq_service_pb2_grpc import FaqServiceAsyncStub
    from balie.api.faq.v1.knowledge_service_pb2_grpc import KnowledgeServiceAsyncStub
    from balie.api.faq.v1.review_service_pb2_grpc import ReviewServiceAsyncStub
    from balie.api.gateway.v1.conversation_service_pb2_grpc import ConversationServiceAsyncStub
    from balie.api.handoff.v1.agent_service_pb2_grpc import AgentServiceAsyncStub
    from balie.api.handoff.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub
    from balie.api.handoff.v1.canned_reply_service_pb2_grpc import CannedReplyServiceAsyncStub
    from balie.api.handoff.v1.figure_service_pb2_grpc import FigureServiceAsyncStub
    from balie.api.handoff.v1.handoff_service_pb2_grpc import HandoffServiceAsyncStub
    from balie.api.handoff.v1.note_service_pb2_grpc import NoteServiceAsyncStub
    from balie.api.handoff.v1.queue_service_pb2_grpc import QueueServiceAsyncStub
    from balie.api.handoff.v1.router_service_pb2_grpc import RouterServiceAsyncStub
    from balie.api.handoff.v1.suggestion_service_pb2_grpc import SuggestionServiceAsyncStub
    from balie.api.nlu.v1.encoder_service_pb2_grpc import EncoderServiceAsyncStub
    from balie.api.nlu.v1.keyword_service_pb2_grpc import KeywordServiceAsyncStub
    from balie.api.nlu.v1.model_service_pb2_grpc import ModelServiceAsyncStub
    from balie.api.nlu.v1.nlu_service_pb2_grpc import NluServiceAsyncStub


class AddressMissing(LookupError):
    """A stub was asked for whose service's address was not given."""

    def __init__(self, service: str) -> None:
        super().__init__(f"the address of the {service} service was not given: Balie({service}='host:port')")


class Balie:
    """Typed calls to a desk, of whose services only those with an address can be called.

    Use it as an asynchronous context manager, or `close` it.

    Args:
        gateway: address of the gateway, such as `127.0.0.1:50051`: all that contacts and channels need.
        nlu: address of the NLU service.
        faq: address of the FAQ service.
        handoff: address of the handoff service.
        tenant: whose desk is meant; the server's default without.
        act_as: for whom the caller acts, such as `contact:anna`; a call's own metadata win.
        request_id: names calls in the services' logs; a function is asked before each call.
        timeout_seconds: timeout of a call with one request and one answer that brings none, seconds.
        credentials: for TLS; plain text without.
    """

    def __init__(
        self,
        *,
        gateway: str | None = None,
        nlu: str | None = None,
        faq: str | None = None,
        handoff: str | None = None,
        tenant: str | None = None,
        act_as: str | None = None,
        request_id: RequestId | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._addresses = {"gateway": gateway, "nlu": nlu, "faq": faq, "handoff": handoff}
        self._tenant = tenant
        self._act_as = act_as
        self._request_id = request_id
        self._timeout_seconds = timeout_seconds
        self._credentials = credentials
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every channel that was used; calls in flight are cancelled."""
        async with AsyncExitStack() as stack:
            for opened in self._channels.values():
                stack.push_async_callback(opened.close)

    def channel(self, service: str) -> grpc.aio.Channel:
        """Returns the channel to `gateway`, `nlu`, `faq` or `handoff`, making it on first use.

        Raises:
            AddressMissing: its address was not given.
        """
        address = self._addresses[service]
        if address is None:
            raise AddressMissing(service)
        if service not in self._channels:
            self._channels[service] = channel(
                address,
                tenant=self._tenant,
                act_as=self._act_as,
                request_id=self._request_id,
                timeout_seconds=self._timeout_seconds,
                credentials=self._credentials,
            )
        return self._channels[service]

    @cached_property
    def conversations(self) -> "ConversationServiceAsyncStub":
        """Returns the gateway's conversations."""
        stub = conversation_service_pb2_grpc.ConversationServiceStub(self.channel("gateway"))
        return cast("ConversationServiceAsyncStub", stub)

    @cached_property
    def nlu(self) -> "NluServiceAsyncStub":
        """Returns the understanding of texts."""
        return cast("NluServiceAsyncStub", nlu_service_pb2_grpc.NluServiceStub(self.channel("nlu")))

    @cached_property
    def models(self) -> "ModelServiceAsyncStub":
        """Returns the management of the models that texts are understood with."""
        stub = model_service_pb2_grpc.ModelServiceStub(self.channel("nlu"))
        return cast("ModelServiceAsyncStub", stub)

    @cached_property
    def encoder(self) -> "EncoderServiceAsyncStub":
        """Returns the encoder of texts."""
        return cast(
            "EncoderServiceAsyncStub", encoder_service_pb2_grpc.EncoderServiceStub(self.channel("nlu"))
        )

    @cached_property
    def keywords(self) -> "KeywordServiceAsyncStub":
        """Returns the management of NLU's keywords."""
        stub = keyword_service_pb2_grpc.KeywordServiceStub(self.channel("nlu"))
        return cast("KeywordServiceAsyncStub", stub)

    @cached_property
    def faq(self) -> "FaqServiceAsyncStub":
        """Returns the search for answers."""
        return cast("FaqServiceAsyncStub", faq_service_pb2_grpc.FaqServiceStub(self.channel("faq")))

    @cached_property
    def knowledge(self) -> "KnowledgeServiceAsyncStub":
        """Returns the management of what the FAQ service knows."""
        stub = knowledge_service_pb2_grpc.KnowledgeServiceStub(self.channel("faq"))
        return cast("KnowledgeServiceAsyncStub", stub)

    @cached_property
    def review(self) -> "ReviewServiceAsyncStub":
        """Returns the review of what was asked in vain."""
        stub = review_service_pb2_grpc.ReviewServiceStub(self.channel("faq"))
        return cast("ReviewServiceAsyncStub", stub)

    @cached_property
    def router(self) -> "RouterServiceAsyncStub":
        """Returns the routing of turns."""
        return cast(
            "RouterServiceAsyncStub", router_service_pb2_grpc.RouterServiceStub(self.channel("handoff"))
        )

    @cached_property
    def handoffs(self) -> "HandoffServiceAsyncStub":
        """Returns the requests for a person."""
        return cast(
            "HandoffServiceAsyncStub", handoff_service_pb2_grpc.HandoffServiceStub(self.channel("handoff"))
        )

    @cached_property
    def agents(self) -> "AgentServiceAsyncStub":
        """Returns the agents and their work."""
        return cast("AgentServiceAsyncStub", agent_service_pb2_grpc.AgentServiceStub(self.channel("handoff")))

    @cached_property
    def queues(self) -> "QueueServiceAsyncStub":
        """Returns the queues."""
        return cast("QueueServiceAsyncStub", queue_service_pb2_grpc.QueueServiceStub(self.channel("handoff")))

    @cached_property
    def calendars(self) -> "CalendarServiceAsyncStub":
        """Returns the calendars, and whether it is open."""
        stub = calendar_service_pb2_grpc.CalendarServiceStub(self.channel("handoff"))
        return cast("CalendarServiceAsyncStub", stub)

    @cached_property
    def notes(self) -> "NoteServiceAsyncStub":
        """Returns the internal notes of handoffs."""
        return cast("NoteServiceAsyncStub", note_service_pb2_grpc.NoteServiceStub(self.channel("handoff")))

    @cached_property
    def canned_replies(self) -> "CannedReplyServiceAsyncStub":
        """Returns the texts that agents have at hand."""
        stub = canned_reply_service_pb2_grpc.CannedReplyServiceStub(self.channel("handoff"))
        return cast("CannedReplyServiceAsyncStub", stub)

    @cached_property
    def suggestions(self) -> "SuggestionServiceAsyncStub":
        """Returns what agents made of suggested answers."""
        stub = suggestion_service_pb2_grpc.SuggestionServiceStub(self.channel("handoff"))
        return cast("SuggestionServiceAsyncStub", stub)

    @cached_property
    def figures(self) -> "FigureServiceAsyncStub":
        """Returns how the desk did."""
        stub = figure_service_pb2_grpc.FigureServiceStub(self.channel("handoff"))
        return cast("FigureServiceAsyncStub", stub)
