"""What a search answers, and when it says that it does not know."""

import numpy as np
import pytest
from tests.fakes.nearest_retriever import NearestRetriever
from tests.fakes.words_encoder import DIMENSIONS, vector_of
from tests.integration.faq.replicas import (
    FERRY,
    POLICY,
    SOON,
    TENANT,
    Replica,
    likeness,
    replica,
    until,
    write,
)

from balie.encoders.errors import EncoderBusy
from balie.faq.domain import Embedding, NoAnswer, Source
from balie.faq.errors import CollectionNotFound, EmbeddingInvalid
from balie.faq.knowledge.domain import EntryContent, EntryText
from balie.faq.retrieval.answer_ids import AnswerId
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever
from balie.faq.retrieval.threshold import default

pytestmark = pytest.mark.timeout(60)


async def filled(one: Replica) -> int:
    """Returns the generation of a collection with dogs, cats and two entries that are nearly alike."""
    await one.collect()
    await one.put("dogs", "may my dog come aboard the boat")
    await one.put("cats", "how much does a cat cost")
    await one.put("north", "when does the ferry to the northern island leave in winter")
    return (await one.put("south", "when does the ferry to the southern island leave in winter")).generation


def given(text: str, fingerprint: str = "words.v1") -> Embedding:
    return Embedding(fingerprint, vector_of(text).tolist())


async def test_answers_what_is_near_and_refuses_what_is_not(sqlite_url: str) -> None:
    async with replica(sqlite_url, delay_seconds=60, retriever=NearestRetriever()) as one:
        last = await filled(one)
        await one.trust(0.6)
        near = await one.search("may my dog come aboard", min_generation=last)
        assert (near.no_answer, near.answers[0].entry_id) == (NoAnswer.NONE, "dogs")
        assert [answer.above_threshold for answer in near.answers] == [True, False, False, False]
        assert near.answers[0].source is Source.RANKED
        assert near.answers[0].answer == "about dogs"
        far = await one.search("what is the capital of France")
        assert far.no_answer is NoAnswer.BELOW_THRESHOLD
        assert len(far.answers) == 4
        assert not any(answer.above_threshold for answer in far.answers)


async def test_what_is_known_word_for_word_is_answered_and_what_two_entries_know_is_not(
    sqlite_url: str,
) -> None:
    async with replica(sqlite_url, delay_seconds=60) as one:
        last = await filled(one)
        known = await one.search("How much does a CAT cost?!", min_generation=last)
        assert (known.no_answer, known.answers[0].entry_id) == (NoAnswer.NONE, "cats")
        assert known.answers[0].score >= 0.99
        again = await one.put("kittens", "how much does a cat cost")
        found = await one.search("how much does a cat cost", min_generation=again.generation)
        assert found.no_answer is not NoAnswer.NONE
        assert {answer.entry_id for answer in found.answers[:2]} == {"cats", "kittens"}


async def test_says_that_several_are_about_as_near(sqlite_url: str) -> None:
    async with replica(sqlite_url, delay_seconds=60, retriever=NearestRetriever()) as one:
        last = await filled(one)
        await one.trust(0.6)
        found = await one.search("when does the ferry to the island leave in winter", min_generation=last)
        assert found.no_answer is NoAnswer.AMBIGUOUS
        assert [answer.entry_id for answer in found.answers[:2]] == ["north", "south"]
        assert [answer.above_threshold for answer in found.answers[:2]] == [False, False]
        assert sum(answer.score for answer in found.answers[:2]) >= 0.6
        one_of_them = await one.search("when does the ferry to the southern island leave in winter")
        assert (one_of_them.no_answer, one_of_them.answers[0].entry_id) == (NoAnswer.NONE, "south")


async def test_being_about_as_near_counts_when_one_answer_is_asked_for(sqlite_url: str) -> None:
    async with replica(sqlite_url, delay_seconds=60, retriever=NearestRetriever()) as one:
        last = await filled(one)
        await one.trust(0.6)
        found = await one.search(
            "when does the ferry to the island leave in winter", min_generation=last, top_k=1
        )
        assert (found.no_answer, len(found.answers)) == (NoAnswer.AMBIGUOUS, 1)


async def test_an_empty_collection_has_no_answer(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        found = await one.search("dog", entry_ids=("dogs",))
        assert (found.no_answer, found.answers) == (NoAnswer.COLLECTION_EMPTY, ())


async def test_entries_that_are_named_come_first_and_may_be_given(sqlite_url: str) -> None:
    async with replica(sqlite_url, delay_seconds=60, retriever=NearestRetriever()) as one:
        last = await filled(one)
        await one.trust(0.6)
        found = await one.search(
            "may my dog come aboard", min_generation=last, entry_ids=("cats", "no-such", "north"), top_k=1
        )
        shown = [(answer.entry_id, answer.source, answer.above_threshold) for answer in found.answers]
        assert shown == [
            ("cats", Source.PINNED, True),
            ("north", Source.PINNED, True),
            ("dogs", Source.RANKED, True),
        ]
        assert (found.answers[0].score, found.no_answer) == (1.0, NoAnswer.NONE)


async def test_named_entries_need_no_text_and_no_encoder(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        last = await filled(one)
        found = await one.search("", entry_ids=("cats",), min_generation=last)
        assert [answer.entry_id for answer in found.answers] == ["cats"]
        one.encoder.bugs = 1
        missing = await one.search("", entry_ids=("no-such",))
        assert (missing.answers, missing.no_answer) == ((), NoAnswer.ENTRIES_MISSING)


async def test_uses_the_embedding_that_is_its_own(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        last = await filled(one)
        found = await one.search(
            "what is this", embedding=given("may my dog come aboard the boat"), min_generation=last
        )
        assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("dogs", pytest.approx(1.0))
        assert "what is this" not in one.encoder.encoded


async def test_an_embedding_of_another_length_than_one_still_gives_a_cosine(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        last = await filled(one)
        doubled = Embedding("words.v1", (3 * vector_of("may my dog come aboard the boat")).tolist())
        found = await one.search("", embedding=doubled, min_generation=last)
        assert likeness(found.answers[0]) == pytest.approx(1.0)


async def test_encodes_the_text_beside_another_encoders_embedding(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        last = await filled(one)
        other = Embedding("other.v1", [float("nan")] * 7)
        found = await one.search("may my dog come aboard the boat", embedding=other, min_generation=last)
        assert likeness(found.answers[0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "expected", "actual"),
    [
        ([0.1] * (DIMENSIONS - 1), str(DIMENSIONS), str(DIMENSIONS - 1)),
        ([0.1] * (DIMENSIONS + 1), str(DIMENSIONS), str(DIMENSIONS + 1)),
        ([0.0] * DIMENSIONS, "finite numbers, not all zero", "a norm of 0"),
        ([float("nan")] * DIMENSIONS, "finite numbers, not all zero", "a norm of nan"),
        ([float("inf")] + [0.0] * (DIMENSIONS - 1), "finite numbers, not all zero", "a norm of inf"),
    ],
)
async def test_refuses_an_embedding_that_is_no_vector_of_its_encoder(
    sqlite_url: str, values: list[float], expected: str, actual: str
) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        with pytest.raises(EmbeddingInvalid) as caught:
            await one.search("dog", embedding=Embedding("words.v1", values))
        assert caught.value.metadata == {"expected": expected, "actual": actual}


async def test_refuses_another_encoders_embedding_without_text(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        with pytest.raises(EmbeddingInvalid) as caught:
            await one.search("", embedding=given("dog", "other.v1"))
        assert caught.value.metadata == {"expected": "words.v1", "actual": "other.v1"}


async def test_a_busy_encoder_is_told(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await one.found("warm")
        one.encoder.refusals = 1
        with pytest.raises(EncoderBusy):
            await one.search("dog")


async def test_answers_in_the_language_asked_for_and_finds_across_languages(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect(languages=("nl", "en"))
        both = EntryContent(
            "dogs",
            (EntryText("en", "my dog", (), "Yes."), EntryText("nl", "mijn hond", ("hondje",), "Ja.")),
        )
        await one.knowledge.upsert_entry(write(), FERRY, both, "")
        only = EntryContent("cats", (EntryText("en", "my cat", (), "No."),))
        last = (await one.knowledge.upsert_entry(write(), FERRY, only, "")).generation
        for text, language, shown in [
            ("hondje", "en", ("en", "my dog", "Yes.")),
            ("my dog", "nl", ("nl", "mijn hond", "Ja.")),
            ("my dog", "", ("nl", "mijn hond", "Ja.")),
            ("my cat", "nl", ("en", "my cat", "No.")),
            ("my dog", "fr", ("nl", "mijn hond", "Ja.")),
        ]:
            best = (await one.search(text, language=language, min_generation=last)).answers[0]
            assert (best.language, best.question, best.answer) == shown


async def test_an_answers_id_leads_back_to_what_was_shown(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await one.put("dogs", "my dog")
        stored = await one.put("dogs", "my hound")
        first, second = [
            (await one.search("my hound", min_generation=stored.generation)).answers[0].answer_id
            for _ in range(2)
        ]
        told = AnswerId.decode(first, TENANT)
        assert (told.number, told.revision, told.language) == (stored.number, 2, "en")
        assert told.generation >= stored.generation
        assert first != second


async def test_gives_no_more_than_asked_and_all_there_are(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        last = await filled(one)
        assert len((await one.search("dog", top_k=2, min_generation=last)).answers) == 2
        assert len((await one.search("dog", top_k=50)).answers) == 4


async def test_there_is_no_search_without_a_collection(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        with pytest.raises(CollectionNotFound):
            await one.search("dog")


async def test_learns_a_threshold_in_the_background_and_keeps_it_over_a_restart(database_url: str) -> None:
    words = np.random.default_rng(3).permutation(4000)
    async with replica(database_url, delay_seconds=SOON) as one:
        await one.collect()
        for number in range(60):
            own = " ".join(f"w{word}" for word in words[number * 5 : number * 5 + 5])
            await one.put(f"e{number}", own, f"{own} please", f"hello {own}", f"well {own} then")
        live = await one.indexes.of("acme", FERRY)

        async def is_learned() -> bool:
            return live.state().calibration.version.startswith("leave-one-out.") and live.generation == 61

        await until(is_learned)
        learned = live.state().calibration
    async with replica(database_url, delay_seconds=60) as again:
        assert (await again.search("x")).state.calibration == learned
    other = POLICY.__class__(max_wrong=0.2, delta=0.1, expected_unanswerable=0.3)
    async with replica(database_url, policy=other, delay_seconds=60) as third:
        assert (await third.search("x")).state.calibration == default(
            open_retriever(DEFAULT_RETRIEVER, {}), other
        )
