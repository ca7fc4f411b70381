"""The port that Prometheus scrapes: off unless it is asked for."""

import asyncio
import socket
from urllib.request import urlopen

import pytest
from tests.unit.handoff.served import served


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


async def test_figures_are_scraped_from_the_port_that_was_given(database_url: str) -> None:
    port = free_port()
    async with served(database_url, metrics_port=port) as at:
        await at.queue("webshop")
        await at.ask(queue="webshop")
        text = await asyncio.to_thread(scrape, port)
    assert 'balie_handoff_open{queue="webshop",state="queued",tenant="default"} 1.0' in text
    with pytest.raises(ConnectionRefusedError), socket.socket() as gone:
        gone.connect(("127.0.0.1", port))  # it is closed with the service
