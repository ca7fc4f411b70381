"""Another encoder is installed while the service runs: no search fails, and none mixes the two."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.fakes.words_encoder import WordsEncoder, vector_of
from tests.integration.faq.other_encoders import Halved, Reversed
from tests.integration.faq.replicas import FERRY, SOON, TENANT, Replica, likeness, replica
from tests.integration.faq.test_fingerprints import QUESTIONS, finds_all, kept
from tests.integration.faq.test_fingerprints import fill as fill_questions
from tests.integration.faq.test_saved_indexes import agree

from balie.encoders.errors import EncoderDamaged
from balie.faq.domain import BuildProgress, BuildStep, Embedding
from balie.faq.errors import EmbeddingInvalid
from balie.faq.index.encoder_change import EncoderChange, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.timeout(30)
OTHERS = pytest.mark.parametrize("other", [Reversed, Halved])


@dataclass
class Folder:
    """Where an encoder is installed."""

    installed: WordsEncoder
    opened: list[WordsEncoder] = field(default_factory=list)
    broken: Exception | None = None

    async def open(self) -> WordsEncoder:
        if self.broken:
            raise self.broken
        self.opened.append(self.installed)
        return self.installed

    def watched_by(self, one: Replica) -> EncoderChange:
        source = Source(lambda: self.installed.fingerprint, self.open)
        return EncoderChange(one.indexes, one.database, one.encoder, source, seconds=0.02)


@OTHERS
async def test_every_collection_goes_over_and_the_old_encoder_is_closed_and_forgotten(
    database_url: str, other: type[WordsEncoder]
) -> None:
    async with replica(database_url) as one:
        await fill_questions(one)
        await one.collect("second")
        await one.put("pets", "what about pets", collection="second")
        await one.indexes.of(TENANT, "second")
        folder = Folder(one.encoder)
        change = folder.watched_by(one)
        await change.look()
        assert folder.opened == []
        old, folder.installed = one.encoder, other()
        await change.look()
        one.encoder = folder.installed
        await finds_all(one)
        found = await one.search("what about pets", collection_id="second")
        assert (likeness(found.answers[0]), found.state.fingerprint) == (
            pytest.approx(1.0),
            one.encoder.fingerprint,
        )
        assert (old.closed, one.encoder.closed) == (True, False)
        assert await kept(one.database) == {one.encoder.fingerprint: 10}  # with the answers
        await one.collect("third")
        last = await one.put("new", "a new one", collection="third")
        found = await one.search("a new one", collection_id="third", min_generation=last.generation)
        assert found.state.fingerprint == one.encoder.fingerprint
        await agree(one)
        await change.close()
        assert one.encoder.closed


@OTHERS
async def test_no_search_fails_and_none_mixes_the_two_under_load(
    database_url: str, other: type[WordsEncoder]
) -> None:
    async with replica(database_url, delay_seconds=SOON) as one:
        written = await fill_questions(one)
        await one.indexes.of(TENANT, FERRY)
        folder = Folder(one.encoder)
        change = folder.watched_by(one)
        first, second = one.encoder, other()
        fingerprints: list[str] = []
        stop = asyncio.Event()
        given = {
            encoder.fingerprint: Embedding(encoder.fingerprint, row.tolist())
            for encoder in (first, second)
            for row in await encoder.encode([QUESTIONS["dogs"][0]])
        }

        async def search(embedding: Embedding | None) -> None:
            while not stop.is_set():
                least = written
                found = await one.search(QUESTIONS["dogs"][0], min_generation=least, embedding=embedding)
                assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("dogs", pytest.approx(1.0))
                assert all(likeness(answer) < 0.9 for answer in found.answers[1:])
                assert found.state.generation >= least
                fingerprints.append(found.state.fingerprint)

        async def write() -> None:
            nonlocal written
            for number in count():
                if stop.is_set():
                    return
                written = (await one.put(f"own{number % 3}", f"own words {number}")).generation

        async def go_over() -> None:
            for encoder in (second, type(first)(), other()):  # there, back with a copy, and there again
                folder.installed = encoder
                await change.look()
                await asyncio.sleep(0.1)
            stop.set()

        await asyncio.gather(
            search(None),
            search(given[first.fingerprint]),
            search(given[second.fingerprint]),
            write(),
            go_over(),
        )
        turns = [
            name for name, before in zip(fingerprints, ["", *fingerprints], strict=False) if name != before
        ]
        assert turns[0] == first.fingerprint
        assert turns[-1] == second.fingerprint
        assert {*turns} == {first.fingerprint, second.fingerprint}
        await agree(one)


class Slow(Reversed):
    """It takes a single text at once, and waits with more."""

    def __init__(self) -> None:
        super().__init__("slow.v1")
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        if len(texts) > 1:
            self.asked.set()
            await self.free.wait()
        return await WordsEncoder.encode(self, texts)


async def test_replies_name_the_encoder_until_the_index_of_the_next_is_whole(database_url: str) -> None:
    async with replica(database_url) as one:
        await fill_questions(one)
        await finds_all(one)
        folder = Folder(one.encoder)
        change = folder.watched_by(one)
        folder.installed = other = Slow()
        going = asyncio.create_task(change.look())
        await other.asked.wait()
        await finds_all(one)
        upkeep = await one.indexes.upkeep(TENANT, FERRY)
        assert (upkeep.wanted_fingerprint, upkeep.progress) == (
            other.fingerprint,
            BuildProgress(BuildStep.ENCODING),
        )
        other.free.set()
        await going
        assert (await one.search("x")).state.fingerprint == other.fingerprint
        text = QUESTIONS["dogs"][0]
        old = Embedding("words.v1", vector_of(text).tolist())
        assert likeness((await one.search(text, embedding=old)).answers[0]) == pytest.approx(1.0)
        with pytest.raises(EmbeddingInvalid) as caught:
            await one.search("", embedding=old)
        assert caught.value.metadata == {"expected": other.fingerprint, "actual": "words.v1"}


class Crooked(Reversed):
    """Its vectors are no unit vectors."""

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        return 2 * await super().encode(texts)


async def test_an_encoder_that_fails_leaves_the_old_one_serving_and_is_tried_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with replica(database_url) as one:
        await fill_questions(one)
        folder = Folder(one.encoder)
        change = folder.watched_by(one)

        async def refused(why: str) -> None:
            with capture_logs() as logs:
                await change.look()
                await change.look()  # not again at once
            [line] = [line for line in logs if line["event"].startswith("encoder not changed")]
            assert why in line["why"]
            await finds_all(one)

        folder.installed, folder.broken = Reversed("damaged"), EncoderDamaged("a file", "is missing")  # type: ignore[arg-type]
        await refused("is missing")
        folder.installed, folder.broken = Crooked("crooked"), None
        await refused("unit vectors")
        assert folder.opened[-1].closed
        folder.installed = buggy = Reversed("buggy")
        original = buggy.encode

        async def only_one(texts: list[str]) -> np.ndarray:
            if len(texts) > 1:
                raise ValueError("too many for it")
            return await original(texts)

        buggy.encode = only_one  # type: ignore[method-assign,assignment]
        await refused("could not be built anew: ValueError")
        assert not one.encoder.closed
        buggy.encode = original  # type: ignore[method-assign]
        monkeypatch.setattr(change, "_failed", ("", 0.0))  # a minute later
        await change.look()
        one.encoder = buggy
        await finds_all(one)


async def test_the_old_encoder_that_comes_back_is_gone_back_to(database_url: str) -> None:
    async with replica(database_url) as one:
        await fill_questions(one)
        folder = Folder(one.encoder)
        change = folder.watched_by(one)
        folder.installed, folder.broken = Reversed("damaged"), EncoderDamaged("a file", "is missing")  # type: ignore[arg-type]
        with capture_logs():
            await change.look()
        folder.installed = one.encoder
        await change.look()
        assert (await one.indexes.upkeep(TENANT, FERRY)).wanted_fingerprint == "words.v1"
        await finds_all(one)
        assert not one.encoder.closed
