"""Takes in what a model is to be trained from: on disk first, then to the workers."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime

from balie.kit.cancellation import see_through
from balie.kit.database import Database
from balie.kit.errors import Failure, FieldUnknownValue
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger, Write
from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.nlu.artifacts import VERSION_CHARACTERS
from balie.nlu.engines.registry import ENGINES, open_engine
from balie.nlu.errors import OptionWrong
from balie.nlu.example_lines import CHUNK_BYTES, chunks
from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.jobs import Task
from balie.nlu.models import events, store
from balie.nlu.models.domain import Key, ModelChange, ModelState
from balie.nlu.models.errors import (
    EngineNotInstalled,
    EngineOptionInvalid,
    TrainingDataInvalid,
    TrainingsFull,
)
from balie.nlu.topics import MODELS

MAX_EXAMPLES = 200_000
MAX_TRAININGS = 16

Parts = AsyncGenerator[Sequence[Example], None]


class Intake:
    """Receives trainings.

    Args:
        wake: tells the worker of this replica that there is work.
    """

    def __init__(self, database: Database, ledger: Ledger, log: EventLog, wake: Callable[[], None]) -> None:
        self._database = database
        self._ledger = ledger
        self._log = log
        self._wake = wake

    async def receive(self, write: Write, display_name: str, task: Task, parts: Parts) -> Key:
        """Returns the model that will be trained, once everything it needs is on disk; a replay finds the first one.

        Args:
            write: the request, whose digest covers its header.
            display_name: what people call the model.
            task: how it is trained.
            parts: the examples; read to their end.

        Raises:
            FieldUnknownValue: there is no such engine.
            EngineOptionInvalid: the engine does not take an option.
            EngineNotInstalled: its library is missing.
            TrainingDataInvalid: nothing can be learned from the examples.
            TrainingsFull: too many trainings wait.
            RequestIdReused: the id came before with other examples.
        """
        await asyncio.to_thread(check_engine, task)  # imports the engine
        key = (write.tenant, secrets.token_hex(VERSION_CHARACTERS // 2))
        async with self._database.write() as tx:
            await store.add(tx, key, display_name, task, datetime.now(UTC), ModelState.RECEIVING)
        submitted = False
        try:
            received = _Received()
            async with aclosing(parts):
                async for part in parts:
                    received.add(part)
                    if received.waiting_bytes >= CHUNK_BYTES:
                        await self._spill(key, received)
            await self._spill(key, received)
            received.check()
            first = await self._submit(replace(write, digest=received.digest(write.digest)), key, received)
            submitted = first == key
            return first
        finally:
            if not submitted:
                await see_through(self._forget(key))

    async def _spill(self, key: Key, received: "_Received") -> None:
        for chunk in received.packed():
            async with self._database.write() as tx:
                await store.add_examples(tx, key, received.chunks, chunk)
                await store.touch(tx, key, datetime.now(UTC))
            received.chunks += 1

    async def _submit(self, write: Write, key: Key, received: "_Received") -> Key:
        async def work() -> str:
            if await store.count(tx, key[0], ModelState.TRAINING) >= MAX_TRAININGS:
                raise TrainingsFull(limit=MAX_TRAININGS)
            await store.submit(tx, key, len(received.different), datetime.now(UTC))
            change = ModelChange(key[1], ModelState.TRAINING)
            await self._log.append(tx, key[0], MODELS, events.encode(change))
            return key[1]

        async with self._database.write() as tx:
            version = await self._ledger.once(tx, write, str, work)
            tx.after_commit(self._wake)
        return key[0], version

    async def _forget(self, key: Key) -> None:
        with suppress(Failure):  # it is swept later
            async with self._database.write() as tx:
                await store.delete(tx, key)


class _Received:
    """The examples of one stream: those not stored yet, and what is known of all.

    Attributes:
        chunks: how many are stored.
        different: a digest of each different example.
        waiting_bytes: about how much is not stored yet.
    """

    def __init__(self) -> None:
        self.chunks = 0
        self.different: set[bytes] = set()
        self.waiting_bytes = 0
        self._waiting: list[Example] = []
        self._intents: set[str] = set()
        self._digest = hashlib.sha256()
        self._count = 0

    def add(self, examples: Sequence[Example]) -> None:
        """Takes a part.

        Raises:
            TrainingDataInvalid: there are too many.
        """
        for example in examples:
            row = json.dumps([example.intent, example.language, example.text]).encode()
            self._digest.update(row)
            self._intents.add(example.intent)
            self._count += 1
            digest = hashlib.blake2b(row, digest_size=16).digest()
            if digest not in self.different:
                self.different.add(digest)
                self._waiting.append(example)
                self.waiting_bytes += len(row)
        if self._count > MAX_EXAMPLES:
            raise TrainingDataInvalid(f"there are more than {MAX_EXAMPLES} examples")

    def packed(self) -> Sequence[bytes]:
        """Returns what is not stored yet, packed, and forgets it."""
        found = list(chunks(self._waiting))
        self._waiting, self.waiting_bytes = [], 0
        return found

    def digest(self, header: str) -> str:
        """Returns the digest of header and examples together, in the order in which they came."""
        return hashlib.sha256(f"{header}{self._digest.hexdigest()}".encode()).hexdigest()

    def check(self) -> None:
        """Raises unless something can be learned from the examples."""
        if not self._count:
            raise TrainingDataInvalid("there are no examples")
        if not self._intents - {OUT_OF_SCOPE}:
            raise TrainingDataInvalid(f"all examples are {OUT_OF_SCOPE}: there is no intent")
        if len(self._intents) < 2:
            raise TrainingDataInvalid(
                f"one intent cannot be told from others: add another, or {OUT_OF_SCOPE}"
            )


def check_engine(task: Task) -> None:
    """Raises what is wrong with the engine of a task, or its options."""
    try:
        open_engine(task.engine, task.options)
    except UnknownPlugin:
        raise FieldUnknownValue("spec.engine", value=task.engine, known=ENGINES.names()) from None
    except MissingExtra as missing:
        raise EngineNotInstalled(task.engine, str(missing)) from None
    except OptionWrong as wrong:
        raise EngineOptionInvalid(task.engine, wrong.option, wrong.problem) from None
