"""One turn: analyse, search, route, and what is said in the end. Knows services only by their ports.

NLU and the FAQ may fail: the turn goes on with less, and a person is asked. The router may not: without its decision
nobody knows who speaks, so its failure leaves this module and the turn waits.
"""

from dataclasses import dataclass, replace

import structlog

from balie.gateway.domain import Versions
from balie.gateway.follow_ups import FollowUps
from balie.gateway.languages import first_known
from balie.gateway.ports import Case, Faq, InternalMistake, Nlu, Question, Router, ServiceDown
from balie.gateway.replies import Outcome, Replies
from balie.gateway.said import Answers, Understanding
from balie.gateway.stages import Stages
from balie.gateway.turn_store import Claim

_log = structlog.get_logger()

Refused = ServiceDown | InternalMistake


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about a message before anybody decides.

    Attributes:
        understanding: what NLU said, None when it did not, or when there are no words.
        answers: what the FAQ said, None when it did not or was not asked.
        services_down: services that did not answer, refused, or answered in part, on this try.
        are_new: whether any of it was found on this try, and is not on disk yet.
    """

    understanding: Understanding | None
    answers: Answers | None
    services_down: tuple[str, ...] = ()
    are_new: bool = False

    def versions(self, follow_ups: str, policy: str = "") -> Versions:
        """Returns what a turn with these findings depends on."""
        return Versions(
            model=self.understanding.model_version if self.understanding else "",
            index_generation=self.answers.index_generation if self.answers else 0,
            encoder_fingerprint=self.answers.encoder_fingerprint if self.answers else "",
            policy=policy,
            follow_ups=follow_ups,
        )


NOTHING_FOUND = Findings(None, None)


class Pipeline:
    """Works out turns.

    Args:
        nlu: understands texts.
        faq: finds answers.
        router: decides.
        follow_ups: what understood messages lead to.
        replies: finds the words.
        default_language: of contacts whose language nobody knows.
    """

    def __init__(
        self,
        *,
        nlu: Nlu,
        faq: Faq,
        router: Router,
        follow_ups: FollowUps,
        replies: Replies,
        default_language: str,
    ) -> None:
        self._nlu = nlu
        self._faq = faq
        self._router = router
        self._replies = replies
        self._default_language = default_language
        self.follow_ups = follow_ups

    async def find(self, claim: Claim, stages: Stages) -> Findings:
        """Returns what NLU and the FAQ say; what an earlier try stored is taken as it is.

        The router may have decided on an earlier try and named an answer of that try's search: only with the same
        answers does its decision mean the same.
        """
        down: list[str] = []
        understanding = self._nlu.recall(claim.turn.understanding) if claim.turn.understanding else None
        answers = self._faq.recall(claim.turn.answers) if claim.turn.answers else None
        before = (understanding, answers)
        if understanding is None and claim.text.strip():
            understanding = await self._analyze(claim, stages, down)
        if understanding is not None and understanding.are_intents_missing:
            down.append(
                "nlu"
            )  # in part: what is left is enough for the FAQ, and to hear that a person is asked for
        if understanding is not None and answers is None:
            answers = await self._search(claim, understanding, stages, down)
        return Findings(understanding, answers, tuple(down), are_new=(understanding, answers) != before)

    async def settle(self, claim: Claim, findings: Findings, stages: Stages) -> Outcome:
        """Returns what is said, as the router decides.

        When the router refuses, or decides what cannot be done, a person is asked: our mistake strands nobody.

        Raises:
            ServiceDown: the handoff service does not answer; nothing is decided, or not known to be.
            InternalMistake: it even refuses to ask for a person.
        """
        case = self._case(claim, findings)
        try:
            with stages.timed("route"):
                routing = await self._router.route(case)
            outcome = self._replies.decided(
                claim, findings.answers, findings.services_down, case.language, routing
            )
            versions = findings.versions(self.follow_ups.version, routing.decision.policy_version)
        except InternalMistake as mistake:
            _log.error("turn not decided, a person is asked", turn_id=claim.turn.id, refusal=mistake.refusal)
            outcome = await self._person_asked(claim, case, stages)
            versions = findings.versions(self.follow_ups.version)
        spoken = findings.understanding.language if findings.understanding else ""
        return replace(outcome, language=first_known(spoken), versions=versions)

    async def give_up(self, claim: Claim, stages: Stages) -> Outcome:
        """Returns what is said when the turn cannot be worked out: a person is asked.

        Raises:
            ServiceDown: the handoff service does not answer.
            InternalMistake: it refuses.
        """
        return await self._person_asked(claim, self._case(claim, NOTHING_FOUND), stages)

    async def _person_asked(self, claim: Claim, case: Case, stages: Stages) -> Outcome:
        with stages.timed("route"):
            handoff = await self._router.ask_for_person(case)
        return self._replies.failed(claim, case.language, handoff)

    async def _analyze(self, claim: Claim, stages: Stages, down: list[str]) -> Understanding | None:
        try:
            with stages.timed("analyze"):
                return await self._nlu.analyze(claim.conversation.tenant, claim.turn.id, claim.text)
        except (ServiceDown, InternalMistake) as refused:
            _note(refused, claim, down)
            return None

    async def _search(
        self, claim: Claim, understanding: Understanding, stages: Stages, down: list[str]
    ) -> Answers | None:
        question = Question(
            tenant=claim.conversation.tenant,
            turn_id=claim.turn.id,
            text=claim.text,
            language=self._language(claim, understanding),
            embedding=understanding.embedding,
            entry_ids=self.follow_ups.pointed_at(understanding),
        )
        try:
            with stages.timed("search"):
                return await self._faq.search(question)
        except (ServiceDown, InternalMistake) as refused:
            _note(refused, claim, down)
            return None

    def _case(self, claim: Claim, findings: Findings) -> Case:
        understanding = findings.understanding
        return Case(
            conversation=claim.conversation,
            turn_id=claim.turn.id,
            language=self._language(claim, understanding),
            understanding=understanding,
            answers=findings.answers,
            follow_ups=self.follow_ups.of(understanding) if understanding else (),
            default_queue_id=self.follow_ups.default_queue_id,
            attachments=claim.attachments,
            same_before=claim.same_before,
        )

    def _language(self, claim: Claim, understanding: Understanding | None) -> str:
        spoken = understanding.language if understanding else ""
        return first_known(spoken, claim.conversation.language, self._default_language)


def _note(refused: Refused, claim: Claim, down: list[str]) -> None:
    down.append(refused.service)
    if isinstance(refused, InternalMistake):
        _log.error(
            "turn goes on without a service",
            turn_id=claim.turn.id,
            dependency=refused.service,
            refusal=refused.refusal,
        )
    else:
        _log.warning("turn goes on without a service", turn_id=claim.turn.id, dependency=refused.service)
