"""From a decision to the words: what is sent to the contact, or shown to the agent who speaks instead."""

from dataclasses import dataclass, field

from balie.gateway.domain import UNKNOWN_LANGUAGE, Author, Draft, History, Notice, Option, Versions
from balie.gateway.follow_ups import FollowUps
from balie.gateway.ports import InternalMistake
from balie.gateway.said import Answers, Choice, Decision, DecisionKind, HandoffNow, Routing
from balie.gateway.turn_store import Claim
from balie.gateway.wording import Phrase, Wording

_MOST_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn comes to.

    Attributes:
        kind: what was decided.
        drafts: replies to the contact, in order.
        suggestions: what is shown to the agent and not sent.
        handoff: the handoff that the decision names.
        decision: the decision in the router's own form; empty when the router could not decide.
        language: the contact's, as far as it is known after the turn.
        versions: what it all depended on.
    """

    kind: DecisionKind
    drafts: tuple[Draft, ...] = ()
    suggestions: tuple[str, ...] = ()
    handoff: HandoffNow | None = None
    decision: bytes = b""
    language: str = UNKNOWN_LANGUAGE
    versions: Versions = field(default_factory=Versions)

    @property
    def unsent(self) -> tuple[str, ...]:
        """Returns what is worth showing to an agent when nothing of it may be sent: no notices of the desk."""
        spoken = tuple(draft.text for draft in self.drafts if draft.author == Author.BOT)
        return (*self.suggestions, *spoken)

    def remembered(self, before: History) -> History:
        """Returns the bot's memory after the turn."""
        if self.kind == DecisionKind.ASSIST:
            return before
        clarified = before.clarified_in_a_row + 1 if self.kind == DecisionKind.CLARIFY else 0
        return History(clarified, before.bot_replies + len(self.drafts))


class Replies:
    """Finds the words for decisions."""

    def __init__(self, wording: Wording, follow_ups: FollowUps) -> None:
        self._wording = wording
        self._follow_ups = follow_ups

    def decided(
        self,
        claim: Claim,
        answers: Answers | None,
        services_down: tuple[str, ...],
        language: str,
        routing: Routing,
    ) -> Outcome:
        """Returns what a decision comes to.

        Args:
            claim: the turn.
            answers: what the router could choose from.
            services_down: services that did not answer for this turn.
            language: to speak in.
            routing: the decision.

        Raises:
            InternalMistake: the decision names an answer or a reply that there is not.
        """
        decision = routing.decision
        drafts: tuple[Draft, ...] = ()
        suggestions: tuple[str, ...] = ()
        match decision.kind:
            case _ if decision.is_silent:
                pass
            case DecisionKind.ANSWER if decision.answer is not None:
                drafts = (self._answer(claim, decision.answer, answers, language),)
            case DecisionKind.CLARIFY:
                drafts = (self._clarify(claim, decision, answers, language),)
            case DecisionKind.ESCALATE:
                phrase = self._waiting(decision, services_down, routing.handoff)
                drafts = (self._notice(claim, phrase, language, routing.handoff),)
            case DecisionKind.ASSIST if decision.answer is not None:
                suggestions = (self._answer(claim, decision.answer, answers, language).text,)
        return Outcome(decision.kind, drafts, suggestions, routing.handoff, decision.wire)

    def failed(self, claim: Claim, language: str, handoff: HandoffNow) -> Outcome:
        """Returns what a turn comes to that could not be decided, and for which a person was asked."""
        notice = self._notice(claim, Phrase.DEGRADED, language, handoff)
        return Outcome(DecisionKind.ESCALATE, (notice,), handoff=handoff)

    def delayed(self, claim: Claim) -> Draft:
        """Returns the notice that an answer takes longer."""
        text, language = self._wording.say(Phrase.DELAYED, claim.conversation.language)
        once = f"delayed:{claim.turn.id}"
        return Draft(Author.SYSTEM, text, language=language, notice=Notice.DELAYED, once_key=once)

    def _answer(self, claim: Claim, choice: Choice, answers: Answers | None, language: str) -> Draft:
        if choice.reply:
            found = self._follow_ups.reply(choice.reply, language)
            if found is None:
                raise InternalMistake("handoff", f"it chose the reply {choice.reply}, which there is not")
            return _reply(claim, Author.BOT, *found)
        answer = answers.by_id(choice.answer_id) if answers else None
        if answer is None:
            raise InternalMistake("handoff", "it chose an answer that was not offered")
        return _reply(claim, Author.BOT, answer.text, answer.language, answer_id=answer.id)

    def _clarify(self, claim: Claim, decision: Decision, answers: Answers | None, language: str) -> Draft:
        found = [
            answers.by_id(choice.answer_id) for choice in decision.options if choice.answer_id and answers
        ]
        options = tuple(Option(answer.question, answer.id, answer.entry_id) for answer in found if answer)
        phrase = Phrase.CLARIFY_OPTIONS if options else Phrase.CLARIFY
        text, spoken = self._wording.say(phrase, language)
        return _reply(claim, Author.BOT, text, spoken, options=options[:_MOST_OPTIONS])

    def _waiting(
        self, decision: Decision, services_down: tuple[str, ...], handoff: HandoffNow | None
    ) -> Phrase:
        if decision.handoff_was_open:
            return Phrase.STILL_WAITING
        if services_down:
            return Phrase.DEGRADED
        return Phrase.WAITING_AT_POSITION if handoff and handoff.position > 1 else Phrase.WAITING

    def _notice(self, claim: Claim, phrase: Phrase, language: str, handoff: HandoffNow | None) -> Draft:
        position = handoff.position if handoff else 0
        text, spoken = self._wording.say(phrase, language, position=position)
        return _reply(claim, Author.SYSTEM, text, spoken, notice=Notice.WAITING)


def _reply(
    claim: Claim,
    author: Author,
    text: str,
    language: str,
    *,
    notice: Notice = Notice.NONE,
    answer_id: str = "",
    options: tuple[Option, ...] = (),
) -> Draft:
    return Draft(
        author,
        text,
        language=language,
        turn_id=claim.turn.id,
        ordinal=1,
        notice=notice,
        answer_id=answer_id,
        options=options,
        owner_epoch=claim.turn.owner_epoch,
    )
