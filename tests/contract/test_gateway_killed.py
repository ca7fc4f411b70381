"""A gateway that is killed without warning: what it acknowledged is there, and is answered once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from tests.fakes.gateway_desk import WAIT_SECONDS, Desk, Neighbours, neighbourhood, settings_for, until

from balie.api.gateway.v1 import conversation_pb2
from balie.gateway import tables
from balie.gateway.settings import GatewaySettings
from balie.kit import tables as kit_tables
from balie.kit.database import Database
from balie.kit.migrations import drift
from balie.kit.testing import free_address

DONE = conversation_pb2.TURN_STATE_DONE


def environment(settings: GatewaySettings, address: str) -> dict[str, str]:
    # On SQLite nobody else can hold a lease, so a dead process's are dropped at the start, however long they are.
    lease_seconds = 600.0 if settings.database_url.startswith("sqlite") else 1.0
    chosen = settings.model_copy(update={"listen": address, "lease_seconds": lease_seconds})
    given = {
        name: getattr(chosen, name)
        for name in (
            "listen",
            "database_url",
            "nlu_address",
            "faq_address",
            "handoff_address",
            "faq_collection",
            "follow_ups_file",
            "poll_seconds",
            "lease_seconds",
        )
    }
    return os.environ | {f"BALIE_GATEWAY_{name.upper()}": str(value) for name, value in given.items()}


class Process:
    """A gateway in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, desk: Desk) -> None:
        self.desk = desk
        self._process = process

    async def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


@asynccontextmanager
async def process(settings: GatewaySettings, neighbours: Neighbours) -> AsyncIterator[Process]:
    address = free_address()
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "balie.gateway",
        env=environment(settings, address),
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
        running = Process(started, Desk(address, channel, neighbours))
        stack.push_async_callback(running.kill)
        async with asyncio.timeout(WAIT_SECONDS):
            await channel.channel_ready()
        yield running


async def test_every_acknowledged_message_is_answered_once_after_a_kill(
    database_url: str, tmp_path: Path
) -> None:
    async with neighbourhood() as neighbours:
        settings = settings_for(neighbours, database_url, tmp_path)
        acknowledged: dict[str, Any] = {}
        async with process(settings, neighbours) as first:
            conversations = [await first.desk.create(f"contact-{number}") for number in range(3)]

            async def say(number: int) -> None:
                request_id = f"r-{number}"
                conversation = conversations[number % 3]
                sent = await first.desk.say(conversation, "hoe laat open", wait=None, request_id=request_id)
                acknowledged[request_id] = sent

            saying = [asyncio.create_task(say(number)) for number in range(24)]

            async def some_are_answered() -> bool:
                return len(neighbours.handoff.routed) >= 5

            await until(some_are_answered)
            await first.kill()
            await asyncio.gather(*saying, return_exceptions=True)
        assert acknowledged
        async with process(settings, neighbours) as second:
            again = await asyncio.gather(
                *(
                    second.desk.say(conversations[number % 3], "hoe laat open", request_id=f"r-{number}")
                    for number in range(24)
                )
            )
            for number, answer in enumerate(again):
                assert answer.turn_state == DONE
                assert [reply.text for reply in answer.replies] == ["Elke dag van 9 tot 17 uur."]
                before = acknowledged.get(f"r-{number}")
                assert before is None or before.message == answer.message
            for conversation in conversations:
                messages = await second.desk.messages(conversation)
                assert [message.seq for message in messages] == list(range(1, 17))
                replied = [message.turn_id for message in messages if message.ordinal]
                asked = [message.turn_id for message in messages if not message.ordinal]
                assert replied == asked


async def test_a_decision_of_before_the_kill_is_carried_out_after_it(
    database_url: str, tmp_path: Path
) -> None:
    """The router has decided, the gateway dies before it hears: the answer of that very search is given."""
    async with neighbourhood() as neighbours:
        settings = settings_for(neighbours, database_url, tmp_path)
        decided = asyncio.Event()

        async def hang(_: Any) -> None:
            decided.set()
            await asyncio.Event().wait()

        neighbours.handoff.after_route = hang
        async with process(settings, neighbours) as first:
            conversation = await first.desk.create()
            sent = await first.desk.say(conversation, "hoe laat open", wait=None)
            await decided.wait()
            await first.kill()
        neighbours.handoff.after_route = None
        async with process(settings, neighbours) as second:
            turn = await second.desk.ended_turn(sent.turn_id)
            messages = await second.desk.messages(conversation)
        assert (turn.state, turn.attempts) == (DONE, 2)
        assert [message.answer_id for message in messages[1:]] == [turn.decision.answer.answer_id]
        assert len(neighbours.faq.asked) == 1


async def test_a_start_with_a_bad_file_says_which_and_where(tmp_path: Path) -> None:
    async with neighbourhood() as neighbours:
        settings = settings_for(neighbours, f"sqlite+aiosqlite:///{tmp_path}/g.sqlite3", tmp_path)
    settings.follow_ups_file.write_text("version: 1\nqueues_default: service\nintents: {a: {reply: none}}\n")
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "balie.gateway",
        env=environment(settings, free_address()),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, said = await started.communicate()
    assert started.returncode == 1
    assert said.decode() == (
        f"gateway: {settings.follow_ups_file}: intents.a.reply: none is not among the replies\n"
    )


async def test_the_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    async with Database.open(database_url, migrations="balie.gateway.migrations"):
        pass
    assert await drift(database_url, tables.metadata, kit_tables.metadata) == []
