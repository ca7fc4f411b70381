"""Another encoder on the same database: nothing of two encoders is ever mixed, and nothing is left half done."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from tests.fakes.words_encoder import WordsEncoder, vector_of
from tests.integration.faq.other_encoders import STUCK_AFTER_TEXTS, Halved, Reversed
from tests.integration.faq.replicas import PATIENCE_SECONDS, POLICY, SOON, Replica, likeness, replica, until

from balie.faq.domain import Embedding
from balie.faq.errors import EmbeddingInvalid
from balie.faq.index.vectors import text_hash
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever
from balie.faq.retrieval.threshold import default
from balie.faq.tables import calibrations, vectors
from balie.kit.database import Database

pytestmark = pytest.mark.timeout(90)

ROOT = Path(__file__).parents[3]
QUESTIONS = {
    "dogs": ("may my dog come aboard", "dog ticket"),
    "cats": ("what does a cat pay",),
    "late": ("why is this boat late", "when do we leave at last"),
}
WORDED = sorted(
    [*(text for asked in QUESTIONS.values() for text in asked), *(f"about {name}" for name in QUESTIONS)]
)
"""Every text that has a vector."""

LAX = replace(POLICY, max_wrong=0.5)
DEFAULT = default(open_retriever(DEFAULT_RETRIEVER, {}), LAX)
OTHERS = pytest.mark.parametrize("other", [Reversed, Halved])

assert not np.allclose(vector_of("may my dog come aboard"), vector_of("may my dog come aboard")[::-1])


async def fill(one: Replica) -> int:
    """Returns the generation of a collection that holds all questions."""
    await one.collect()
    return [(await one.put(name, *asked)).generation for name, asked in QUESTIONS.items()][-1]


async def finds_all(one: Replica, generation: int = 0) -> None:
    """Checks that each question finds its entry with an equal vector, and nothing else with it."""
    for name, asked in QUESTIONS.items():
        for text in asked:
            found = await one.search(text, min_generation=generation)
            assert (found.answers[0].entry_id, likeness(found.answers[0])) == (name, pytest.approx(1.0))
            assert all(likeness(answer) < 0.9 for answer in found.answers[1:])
            assert found.state.fingerprint == one.encoder.fingerprint
            assert found.state.vector_count == len(WORDED)


async def kept(database: Database) -> dict[str, int]:
    """Returns how many vectors are kept, by fingerprint."""
    query = sa.select(vectors.c.fingerprint, sa.func.count()).group_by(vectors.c.fingerprint)
    async with database.read() as tx:
        return {row[0]: row[1] for row in await tx.all(query)}


@OTHERS
async def test_a_restart_with_another_encoder_encodes_anew_and_keeps_what_is_there(
    database_url: str, other: type[WordsEncoder]
) -> None:
    async with replica(database_url) as one:
        await finds_all(one, await fill(one))
        ids = await one.ids()
    async with replica(database_url, other()) as two:
        assert sorted(two.encoder.encoded) == WORDED
        assert await two.ids() == ids
        await finds_all(two)
        assert await kept(two.database) == {"words.v1": len(WORDED), two.encoder.fingerprint: len(WORDED)}
    async with replica(database_url) as back:
        assert back.encoder.encoded == []
        await finds_all(back)


@OTHERS
async def test_an_embedding_of_the_last_encoder_is_refused_by_the_next(
    sqlite_url: str, other: type[WordsEncoder]
) -> None:
    text = QUESTIONS["dogs"][0]
    old = Embedding("words.v1", vector_of(text).tolist())
    async with replica(sqlite_url) as one:
        last = await fill(one)
        assert likeness(
            (await one.search("", embedding=old, min_generation=last)).answers[0]
        ) == pytest.approx(1.0)
    async with replica(sqlite_url, other()) as two:
        with pytest.raises(EmbeddingInvalid) as caught:
            await two.search("", embedding=old)
        assert caught.value.metadata == {"expected": two.encoder.fingerprint, "actual": "words.v1"}
        with pytest.raises(EmbeddingInvalid):
            await two.search("", embedding=old, entry_ids=("dogs",))
        assert likeness((await two.search(text, embedding=old)).answers[0]) == pytest.approx(1.0)


@OTHERS
async def test_a_calibration_of_another_encoder_is_not_used(
    database_url: str, other: type[WordsEncoder]
) -> None:
    async def is_learned(one: Replica) -> bool:
        return (await one.search("x")).state.calibration.version.startswith("leave-one-out.")

    async with replica(database_url, policy=LAX, delay_seconds=SOON) as one:
        await fill(one)
        for number in range(20):
            own = f"thing{number} stuff{number} item{number}"
            generation = (await one.put(f"e{number}", own, f"{own} please", f"hello {own}")).generation
        await until(lambda: is_learned(one))
        learned = (await one.search("x", min_generation=generation)).state.calibration
    async with replica(database_url, other(), policy=LAX) as two:
        assert (await two.search("dog ticket")).answers[0].entry_id == "dogs"
        assert (await two.search("x")).state.calibration == DEFAULT
    async with replica(database_url, other(), policy=LAX, delay_seconds=SOON) as two:
        await until(lambda: is_learned(two))
        async with two.database.read() as tx:
            rows = await tx.all(sa.select(calibrations.c.fingerprint, calibrations.c.version))
        assert {row.fingerprint for row in rows} == {"words.v1", two.encoder.fingerprint}
    async with replica(database_url, policy=LAX) as back:
        assert (await back.search("x")).state.calibration == learned


@OTHERS
async def test_two_replicas_with_two_encoders_share_a_database(
    database_url: str, other: type[WordsEncoder]
) -> None:
    async with replica(database_url) as one, replica(database_url, other()) as two:
        await fill(one)
        last = (await two.put("price", "how much is the crossing")).generation
        for each in (one, two):
            found = await each.search("how much is the crossing", min_generation=last)
            assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("price", pytest.approx(1.0))
            own = Embedding(each.encoder.fingerprint, (await each.encoder.encode(["dog ticket"]))[0].tolist())
            found = await each.search("", embedding=own)
            assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("dogs", pytest.approx(1.0))
        assert await one.ids() == await two.ids()
        changed = (await one.put("price", "what does the crossing cost")).generation
        for each in (one, two):
            found = await each.search("what does the crossing cost", min_generation=changed)
            assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("price", pytest.approx(1.0))
        gone = await two.drop("price")
        await finds_all(one, gone)
        await finds_all(two, gone)
        left = set(map(text_hash, WORDED))
        async with one.database.read() as tx:
            rows = await tx.all(sa.select(vectors.c.text_hash))
        assert {
            bytes(row.text_hash) for row in rows
        } == left  # also of the text that one replaced and two dropped
        assert await kept(one.database) == {"words.v1": len(WORDED), two.encoder.fingerprint: len(WORDED)}


async def test_a_kill_in_the_middle_of_encoding_anew_leaves_what_was_there_and_what_was_done(
    database_url: str,
) -> None:
    texts = {f"e{entry}": [f"entry{entry} text{text}" for text in range(101)] for entry in range(12)}
    total = sum(map(len, texts.values())) + len(texts)  # with the answers
    async with replica(database_url) as one:
        await one.collect()
        for name, asked in texts.items():
            last = await one.put(name, *asked)
        await one.found("x", min_generation=last.generation)
        ids = await one.ids()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.faq.other_encoders", database_url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with Database.open(database_url, migrations="balie.faq.migrations") as database:
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            while (await kept(database)).get(
                "reversed.v1"
            ) != STUCK_AFTER_TEXTS and process.returncode is None:
                await asyncio.sleep(0.05)
        process.kill()
        output, errors = await process.communicate()
        assert (process.returncode, output) == (-9, b""), errors.decode()  # it was never ready
        assert await kept(database) == {"words.v1": total, "reversed.v1": STUCK_AFTER_TEXTS}
    async with replica(database_url) as back:
        assert (back.encoder.encoded, await back.ids()) == ([], ids)
    async with replica(database_url, Reversed()) as again:
        assert len(again.encoder.encoded) == len(set(again.encoder.encoded)) == total - STUCK_AFTER_TEXTS
        assert await again.ids() == ids
        for name, asked in texts.items():
            for text in (asked[0], asked[-1]):
                found = await again.search(text)
                assert (found.answers[0].entry_id, likeness(found.answers[0])) == (name, pytest.approx(1.0))
        assert await kept(again.database) == {"words.v1": total, "reversed.v1": total}
