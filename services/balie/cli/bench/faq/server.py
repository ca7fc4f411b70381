"""The FAQ service as `balie up` starts it, alone, with a collection that the bench fills."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from balie.api.common.v1 import language_pb2
from balie.api.faq.v1 import faq_service_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.bench.faq.corpus import COLLECTION, LANGUAGE, Corpus
from balie.cli.bench.machine import cpu_seconds, memory_mb
from balie.cli.bench.rounds import Step
from balie.cli.bench.service import serving
from balie.cli.console import explain_failure, fail
from balie.cli.desk import SAMPLE, Desk
from balie.cli.importing import make_collection
from balie.cli.processes import ServiceProcess
from balie.cli.suite import Addresses, service_settings
from balie.client import Balie

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METHOD = "/balie.api.faq.v1.FaqService/SearchAnswers"

_CALL_SECONDS = 30.0
_FILL_SECONDS = 7200.0
_LOOK_SECONDS = 0.2
_QUIET_SECONDS = 3.0
_QUIET_SHARE = 0.05


class Server:
    """The FAQ service as a process.

    Args:
        data: folder for its database.
        encoder: folder that `balie encoder build` wrote.
    """

    def __init__(self, data: Path, encoder: Path) -> None:
        addresses = Addresses.free()
        self._settings = service_settings(Desk(SAMPLE), data, encoder, addresses)["faq"]
        # Nothing is written in the midst of a round; and what is asked again costs as much as the first time.
        del self._settings["BALIE_FAQ_INDEX_FOLDER"]
        self._settings["BALIE_ENCODER_CACHE_TEXTS"] = "0"
        self.address = addresses.faq
        self._process: ServiceProcess | None = None

    @property
    def pid(self) -> int:
        """Returns the process's id; 0 before it serves."""
        return self._process.pid if self._process else 0

    @property
    def memory_mb(self) -> float:
        """Returns its resident memory, megabytes."""
        return memory_mb(self.pid)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        """Runs it for the length of a block; ends the command when it cannot start."""
        async with serving("faq", self._settings, self.address) as self._process:
            yield self

    async def fill(self, corpus: Corpus, step: Step) -> knowledge.Index:
        """Imports a corpus, and returns its index once it holds all of it, has its threshold, and nothing else is done."""
        total = len(corpus.questions)
        async with Balie(faq=self.address) as client:
            try:
                await make_collection(client, COLLECTION, (LANGUAGE,))
                last = knowledge.ImportEntriesResponse()
                async for last in client.knowledge.ImportEntries(_parts(corpus), timeout=_FILL_SECONDS):
                    step("filling", last.received / total)
                if last.refused or not last.done:
                    why = last.problems[0].message if last.problems else "the import ended early"
                    fail(f"FAQ refused {last.refused} of {total} entries: {why}")
                return await self._settled(client, last.index_generation, total, step)
            except grpc.RpcError as error:
                explain_failure(error, self.address)

    async def _settled(self, client: Balie, generation: int, total: int, step: Step) -> knowledge.Index:
        request = knowledge.GetIndexRequest(collection_id=COLLECTION)
        while True:
            index = (await client.knowledge.GetIndex(request, timeout=_CALL_SECONDS)).index
            step("waiting for the index", index.entry_count / total)
            if index.generation >= generation and index.state == knowledge.INDEX_STATE_READY:
                before = cpu_seconds(self.pid)
                # The threshold is learned once nothing has changed for a while, and takes a core meanwhile.
                await asyncio.sleep(_QUIET_SECONDS)
                if cpu_seconds(self.pid) - before < _QUIET_SHARE * _QUIET_SECONDS:
                    return (await client.knowledge.GetIndex(request, timeout=_CALL_SECONDS)).index
            await asyncio.sleep(_LOOK_SECONDS)


async def _parts(corpus: Corpus) -> AsyncIterator[knowledge.ImportEntriesRequest]:
    yield knowledge.ImportEntriesRequest(header=knowledge.ImportHeader(collection_id=COLLECTION))
    for entry in corpus.entries():
        yield knowledge.ImportEntriesRequest(entry=entry)
    yield knowledge.ImportEntriesRequest(end=knowledge.ImportEnd())


def requests(texts: Sequence[str]) -> list[bytes]:
    """Returns the bytes of searches that FAQ has to encode."""
    return [_request(text).SerializeToString() for text in texts]


def requests_with(texts: Sequence[str], vectors: "NDArray[np.float32]", fingerprint: str) -> list[bytes]:
    """Returns the bytes of searches that come with their embedding, as the gateway passes on NLU's."""
    found = []
    for text, vector in zip(texts, vectors, strict=True):
        request = _request(text)
        request.embedding.CopyFrom(language_pb2.Embedding(fingerprint=fingerprint, values=vector.tolist()))
        found.append(request.SerializeToString())
    return found


def _request(text: str) -> faq_service_pb2.SearchAnswersRequest:
    return faq_service_pb2.SearchAnswersRequest(collection_id=COLLECTION, text=text, language=LANGUAGE)
