"""Questions that are remembered, opened, grouped, reviewed and deleted, on both databases."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.fakes.words_encoder import WordsEncoder
from tests.integration.faq.learning import START, Learner, by, learner, learner_of
from tests.integration.faq.replicas import FERRY, TENANT, likeness, replica, until, write

from balie.faq.errors import (
    CollectionNotFound,
    EntryLanguageInvalid,
    EntryNotFound,
    QuestionGroupNotFound,
    QuestionNotFound,
)
from balie.faq.feedback import membership, remembering
from balie.faq.feedback.domain import Fault, Reason, State, Verdict
from balie.faq.tables import feedback, questions
from balie.kit.background import running
from balie.kit.errors import CursorMalformed, EtagMismatch, FieldRequired, FieldTooLong, TooManyItems

pytestmark = pytest.mark.timeout(60)

BIKE = "where do I leave my bike"
BIKES = "where do I leave my bike please"
LUNCH = "is there lunch on deck"


async def count(one: Learner, table: sa.Table) -> int:
    async with one.one.database.read() as tx:
        return int(await tx.scalar(sa.select(sa.func.count()).select_from(table)))


async def test_what_was_asked_in_vain_is_grouped_by_meaning(database_url: str) -> None:
    async with learner(database_url) as one:
        for text, language in ((BIKE, "en"), (LUNCH, "en"), (BIKES, "nl"), (f"{BIKE} now", "")):
            await one.ask(text, language=language)
        await one.ask("may my dog come aboard the boat")  # answered: remembered, and not open
        await one.settle()
        bikes, lunch = await one.groups()
        assert (bikes.group.size, bikes.languages, bikes.reasons) == (3, ["en", "nl"], [Reason.UNANSWERED])
        assert [example.text for example in bikes.examples] == [BIKE, f"{BIKE} now", BIKES]
        assert (bikes.group.first_at, bikes.group.last_at) == (START, START + timedelta(seconds=3))
        assert (lunch.group.size, lunch.group.state) == (1, State.NEW)
        assert {near.entry_id for near in lunch.nearest} == {"dogs", "cats"}
        assert lunch.nearest[0].score >= lunch.nearest[1].score
        assert not lunch.nearest[0].above_threshold
        assert (await one.texts())["may my dog come aboard the boat"] == ""


async def test_groups_are_stable_and_outlive_a_restart(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.ask(LUNCH)
        await one.settle()
        before = await one.texts()
        await one.ask(BIKES)
        await one.settle()
        assert {text: group for text, group in (await one.texts()).items() if text in before} == before
        assert (await one.texts())[BIKES] == before[BIKE]
    async with learner(database_url) as again:
        await again.ask(f"{BIKE} tomorrow")
        await again.settle()
        assert (await again.texts())[f"{BIKE} tomorrow"] == before[BIKE]


async def test_questions_and_groups_outlive_their_encoder(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.settle()
    async with learner(database_url, WordsEncoder("words.v2")) as again:
        await again.ask(BIKES)
        await again.settle()
        assert len(set((await again.texts()).values())) == 1
        assert [view.group.size for view in await again.groups()] == [2]


async def test_a_call_that_is_sent_again_is_remembered_once(database_url: str) -> None:
    async with learner(database_url) as one:
        for _ in range(3):
            last = await one.ask(BIKE, call_id="turn-1")
        await one.ask(LUNCH, call_id="turn-1")  # another question of the same turn
        await one.settle()
        await one.ask(BIKE, call_id="turn-1")
        await one.settle()
        assert sorted(await one.texts()) == [LUNCH, BIKE]
        assert await count(one, questions) == 2
        assert last.answers


async def test_says_that_several_entries_were_about_as_near(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one:
        await one.one.put("hounds", "may my dog come aboard the boat")
        generation = (await one.one.knowledge.collection(TENANT, FERRY)).generation
        await one.ask("may my dog come aboard the boat", min_generation=generation)
        await one.settle()
        assert [view.reasons for view in await one.groups()] == [[Reason.AMBIGUOUS]]


async def test_an_answer_that_did_not_help_opens_its_question(database_url: str) -> None:
    async with learner(database_url) as one:
        found = await one.ask("may my dog come aboard the boat")
        await one.settle()
        assert await one.groups() == []
        await one.rate(found.answers[0].answer_id, Verdict.NOT_HELPFUL, Fault.OUT_OF_DATE, "not since May")
        await one.settle()
        [view] = await one.groups()
        assert view.reasons == [Reason.NOT_HELPFUL]
        [example] = view.examples
        assert (example.rated_entry_id, example.fault, example.comment) == (
            "dogs",
            Fault.OUT_OF_DATE,
            "not since May",
        )


async def test_a_rating_that_comes_before_its_question_is_written_opens_it_too(database_url: str) -> None:
    async with learner(database_url) as one:
        found = await one.ask("may my dog come aboard the boat")
        await one.rate(found.answers[0].answer_id, Verdict.NOT_HELPFUL)
        await one.settle()
        assert [view.reasons for view in await one.groups()] == [[Reason.NOT_HELPFUL]]


async def test_nothing_is_remembered_where_that_is_switched_off(sqlite_url: str) -> None:
    async with learner(sqlite_url, switched_on=False) as one:
        await one.ask(BIKE)
        await one.settle()
        assert await one.texts() == {}


async def test_what_comes_faster_than_it_is_written_is_dropped(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "QUEUE_QUESTIONS", 2)
    async with learner(sqlite_url) as one:
        for number in range(4):
            await one.ask(f"{BIKE} {number}")
        await one.settle()
        assert len(await one.texts()) == 2


async def test_the_background_writes_and_groups_by_itself(database_url: str) -> None:
    async with learner(database_url) as one, running(one.remembering.run(), one.grouping.run()):
        await one.ask(BIKE)
        await one.remembering.flush()

        async def is_grouped() -> bool:
            return bool((await one.texts())[BIKE])

        await until(is_grouped)
        [view] = await one.groups()
        assert view.group.size == 1


async def test_a_busy_or_broken_encoder_holds_questions_up_and_loses_none(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one:
        await one.ask(BIKE)
        await one.remembering.close()
        one.one.encoder.refusals, one.one.encoder.bugs = 1, 1
        async with running(one.grouping.run()):

            async def is_grouped() -> bool:
                one.grouping.wake()
                return bool((await one.texts())[BIKE])

            await until(is_grouped)
            assert (one.one.encoder.refusals, one.one.encoder.bugs) == (0, 0)  # both were met on the way
            [view] = await one.groups()
            assert view.group.size == 1


async def test_two_replicas_found_one_group(database_url: str) -> None:
    async with learner(database_url) as one, replica(database_url) as second:
        other = learner_of(second)
        for number in range(10):
            await one.ask(f"{BIKE} {number}")
            await other.ask(f"{BIKE} {number} please")
        await asyncio.gather(one.settle(), other.settle())
        await one.settle()
        [view] = await one.groups()
        assert view.group.size == 20
        assert "" not in (await one.texts()).values()


async def test_a_collection_takes_its_questions_with_it(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.settle()
        await one.ask(LUNCH)
        for name in ("dogs", "cats"):
            await one.one.drop(name)
        await one.one.knowledge.delete_collection(write(), FERRY)
        await one.settle()
        assert await one.texts() == {}
        with pytest.raises(CollectionNotFound):
            await one.groups()


async def test_groups_are_listed_page_by_page_most_asked_first(database_url: str) -> None:
    async with learner(database_url, likeness=0.9) as one:
        for number, times in (("one", 1), ("two", 3), ("three", 2), ("four", 1)):
            for time in range(times):
                await one.ask(f"{number} {number}", call_id=f"{number}-{time}")
        await one.settle()
        seen, token = [], ""
        while True:
            page = await one.page(limit=1, token=token)
            seen += [view.examples[0].text.split()[0] for view in page.groups]
            assert page.generation == 3
            token = page.token
            if not token:
                break
        assert seen == ["two", "three", "one", "four"]
        with pytest.raises(CursorMalformed):
            await one.page(State.DONE, token=(await one.page(limit=1)).token)
        assert (await one.page(State.DONE)).groups == []


async def test_a_state_is_not_overwritten_unseen(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.settle()
        [view] = await one.groups()
        pending = await one.mark(view.group, State.PENDING, view.group.etag)
        assert (pending.state, pending.revision) == (State.PENDING, 2)
        with pytest.raises(EtagMismatch):
            await one.mark(view.group, State.IGNORED, view.group.etag)
        await one.ask(BIKES)
        await one.settle()  # a question that joins is no change of the state
        await one.mark(view.group, State.IGNORED, pending.etag)
        assert await one.groups() == []
        with pytest.raises(QuestionGroupNotFound):
            await one.review.set_state(write(), FERRY, "none", State.DONE, "")
        with pytest.raises(CollectionNotFound):
            await one.review.set_state(write(), "none", view.group.id, State.DONE, "")


async def test_what_is_asked_again_after_it_was_done_is_new_and_what_is_ignored_stays_so(
    database_url: str,
) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.ask(LUNCH)
        await one.settle()
        bike, lunch = sorted(await one.groups(), key=lambda view: view.group.first_at)
        done = await one.mark(bike.group, State.DONE)
        await one.mark(lunch.group, State.IGNORED)
        await one.ask(BIKES, at=done.updated_at - timedelta(seconds=1))  # before it was done
        await one.settle()
        assert await one.groups() == []
        for text in (f"{BIKE} now", f"{LUNCH} now"):
            await one.ask(text, at=done.updated_at + timedelta(seconds=1))
        await one.settle()
        assert [(view.group.id, view.group.state) for view in await one.groups()] == [
            (bike.group.id, State.NEW)
        ]


async def test_a_question_becomes_a_phrasing_that_is_found(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.ask(BIKE)
        await one.settle()
        [view] = await one.groups()
        [question] = view.examples
        same = write(request_id="r-1")
        entry = await one.phrase(question.id, "dogs", write=same)
        assert entry.content.texts[0].phrasings == (BIKE,)
        assert await one.phrase(question.id, "dogs", write=same) == entry
        found = await one.one.search(BIKE, min_generation=entry.generation)
        assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("dogs", pytest.approx(1.0))
        [done] = await one.groups(State.DONE)
        assert (done.group.id, done.group.revision) == (view.group.id, 2)
        assert await one.phrase(question.id, "dogs") == entry  # it is there already
        other = await one.phrase(question.id, "cats", text=" where are bikes ", etag="")
        assert other.content.texts[0].phrasings == ("where are bikes",)


async def test_a_phrasing_is_refused_with_its_reason(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one:
        await one.ask(BIKE)
        await one.ask("x" * 1001, language="")
        await one.settle()
        questions_ = {view.examples[0].text: view.examples[0].id for view in await one.groups()}
        bike, long = questions_[BIKE], questions_["x" * 1001]
        for key, failure in (
            (("none", "dogs"), QuestionNotFound),
            ((bike, "none"), EntryNotFound),
            ((long, "dogs"), FieldRequired),
        ):
            with pytest.raises(failure):
                await one.phrase(*key)
        with pytest.raises(FieldTooLong) as too_long:
            await one.phrase(long, "dogs", language="en")
        assert too_long.value.metadata["limit"] == "1000"
        with pytest.raises(EntryLanguageInvalid) as caught:
            await one.phrase(bike, "dogs", language="nl")
        assert (caught.value.metadata["language"], caught.value.metadata["known"]) == ("nl", "en")
        with pytest.raises(EtagMismatch):
            await one.phrase(bike, "dogs", etag="1")
        await one.one.put("cats", "cats", *[f"cat {number}" for number in range(100)])
        with pytest.raises(TooManyItems):
            await one.phrase(bike, "cats")
        assert len(await one.groups()) == 2


async def test_deleting_really_deletes(database_url: str) -> None:
    async with learner(database_url) as one:
        found = await one.ask("may my dog come aboard the boat", call_id="turn-1")
        await one.rate(found.answers[0].answer_id, Verdict.NOT_HELPFUL, comment="I am Anna")
        await one.ask(BIKE)
        await one.ask(BIKES)
        await one.ask(LUNCH)
        await one.settle()
        leader = next(view for view in await one.groups() if view.group.size == 2).examples[0]
        assert leader.text == BIKE
        same = write(request_id="r-1")
        assert await one.review.delete(same, FERRY, [leader.id, "none"], ["turn-1"]) == 2
        assert await one.review.delete(same, FERRY, [leader.id, "none"], ["turn-1"]) == 2
        assert sorted(await one.texts()) == [LUNCH, BIKES]
        bikes, lunch = await one.groups()
        assert (bikes.group.size, bikes.examples[0].text, len(lunch.nearest)) == (1, BIKES, 2)
        assert bikes.nearest == []  # its new leader has no vector yet
        async with one.one.database.read() as tx:
            assert await tx.scalar(sa.select(feedback.c.comment)) == ""
        await one.ask(f"{BIKE} now")  # its new leader tells what is alike
        await one.settle()
        assert [len(view.nearest) for view in await one.groups()] == [2, 2]
        with pytest.raises(CollectionNotFound):
            await one.review.delete(write(), "none", ["x"], [])


async def test_what_is_still_to_be_written_is_deleted_too(sqlite_url: str) -> None:
    async with learner(sqlite_url) as one, running(one.remembering.run()):
        await one.ask(BIKE, call_id="turn-1")
        assert await one.review.delete(write(), FERRY, [], ["turn-1"]) == 1
        await one.settle()
        assert await one.texts() == {}


async def test_what_customers_wrote_is_forgotten_after_its_days(database_url: str) -> None:
    async with learner(database_url, days=30) as one:
        await one.ask(BIKE)
        await one.ask(BIKES, at=START + timedelta(days=2))
        found = await one.ask("may my dog come aboard the boat", at=START + timedelta(days=2))
        await one.rate(found.answers[0].answer_id, Verdict.NOT_HELPFUL, comment="I am Anna")
        await one.settle()
        await one.forgetting.once(START + timedelta(days=30, seconds=-1))
        assert len(await one.texts()) == 3
        await one.forgetting.once(START + timedelta(days=31))
        assert BIKE not in await one.texts()
        view = next(view for view in await one.groups() if view.examples[0].text == BIKES)
        assert (view.group.size, view.group.first_at) == (1, START + timedelta(days=2))
        await one.forgetting.once(START + timedelta(days=3650))
        assert (await one.texts(), await one.groups()) == ({}, [])
        [counted] = (await one.ratings.counts(TENANT, FERRY, limit=5, token=""))[0]
        assert counted.not_helpful == 1  # counts stay, words go
        async with one.one.database.read() as tx:
            assert await tx.scalar(sa.select(feedback.c.comment)) == ""


async def test_groups_and_collections_are_bounded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "GROUP_QUESTIONS", 3)
    monkeypatch.setattr(membership, "COLLECTION_GROUPS", 2)
    async with learner(database_url) as one:
        for number in range(5):
            await one.ask(f"{BIKE} {number}")
        await one.settle()
        [view] = await one.groups()
        assert view.group.size == 3
        assert [example.text for example in view.examples] == [f"{BIKE} 0", f"{BIKE} 4", f"{BIKE} 3"]
        await one.mark(view.group, State.PENDING)
        await one.ask(LUNCH)
        await one.settle()
        await one.ask("who are you")
        await one.settle()
        assert {view.examples[0].text for view in await one.groups()} == {f"{BIKE} 0", "who are you"}


async def test_tenants_do_not_see_each_others_questions(database_url: str) -> None:
    async with learner(database_url) as one:
        await one.one.collect(tenant="other")
        entry = await one.one.put("dogs", "may my dog come", tenant="other")
        await one.one.search("warm", tenant="other", min_generation=entry.generation)
        await one.ask(BIKE)
        await one.ask(BIKES, tenant="other")
        await one.settle()
        assert [view.examples[0].text for view in await one.groups()] == [BIKE]
        [theirs] = (await one.page(tenant="other")).groups
        assert theirs.examples[0].text == BIKES
        with pytest.raises(QuestionNotFound):
            await one.phrase(theirs.examples[0].id, "dogs")
        assert await one.review.delete(write(), FERRY, [theirs.examples[0].id], []) == 0
        assert by().tenant == TENANT
