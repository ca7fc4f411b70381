"""What is said of answers: kept once, counted for each entry, on both databases."""

import pytest
from tests.integration.faq.learning import by, learner
from tests.integration.faq.replicas import FERRY, TENANT

from balie.faq.errors import AnswerNotFound, CollectionNotFound
from balie.faq.feedback.domain import EntryFeedback, Fault, Kind, Said, Spoken, Verdict
from balie.faq.retrieval.answer_ids import AnswerId
from balie.kit.errors import CursorMalformed, FieldMalformed

pytestmark = pytest.mark.timeout(60)

NONE = dict.fromkeys([fault for fault in Fault if fault], 0)


async def test_what_is_said_is_counted_for_each_entry(database_url: str) -> None:
    async with learner(database_url) as one:
        first, second = [(await one.one.search("may my dog come")).answers for _ in range(2)]
        dogs, cats = first
        assert await one.rate(dogs.answer_id, Verdict.HELPFUL) == Spoken(FERRY, "dogs")
        await one.rate(dogs.answer_id, Verdict.NOT_HELPFUL, Fault.UNCLEAR, author="agent:els")
        await one.rate(second[0].answer_id, Verdict.NOT_HELPFUL, Fault.UNCLEAR)
        for author in ("contact:anna", "contact:anna", "contact:bert"):
            await one.ratings.submit(by(author), Said(cats.answer_id, Kind.SHOWN))
        await one.ratings.submit(by(), Said(cats.answer_id, Kind.CLICKED))
        counted, token = await one.ratings.counts(TENANT, FERRY, limit=1, token="")
        rest, end = await one.ratings.counts(TENANT, FERRY, limit=1, token=token)
        assert [*counted, *rest] == [
            EntryFeedback("cats", 0, 0, NONE, 2, 1),
            EntryFeedback("dogs", 1, 2, NONE | {Fault.UNCLEAR: 2}, 0, 0),
        ]
        assert end == ""
        with pytest.raises(CursorMalformed):
            await one.ratings.counts(TENANT, "none", limit=1, token=token)
        with pytest.raises(CollectionNotFound):
            await one.ratings.counts(TENANT, "none", limit=1, token="")


async def test_an_authors_newer_rating_takes_the_older_ones_place(database_url: str) -> None:
    async with learner(database_url) as one:
        answer = (await one.one.search("my dog")).answers[0]
        await one.rate(answer.answer_id, Verdict.NOT_HELPFUL, Fault.OTHER, request_id="r-1")
        await one.rate(answer.answer_id, Verdict.HELPFUL)
        await one.rate(answer.answer_id, Verdict.NOT_HELPFUL, Fault.OTHER, request_id="r-1")  # a replay
        counted, _ = await one.ratings.counts(TENANT, FERRY, limit=5, token="")
        assert counted == [EntryFeedback("dogs", 1, 0, NONE, 0, 0)]


async def test_only_answers_that_were_given_here_can_be_rated(database_url: str) -> None:
    async with learner(database_url) as one:
        answer = (await one.one.search("my dog")).answers[0]
        told = AnswerId.decode(answer.answer_id, TENANT)
        await one.one.collect(tenant="other")
        await one.one.put("theirs", "may my dog come", tenant="other")  # number 1 of its tenant too
        with pytest.raises(AnswerNotFound):
            await one.rate(answer.answer_id, Verdict.HELPFUL, tenant="other")
        for never in (AnswerId(99, 1, 1, "en"), AnswerId(told.number, told.revision + 1, 9, "en")):
            with pytest.raises(AnswerNotFound):
                await one.rate(never.encode(TENANT), Verdict.HELPFUL)
        with pytest.raises(FieldMalformed):
            await one.rate("no-such", Verdict.HELPFUL)
        assert (await one.ratings.counts(TENANT, FERRY, limit=5, token=""))[0] == []


async def test_an_older_answer_of_an_entry_that_changed_since_can_be_rated(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one:
        answer = (await one.one.search("my dog")).answers[0]
        await one.one.put("dogs", "may my hound come aboard")
        assert await one.rate(answer.answer_id, Verdict.HELPFUL) == Spoken(FERRY, "dogs")


async def test_what_was_said_goes_with_its_entry(database_url: str) -> None:
    async with learner(database_url) as one:
        answer = (await one.one.search("my dog")).answers[0]
        await one.rate(answer.answer_id, Verdict.HELPFUL)
        await one.one.drop("dogs")
        assert (await one.ratings.counts(TENANT, FERRY, limit=5, token=""))[0] == []
        with pytest.raises(AnswerNotFound):
            await one.rate(answer.answer_id, Verdict.HELPFUL)


async def test_feedback_changes_no_ranking(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one:
        before = await one.one.search("may my dog come")
        for _ in range(20):
            answer = (await one.one.search("may my dog come")).answers[0]
            await one.rate(answer.answer_id, Verdict.NOT_HELPFUL, Fault.WRONG_ANSWER)
        after = await one.one.search("may my dog come")
        assert [(answer.entry_id, answer.score) for answer in after.answers] == [
            (answer.entry_id, answer.score) for answer in before.answers
        ]
        assert after.state == before.state
