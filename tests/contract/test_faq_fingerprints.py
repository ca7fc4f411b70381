"""Embeddings and databases of another encoder, as the callers of the real service see them."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, refused
from tests.contract.other_encoder import other_encoder

from balie.api.common.v1.language_pb2 import Embedding
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever
from balie.faq.retrieval.threshold import default

FEW = 384
LAX = Policy(max_wrong=0.5, delta=0.1, expected_unanswerable=0.3)
DEFAULT = default(open_retriever(DEFAULT_RETRIEVER, {}), LAX)
THINGS = (
    *(
        "restaurant",
        "lifeboat",
        "elevator",
        "captain",
        "library",
        "pharmacy",
        "bicycle",
        "harbour",
        "luggage",
    ),
    *("playground", "toilet", "newspaper", "staircase", "umbrella", "wheelchair", "sunscreen", "telescope"),
    *("blanket", "kitchen", "ladder"),
)
"""Entries enough to learn a threshold from."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")


async def index_of(one: Desk) -> knowledge.Index:
    request = knowledge.GetIndexRequest(collection_id=FERRY)
    index: knowledge.Index = (await one.knowledge.GetIndex(request, timeout=SECONDS)).index
    return index


async def filled(one: Desk) -> int:
    """Returns the generation of a collection with two entries."""
    await one.collect()
    await one.put("price", "How much is a ticket?", "What does the crossing cost?")
    generation: int = (await one.put("dogs", "May I bring my dog?")).index_generation
    return generation


async def test_an_embedding_that_is_no_vector_is_refused_also_beside_a_text(sqlite_url: str) -> None:
    async with desk(sqlite_url) as one:
        await one.search("warm", min_generation=await filled(one))
        index = await index_of(one)
        size = index.dimensions
        wrong: dict[str, Sequence[float]] = {
            "a norm of nan": [math.nan] + [0.1] * (size - 1),
            "a norm of inf": [0.1] * (size - 1) + [math.inf],
            "a norm of 0": [0.0] * (size - 1) + [-0.0],
            str(size - 1): [0.1] * (size - 1),
            str(size + 1): [0.1] * (size + 1),
            "1": [math.nan],
        }
        for actual, values in wrong.items():
            for text in ("", "May I bring my dog?"):
                embedding = Embedding(fingerprint=index.encoder_fingerprint, values=values)
                failure = await refused(one.search(text, embedding=embedding))
                assert (failure.code, failure.reason) == (
                    grpc.StatusCode.INVALID_ARGUMENT,
                    "EMBEDDING_INVALID",
                )
                assert failure.metadata["actual"] == actual
        negative = Embedding(fingerprint=index.encoder_fingerprint, values=[-math.inf] * size)
        assert (await refused(one.search(embedding=negative))).reason == "EMBEDDING_INVALID"
        for extreme in (3e38, 1e-45):  # far from length 1, and a direction all the same
            embedding = Embedding(fingerprint=index.encoder_fingerprint, values=[extreme] * size)
            found = await one.search(embedding=embedding)
            assert all(0 <= answer.score <= 1 for answer in found.answers)
        assert (await one.search("May I bring my dog?")).answers[0].entry_id == "dogs"


@pytest.mark.parametrize(
    ("embedding", "reason", "field"),
    [
        (Embedding(), "FIELD_REQUIRED", "embedding.fingerprint"),
        (Embedding(values=[0.1] * FEW), "FIELD_REQUIRED", "embedding.fingerprint"),
        (Embedding(fingerprint="f" * 129, values=[0.1]), "FIELD_TOO_LONG", "embedding.fingerprint"),
        (Embedding(fingerprint="f\0", values=[0.1]), "FIELD_MALFORMED", "embedding.fingerprint"),
        (Embedding(fingerprint="f"), "FIELD_REQUIRED", "embedding.values"),
        (Embedding(fingerprint="f", values=[0.1] * 4097), "TOO_MANY_ITEMS", "embedding.values"),
    ],
)
async def test_an_embedding_outside_its_bounds_names_the_field(
    sqlite_url: str, embedding: Embedding, reason: str, field: str
) -> None:
    async with desk(sqlite_url) as one:
        await one.collect()
        failure = await refused(one.search("dog", embedding=embedding))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert failure.metadata["field"] == field


async def test_a_start_with_another_encoder_makes_the_index_anew(sqlite_url: str, tmp_path: Path) -> None:
    async with desk(sqlite_url, calibration_delay_seconds=0, max_wrong=LAX.max_wrong) as one:
        await filled(one)
        for thing in THINGS:
            last = await one.put(
                thing, f"Where is the {thing}?", f"I am looking for the {thing}", f"Show me your {thing}"
            )
        found = await one.search("May I bring my dog?", min_generation=last.index_generation)
        async with asyncio.timeout(SECONDS):
            while (before := await index_of(one)).calibration_version == DEFAULT.version:
                await asyncio.sleep(0.02)
        assert before.calibration_version.startswith("leave-one-out.")
        assert found.encoder_fingerprint == before.encoder_fingerprint
    folder = other_encoder(tmp_path / "encoder")
    async with desk(
        sqlite_url, encoder_folder=folder, calibration_delay_seconds=600, max_wrong=LAX.max_wrong
    ) as two:
        after = await index_of(two)
        assert after.encoder_fingerprint != before.encoder_fingerprint
        assert (after.generation, after.entry_count, after.vector_count) == (
            before.generation,
            before.entry_count,
            before.vector_count,
        )
        assert after.calibration_version == DEFAULT.version
        old = Embedding(fingerprint=before.encoder_fingerprint, values=[0.1] * before.dimensions)
        failure = await refused(two.search(embedding=old))
        assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "EMBEDDING_INVALID")
        assert failure.metadata["expected"] == after.encoder_fingerprint
        assert failure.metadata["actual"] == before.encoder_fingerprint
        found = await two.search("May I bring my dog?", embedding=old, want_parts=True)
        best = found.answers[0]
        assert (best.entry_id, best.parts.question) == ("dogs", pytest.approx(1.0, abs=1e-5))
        assert found.encoder_fingerprint == after.encoder_fingerprint
