"""The service as a process of its own: killed in the middle of an import, and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.contract.faq_desk import FERRY, entry
from tests.encoder_fixture import encoder_folder

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.client import Balie
from balie.kit.ids import new_id
from balie.kit.testing import free_address

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

SECONDS = 60.0


@contextmanager
def running(address: str, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {
        "BALIE_FAQ_LISTEN": address,
        "BALIE_FAQ_DATABASE_URL": url,
        "BALIE_FAQ_ENCODER_FOLDER": str(encoder_folder()),
        "BALIE_FAQ_DRAIN_SECONDS": "0",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "balie.faq"], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def ready(client: Balie) -> None:
    request = knowledge.ListCollectionsRequest()
    await client.knowledge.ListCollections(request, timeout=SECONDS, wait_for_ready=True)


async def created_until_the_end(call: Any) -> int:
    """Returns the last count of a stream that breaks off."""
    created = 0
    try:
        while True:
            created = (await call.read()).created
    except (grpc.RpcError, asyncio.CancelledError):
        return created


async def test_what_was_told_to_be_written_is_there_after_a_kill(sqlite_url: str, tmp_path: Path) -> None:
    address = free_address()
    told = 0
    with running(address, sqlite_url) as process:
        async with Balie(faq=address) as client:
            await ready(client)
            ferry = entry_pb2.Collection(id=FERRY, languages=["en"])
            await client.knowledge.UpsertCollection(
                knowledge.UpsertCollectionRequest(collection=ferry, request_id=new_id()), timeout=SECONDS
            )

            async def parts() -> AsyncIterator[knowledge.ImportEntriesRequest]:
                yield knowledge.ImportEntriesRequest(header=knowledge.ImportHeader(collection_id=FERRY))
                for number in range(100_000):
                    yield knowledge.ImportEntriesRequest(entry=entry(f"e{number:05}"))

            call: Any = client.knowledge.ImportEntries(parts(), timeout=SECONDS)
            while told < 300:
                told = (await call.read()).created
            process.send_signal(signal.SIGKILL)
            process.wait()
            told = max(told, await created_until_the_end(call))
    with running(address, sqlite_url) as process:
        async with Balie(faq=address) as client:
            await ready(client)
            read = knowledge.GetCollectionRequest(collection_id=FERRY)
            stored = (await client.knowledge.GetCollection(read, timeout=SECONDS)).collection.entry_count
            assert stored >= told
            assert stored % 100 == 0
            state = (
                await client.knowledge.GetIndex(
                    knowledge.GetIndexRequest(collection_id=FERRY), timeout=SECONDS
                )
            ).index
            assert (state.entry_count, state.vector_count) == (stored, 2 * stored)
            assert state.generation == state.stored_generation
            last = f"What about e{stored - 1:05}?"
            found = await client.faq.SearchAnswers(
                faq.SearchAnswersRequest(collection_id=FERRY, text=last, top_k=1), timeout=SECONDS
            )
            assert found.answers[0].entry_id == f"e{stored - 1:05}"
        process.terminate()
        assert process.wait(30) == 0
