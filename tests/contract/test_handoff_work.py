"""AgentService and QueueService as agents and administrators see them, above all the stream that agents work on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from tests.unit.handoff.served import TIMEOUT, Handoffs, Served, refusal, served

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, handoff_service_pb2, queue_service_pb2
from balie.kit.ids import new_id
from balie.kit.testing import callers

Request, Response = agent_service_pb2.WorkRequest, agent_service_pb2.WorkResponse
ELS, JAN, ANNA = callers.agent("els"), callers.agent("jan"), callers.contact("anna")
QUEUED, OFFERED, RESERVED, ACCEPTED, RELEASED, RESOLVED, *_ = handoff_pb2.HandoffState.values()[1:]
ONLINE, AWAY, OFFLINE = handoff_pb2.Presence.values()[1:]


@pytest.fixture
async def at(sqlite_url: str) -> AsyncIterator[Served]:
    async with served(sqlite_url) as running:
        await running.queue()
        yield running


@dataclass
class Stream:
    """An agent's end of their stream."""

    call: Any
    heard: list[Response] = field(default_factory=list)

    async def send(self, **command: Any) -> None:
        await self.call.write(Request(**command))

    async def until(self, fits: Callable[[Response], bool]) -> Response:
        async with asyncio.timeout(TIMEOUT):
            while (response := await self.call.read()) is not grpc.aio.EOF:
                self.heard.append(response)
                if fits(response):
                    return response  # type: ignore[no-any-return]
        raise AssertionError("the stream ended")

    async def told(self, handoff_id: str, state: int) -> handoff_pb2.Handoff:
        return (
            await self.until(lambda one: one.handoff.id == handoff_id and one.handoff.state == state)
        ).handoff

    async def result(self, request_id: str) -> agent_service_pb2.WorkResult:
        return (await self.until(lambda one: one.result.request_id == request_id)).result


@asynccontextmanager
async def work(at: Handoffs, metadata: Any = ELS, agent_id: str = "") -> AsyncIterator[Stream]:
    """Opens an agent's stream and reads what it begins with."""
    stream = Stream(at.agents.Work(metadata=metadata))
    await stream.send(open=agent_service_pb2.WorkOpen(agent_id=agent_id))
    try:
        await stream.until(lambda one: one.HasField("ready"))
        yield stream
    finally:
        stream.call.cancel()


def accept(handoff_id: str, request_id: str, agent_id: str = "") -> handoff_service_pb2.AcceptHandoffRequest:
    return handoff_service_pb2.AcceptHandoffRequest(
        handoff_id=handoff_id, request_id=request_id, agent_id=agent_id
    )


async def test_a_whole_shift_on_one_stream(database_url: str) -> None:
    async with served(database_url) as at, at.gateway() as gateway:
        await at.queue()
        await at.agent("els", online=False)
        async with work(at) as els:
            ready = els.heard[-1].ready.agent
            assert (ready.id, ready.presence) == ("els", OFFLINE)
            await els.send(set_presence=agent_service_pb2.SetPresenceRequest(presence=ONLINE, request_id="1"))
            assert (await els.result("1")).agent.presence == ONLINE
            handoff = await at.ask()
            assert (await els.told(handoff.id, OFFERED)).agent_id == "els"
            await els.send(
                reject=handoff_service_pb2.RejectOfferRequest(handoff_id=handoff.id, request_id="2")
            )
            assert (await els.result("2")).handoff.id == handoff.id
            await els.send(accept=accept(handoff.id, "3"))
            accepted = await els.result("3")
            assert (accepted.refused_reason, accepted.handoff.state) == ("", ACCEPTED)
            assert gateway.owners == {"talk": "els"}
            ending = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=handoff.id, request_id="4")
            await els.send(release=ending)
            assert (await els.result("4")).handoff.state == RELEASED
            second = await at.ask("second")
            await els.told(second.id, OFFERED)
            await els.send(accept=accept(second.id, "5", agent_id="els"))
            await els.result("5")
            solved = handoff_service_pb2.ResolveHandoffRequest(
                handoff_id=second.id, outcome="sold", request_id="6"
            )
            await els.send(resolve=solved)
            result = await els.result("6")
            assert (result.handoff.state, result.handoff.outcome) == (RESOLVED, "sold")
        assert gateway.owners == {"talk": "bot", "second": "bot"}


async def test_the_stream_begins_with_the_handoffs_of_now(at: Handoffs) -> None:
    await at.agent("els", chats=2)
    async with at.gateway():
        chat = await at.accept((await at.ask("chat")).id, "els")
    offer = await at.ask("offer")
    async with work(at) as els:
        assert [one.WhichOneof("message") for one in els.heard] == ["handoff", "handoff", "ready"]
        assert [one.handoff for one in els.heard[:2]] == [chat, offer]
        assert els.heard[2].ready.agent.open_chats == 2


async def test_a_waiting_accept_holds_up_no_news(at: Handoffs) -> None:
    await at.agent("els", chats=2)
    first = await at.ask("first")
    async with work(at) as els:
        await els.send(accept=accept(first.id, "1"))
        await els.told(first.id, RESERVED)
        second = await at.ask("second")
        await els.told(second.id, OFFERED)
        await at.confirm(first.id, 2)
        assert (await els.result("1")).handoff.state == ACCEPTED
        states = {one.handoff.state for one in els.heard if one.handoff.id == first.id}
        assert RESERVED in states


async def test_hears_what_others_do_to_their_handoffs(at: Handoffs) -> None:
    await at.agent("els")
    async with work(at) as els:
        handoff = await at.ask()
        await els.told(handoff.id, OFFERED)
        request = handoff_service_pb2.CancelHandoffRequest(handoff_id=handoff.id, request_id="c")
        await at.handoffs.CancelHandoff(request, timeout=TIMEOUT)
        await els.told(handoff.id, handoff_pb2.HANDOFF_STATE_CANCELLED)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ({"accept": accept("0192", "x")}, "HANDOFF_NOT_FOUND"),
        ({"accept": accept("", "x")}, "FIELD_REQUIRED"),
        ({"accept": accept("0192", "x", agent_id="jan")}, "CALLER_FORBIDDEN"),
        ({"accept": accept("no spaces", "x")}, "FIELD_MALFORMED"),
        ({"reject": handoff_service_pb2.RejectOfferRequest(handoff_id="0192", request_id="x")}, "HANDOFF_NOT_FOUND"),
        ({"release": handoff_service_pb2.ReleaseHandoffRequest(handoff_id="0192", request_id="x")}, "HANDOFF_NOT_FOUND"),
        ({"resolve": handoff_service_pb2.ResolveHandoffRequest(handoff_id="0192", outcome="x" * 65, request_id="x")}, "FIELD_TOO_LONG"),
        ({"set_presence": agent_service_pb2.SetPresenceRequest(request_id="x")}, "FIELD_REQUIRED"),
        ({"set_presence": agent_service_pb2.SetPresenceRequest(agent_id="jan", presence=1, request_id="x")}, "CALLER_FORBIDDEN"),
        ({"release": handoff_service_pb2.ReleaseHandoffRequest(handoff_id="0192", request_id="a b")}, "FIELD_MALFORMED"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)  # fmt: skip
async def test_a_refused_command_ends_nothing(at: Handoffs, command: dict[str, Any], reason: str) -> None:
    await at.agent("els")
    async with work(at, callers.admin(), agent_id="els") as els:
        await els.send(**command)
        refused = (await els.until(lambda one: one.HasField("result"))).result
        assert (refused.refused_reason, refused.request_id) == (
            reason,
            next(iter(command.values())).request_id,
        )
        assert refused.refused_message
        assert not refused.HasField("handoff")
        await els.send(set_presence=agent_service_pb2.SetPresenceRequest(presence=AWAY, request_id="fine"))
        assert (await els.result("fine")).agent.presence == AWAY


async def test_a_command_on_the_stream_and_by_its_own_rpc_is_done_once(at: Handoffs) -> None:
    await at.agent("els")
    handoff = await at.ask()
    async with at.gateway(), work(at, callers.admin(), agent_id="els") as els:
        await els.send(accept=accept(handoff.id, "take"))
        accepted = (await els.result("take")).handoff
        again = await at.handoffs.AcceptHandoff(
            accept(handoff.id, "take", agent_id="els"), timeout=TIMEOUT, metadata=ELS
        )
        assert again.handoff == accepted
        await els.send(
            release=handoff_service_pb2.ReleaseHandoffRequest(handoff_id=handoff.id, request_id="take")
        )
        assert (
            await els.result("take")
        ).handoff.state == RELEASED  # the same id of another RPC is another write


async def test_the_stream_ends_after_the_last_result_when_the_agent_hangs_up(at: Handoffs) -> None:
    await at.agent("els")
    async with work(at) as els:
        await els.send(set_presence=agent_service_pb2.SetPresenceRequest(presence=OFFLINE, request_id="bye"))
        await els.call.done_writing()
        await els.result("bye")
        async with asyncio.timeout(TIMEOUT):
            assert await els.call.read() is grpc.aio.EOF
        assert await els.call.code() is grpc.StatusCode.OK


async def test_hanging_up_leaves_presence_and_chats(at: Handoffs) -> None:
    await at.agent("els")
    async with at.gateway(), work(at) as els:
        handoff = await at.ask()
        await els.send(accept=accept(handoff.id, "1"))
        await els.result("1")
    assert (await at.get(handoff.id)).state == ACCEPTED
    agent = (
        await at.agents.GetAgent(agent_service_pb2.GetAgentRequest(agent_id="els"), timeout=TIMEOUT)
    ).agent
    assert (agent.presence, agent.open_chats) == (ONLINE, 1)


@pytest.mark.parametrize(
    ("messages", "metadata", "code", "reason"),
    [
        ([], ELS, "INVALID_ARGUMENT", "STREAM_OUT_OF_ORDER"),
        ([Request()], ELS, "INVALID_ARGUMENT", "STREAM_OUT_OF_ORDER"),
        ([Request(accept=accept("0192", "1"))], ELS, "INVALID_ARGUMENT", "STREAM_OUT_OF_ORDER"),
        ([Request(open=agent_service_pb2.WorkOpen())] * 2, ELS, "INVALID_ARGUMENT", "STREAM_OUT_OF_ORDER"),
        ([Request(open=agent_service_pb2.WorkOpen()), Request()], ELS, "INVALID_ARGUMENT", "STREAM_OUT_OF_ORDER"),
        ([Request(open=agent_service_pb2.WorkOpen())], callers.admin(), "INVALID_ARGUMENT", "FIELD_REQUIRED"),
        ([Request(open=agent_service_pb2.WorkOpen(agent_id="x" * 129))], callers.admin(), "INVALID_ARGUMENT", "FIELD_TOO_LONG"),
        ([Request(open=agent_service_pb2.WorkOpen(agent_id="a b"))], callers.admin(), "INVALID_ARGUMENT", "FIELD_MALFORMED"),
        ([Request(open=agent_service_pb2.WorkOpen())], JAN, "NOT_FOUND", "AGENT_NOT_FOUND"),
        ([Request(open=agent_service_pb2.WorkOpen(agent_id="els"))], JAN, "PERMISSION_DENIED", "CALLER_FORBIDDEN"),
        ([Request(open=agent_service_pb2.WorkOpen(agent_id="els"))], ANNA, "PERMISSION_DENIED", "CALLER_FORBIDDEN"),
    ],
    ids=["silence", "nothing", "no-open", "two-opens", "then-nothing", "no-agent", "long-agent", "malformed-agent", "unknown-agent", "another-agent", "a-contact"],
)  # fmt: skip
async def test_a_stream_that_cannot_be_is_refused(
    at: Handoffs, messages: list[Request], metadata: Any, code: str, reason: str
) -> None:
    await at.agent("els")

    async def sent() -> AsyncIterator[Request]:
        for message in messages:
            yield message
        if len(messages) > 1:  # hanging up is no mistake, so the second message has to be what ends it
            await asyncio.sleep(TIMEOUT)

    refused = await refusal(at.agents.Work(sent(), metadata=metadata, timeout=TIMEOUT))
    assert (refused.code.name, refused.reason) == (code, reason)


async def read_on(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_streams_end_when_the_server_stops(at: Served) -> None:
    await at.agent("els")
    await at.ask()
    async with work(at) as els:
        watching = at.handoffs.WatchHandoffs(handoff_service_pb2.WatchHandoffsRequest())
        await watching.read()
        at.server.stop_streams()
        for stream in (els.call, watching):
            assert (await refusal(read_on(stream))).reason == "SERVER_STOPPING"


async def test_an_agent_is_as_they_were_set_up(at: Handoffs) -> None:
    wanted = handoff_pb2.Agent(
        id="els", display_name="Els", queue_ids=["desk"], languages=["nl", "de"], max_chats=3
    )
    request = agent_service_pb2.UpsertAgentRequest(agent=wanted, request_id="r1")
    request.agent.presence, request.agent.open_chats = handoff_pb2.PRESENCE_ONLINE, 7  # output only: ignored
    made = (await at.agents.UpsertAgent(request, timeout=TIMEOUT)).agent
    wanted.presence, wanted.hold_weight = handoff_pb2.PRESENCE_OFFLINE, 0.2
    assert made == wanted
    assert (
        await at.agents.GetAgent(agent_service_pb2.GetAgentRequest(agent_id="els"), timeout=TIMEOUT)
    ).agent == made


async def test_an_agent_sets_their_own_presence(at: Handoffs) -> None:
    await at.agent("els", online=False)
    waiting = await at.ask()
    request = agent_service_pb2.SetPresenceRequest(presence=handoff_pb2.PRESENCE_ONLINE, request_id="r1")
    agent = (await at.agents.SetPresence(request, timeout=TIMEOUT, metadata=ELS)).agent
    assert (agent.id, agent.presence, agent.open_chats) == ("els", ONLINE, 1)
    assert (await at.get(waiting.id)).state == OFFERED
    assert (await at.presence("els", OFFLINE)).open_chats == 0
    assert (await at.get(waiting.id)).state == QUEUED


async def test_lists_agents_and_queues_in_pages(at: Handoffs) -> None:
    for name in ("a", "b", "c"):
        await at.queue(name)
        await at.agent(name, queues=(name,))
    agents: list[str] = []
    asked = agent_service_pb2.ListAgentsRequest(page_size=2)
    while True:
        page = await at.agents.ListAgents(asked, timeout=TIMEOUT, metadata=ELS)
        agents += [agent.id for agent in page.agents]
        if not page.next_page_token:
            break
        asked.page_token = page.next_page_token
    assert agents == ["a", "b", "c"]
    first = await at.queues.ListQueues(queue_service_pb2.ListQueuesRequest(page_size=3), timeout=TIMEOUT)
    rest = await at.queues.ListQueues(
        queue_service_pb2.ListQueuesRequest(page_token=first.next_page_token), timeout=TIMEOUT
    )
    assert [queue.id for queue in (*first.queues, *rest.queues)] == ["a", "b", "c", "desk"]
    assert rest.next_page_token == ""


async def test_a_queue_is_as_it_was_set_up(at: Handoffs) -> None:
    queue = handoff_pb2.Queue(id="tickets", display_name="Tickets", waiting=9)
    request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
    made = (await at.queues.UpsertQueue(request, timeout=TIMEOUT)).queue
    assert (made.max_wait.seconds, made.offer_timeout.seconds, made.waiting) == (600, 30, 0)
    await at.ask("one", queue="tickets")
    read = queue_service_pb2.GetQueueRequest(queue_id="tickets")
    assert (await at.queues.GetQueue(read, timeout=TIMEOUT)).queue.waiting == 1
