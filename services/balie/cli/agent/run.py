"""Joins an agent's stream, their chats and what they type."""

import asyncio
from contextlib import suppress

import grpc
from prompt_toolkit.patch_stdout import patch_stdout

from balie.api.handoff.v1 import handoff_pb2
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.doing import Doing
from balie.cli.agent.hand import Hand
from balie.cli.agent.lines import lines
from balie.cli.agent.speaking import Speaking
from balie.cli.agent.stream import Refused, Stream, first_of
from balie.cli.console import console, explain_failure, printable
from balie.client import Balie

_GOING_SECONDS = 5.0


async def run_desk(gateway: str, handoff: str, agent: str) -> None:
    """Works as an agent until the input ends."""
    async with Balie(gateway=gateway, handoff=handoff, act_as=f"agent:{agent}") as client:
        desk = AgentDesk(client, agent)
        stream = Stream(client, agent, desk)
        hand = Hand(client)
        doing = Doing(desk, stream, hand, Speaking(client, desk, stream, hand))
        try:
            with patch_stdout(raw=True):
                await first_of(stream.run(), _type(desk, stream, hand, doing))
        except grpc.RpcError as error:
            explain_failure(error, f"{gateway} or {handoff}")
        finally:
            await desk.close()


async def _type(desk: AgentDesk, stream: Stream, hand: Hand, doing: Doing) -> None:
    await stream.ready.wait()
    await hand.read()
    name = printable(desk.agent.display_name)
    console.print(f"You are {name}. /help shows what you can do.", style="dim")
    await doing.be(handoff_pb2.PRESENCE_ONLINE)
    async for line in lines(desk, hand):
        if await doing.do(line):
            break
    with suppress(TimeoutError, Refused):
        await asyncio.wait_for(doing.be(handoff_pb2.PRESENCE_OFFLINE), _GOING_SECONDS)
    await stream.close()
