from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.gateway_desk import FOLLOW_UPS
from tests.fakes.gateway_ports import (
    PortFaq,
    PortNlu,
    PortRouter,
    claim,
    conversation,
    found,
    routing,
    understood,
    waiting_handoff,
)

from balie.gateway.domain import Author, History, Notice, Option
from balie.gateway.follow_ups import FollowUps
from balie.gateway.pipeline import Pipeline
from balie.gateway.ports import InternalMistake, ServiceDown
from balie.gateway.replies import Outcome, Replies
from balie.gateway.said import Choice, DecisionKind, Keyword, Routing, Verdict
from balie.gateway.stages import Stages
from balie.gateway.turn_store import Claim
from balie.gateway.wording import Phrase, Wording

LANGUAGES = ("nl", "de", "en")
WORDING = Wording.load(None, LANGUAGES)
ANSWER = routing(DecisionKind.ANSWER, answer=Choice(answer_id="a-hours"))


class Worked:
    """One turn through a pipeline of fakes."""

    def __init__(
        self,
        says: Routing | ServiceDown | InternalMistake = ANSWER,
        *,
        nlu: PortNlu | None = None,
        faq: PortFaq | None = None,
        router: PortRouter | None = None,
    ) -> None:
        self.nlu = nlu or PortNlu()
        self.faq = faq or PortFaq()
        self.router = router or PortRouter(says)
        follow_ups = FollowUps.parse(FOLLOW_UPS.encode(), "f.yaml", LANGUAGES)
        self.pipeline = Pipeline(
            nlu=self.nlu,
            faq=self.faq,
            router=self.router,
            follow_ups=follow_ups,
            replies=Replies(WORDING, follow_ups),
            default_language="nl",
        )

    async def out(self, turn: Claim | None = None) -> Outcome:
        turn = turn or claim()
        self.stages = Stages(turn)
        self.findings = await self.pipeline.find(turn, self.stages)
        return await self.pipeline.settle(turn, self.findings, self.stages)


def said(phrase: Phrase, language: str = "nl", **values: object) -> str:
    return WORDING.say(phrase, language, **values)[0]


async def test_answers_with_the_words_of_the_faq() -> None:
    worked = Worked()
    outcome = await worked.out()
    (draft,) = outcome.drafts
    assert (draft.author, draft.text, draft.answer_id, draft.language) == (
        Author.BOT,
        "Antwoord hours.",
        "a-hours",
        "nl",
    )
    assert (draft.turn_id, draft.ordinal, draft.owner_epoch) == ("t1", 1, 1)
    assert outcome.decision == b"decision"
    assert outcome.remembered(History(2, 5)) == History(0, 6)


async def test_passes_on_what_was_found_and_encodes_once() -> None:
    worked = Worked(nlu=PortNlu(understood(Verdict.MATCH, "opening_hours")))
    await worked.out()
    (question,) = worked.faq.asked
    assert (question.text, question.embedding, question.entry_ids) == ("hoe laat open", b"vector", ("hours",))
    (case,) = worked.router.asked
    assert case.understanding is not None
    assert case.answers is not None
    assert [follow_up.faq_entry_id for follow_up in case.follow_ups] == ["hours"]
    assert (case.default_queue_id, case.language) == ("service", "nl")


async def test_answers_with_a_canned_reply_in_the_contacts_language() -> None:
    outcome = await Worked(
        routing(DecisionKind.ANSWER, answer=Choice(reply="greeting")), nlu=PortNlu(understood(language="de"))
    ).out()
    assert [(draft.text, draft.language) for draft in outcome.drafts] == [("Guten Tag!", "de")]
    assert outcome.language == "de"


async def test_says_nothing_when_an_answer_has_no_words() -> None:
    outcome = await Worked(routing(DecisionKind.ANSWER)).out()
    assert outcome.drafts == ()
    assert outcome.remembered(History(1, 1)) == History(0, 1)


async def test_asks_what_was_meant_with_options() -> None:
    options = (Choice(answer_id="a-hours"), Choice(answer_id="a-price"), Choice(reply="greeting"))
    worked = Worked(routing(DecisionKind.CLARIFY, options=options), faq=PortFaq(found("hours", "price")))
    outcome = await worked.out()
    (draft,) = outcome.drafts
    assert draft.text == said(Phrase.CLARIFY_OPTIONS)
    assert draft.options == (
        Option("Vraag hours?", "a-hours", "hours"),
        Option("Vraag price?", "a-price", "price"),
    )
    assert outcome.remembered(History(1, 1)) == History(2, 2)


async def test_asks_for_other_words_without_options() -> None:
    outcome = await Worked(routing(DecisionKind.CLARIFY)).out()
    assert [draft.text for draft in outcome.drafts] == [said(Phrase.CLARIFY)]


@pytest.mark.parametrize(
    ("position", "was_open", "text"),
    [
        (1, False, said(Phrase.WAITING)),
        (4, False, said(Phrase.WAITING_AT_POSITION, position=4)),
        (4, True, said(Phrase.STILL_WAITING)),
    ],
)
async def test_tells_that_a_person_is_asked(position: int, was_open: bool, text: str) -> None:
    decision = routing(DecisionKind.ESCALATE, handoff=waiting_handoff(position), handoff_was_open=was_open)
    outcome = await Worked(decision).out()
    (draft,) = outcome.drafts
    assert (draft.author, draft.notice, draft.text, draft.ordinal) == (
        Author.SYSTEM,
        Notice.WAITING,
        text,
        1,
    )
    assert outcome.unsent == ()


async def test_suggests_and_stays_silent_while_a_person_speaks() -> None:
    outcome = await Worked(routing(DecisionKind.ASSIST, answer=Choice(answer_id="a-hours"))).out()
    assert (outcome.drafts, outcome.suggestions) == ((), ("Antwoord hours.",))
    assert outcome.remembered(History(1, 3)) == History(1, 3)


async def test_a_late_reply_is_kept_as_a_suggestion() -> None:
    assert (await Worked().out()).unsent == ("Antwoord hours.",)


async def test_goes_on_without_nlu_and_asks_the_faq_nothing() -> None:
    worked = Worked(
        routing(DecisionKind.ESCALATE, handoff=waiting_handoff()), nlu=PortNlu(ServiceDown("nlu"))
    )
    outcome = await worked.out()
    assert worked.faq.asked == []
    assert worked.router.asked[0].understanding is None
    assert worked.findings.services_down == ("nlu",)
    assert [draft.text for draft in outcome.drafts] == [said(Phrase.DEGRADED)]
    assert [(timing.stage, timing.ok) for timing in worked.stages.timings] == [
        ("queue", True),
        ("analyze", False),
        ("route", True),
    ]


async def test_goes_on_without_intents_and_asks_the_faq_all_the_same() -> None:
    blind = replace(understood(Verdict.NO_MATCH), are_intents_missing=True)
    worked = Worked(nlu=PortNlu(blind))
    outcome = await worked.out()
    assert [draft.text for draft in outcome.drafts] == ["Antwoord hours."]
    assert worked.router.asked[0].understanding == blind
    assert worked.findings.services_down == ("nlu",)
    helpless = Worked(routing(DecisionKind.ESCALATE, handoff=waiting_handoff()), nlu=PortNlu(blind))
    outcome = await helpless.out()
    assert [draft.text for draft in outcome.drafts] == [said(Phrase.DEGRADED)]


async def test_goes_on_without_the_faq() -> None:
    worked = Worked(
        routing(DecisionKind.ESCALATE, handoff=waiting_handoff()), faq=PortFaq(ServiceDown("faq"))
    )
    outcome = await worked.out()
    assert worked.router.asked[0].answers is None
    assert worked.findings.services_down == ("faq",)
    assert [draft.text for draft in outcome.drafts] == [said(Phrase.DEGRADED)]


async def test_a_refusal_of_nlu_counts_as_its_absence() -> None:
    worked = Worked(
        routing(DecisionKind.ESCALATE, handoff=waiting_handoff()),
        nlu=PortNlu(InternalMistake("nlu", "FIELD_TOO_LONG")),
    )
    await worked.out()
    assert worked.findings.services_down == ("nlu",)


async def test_files_without_words_go_to_the_router_alone() -> None:
    worked = Worked(routing(DecisionKind.ESCALATE, handoff=waiting_handoff()))
    outcome = await worked.out(claim("  "))
    assert (worked.nlu.asked, worked.faq.asked, worked.findings.services_down) == ([], [], ())
    assert [draft.text for draft in outcome.drafts] == [said(Phrase.WAITING)]


async def test_leaves_the_turn_undecided_without_the_router() -> None:
    with pytest.raises(ServiceDown):
        await Worked(ServiceDown("handoff")).out()


async def test_asks_for_a_person_when_the_router_refuses_the_turn() -> None:
    worked = Worked(InternalMistake("handoff", "TURN_ALREADY_ROUTED"))
    outcome = await worked.out()
    assert len(worked.router.persons_asked) == 1
    assert [(draft.text, draft.notice) for draft in outcome.drafts] == [
        (said(Phrase.DEGRADED), Notice.WAITING)
    ]
    assert outcome.decision == b""
    assert outcome.handoff == waiting_handoff()


@pytest.mark.parametrize("answer", [Choice(answer_id="a-of-another-search"), Choice(reply="unheard_of")])
async def test_asks_for_a_person_when_the_decision_cannot_be_carried_out(answer: Choice) -> None:
    worked = Worked(routing(DecisionKind.ANSWER, answer=answer))
    await worked.out()
    assert len(worked.router.persons_asked) == 1


async def test_takes_what_an_earlier_try_found_as_it_is() -> None:
    worked = Worked(routing(DecisionKind.ANSWER, answer=Choice(answer_id="a-stored")))
    outcome = await worked.out(claim(understanding=b"u", answers=b"a"))
    assert (worked.nlu.asked, worked.faq.asked, worked.findings.are_new) == ([], [], False)
    assert [draft.text for draft in outcome.drafts] == ["Antwoord stored."]


async def test_searches_again_when_only_the_search_had_failed() -> None:
    worked = Worked()
    await worked.out(claim(understanding=b"u"))
    assert (worked.nlu.asked, len(worked.faq.asked), worked.findings.are_new) == ([], 1, True)


@pytest.mark.parametrize(
    ("spoken", "before", "asked_in", "known"),
    [("en", "nl", "en", "en"), ("und", "de", "de", "und"), ("und", "und", "nl", "und")],
)
async def test_speaks_the_language_of_the_message_else_the_one_before_else_the_first(
    spoken: str, before: str, asked_in: str, known: str
) -> None:
    worked = Worked(routing(DecisionKind.CLARIFY), nlu=PortNlu(understood(language=spoken)))
    outcome = await worked.out(claim(of=conversation(language=before)))
    assert worked.faq.asked[0].language == worked.router.asked[0].language == asked_in
    assert outcome.drafts[0].language == asked_in
    assert outcome.language == known


async def test_names_every_version_it_depends_on() -> None:
    versions = (await Worked().out()).versions
    assert (versions.model, versions.index_generation, versions.encoder_fingerprint, versions.policy) == (
        "model-1",
        4,
        "enc",
        "policy-1",
    )
    assert versions.follow_ups.startswith("1-")


async def test_a_keyword_points_at_its_entry_whatever_the_intent() -> None:
    keywords = (Keyword("dogs-word", whole_message=True, faq_entry_id="dogs"),)
    worked = Worked(nlu=PortNlu(understood(Verdict.MATCH, "opening_hours", keywords=keywords)))
    await worked.out()
    assert worked.faq.asked[0].entry_ids == ("dogs", "hours")


def test_the_pipeline_knows_no_wire_format() -> None:
    for module in ("pipeline", "replies", "follow_ups", "ports", "said", "domain"):
        source = Path(f"services/balie/gateway/{module}.py").read_text(encoding="utf-8")
        assert "grpc" not in source
        assert "balie.api" not in source
