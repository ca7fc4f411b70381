"""From a decision to the words: what is sent to the contact, or shown to the agent who speaks instead."""

from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from balie.gateway.domain import (
    UNKNOWN_LANGUAGE,
    Author,
    Draft,
    HandoffState,
    History,
    Notice,
    Option,
    Versions,
)
from balie.gateway.follow_ups import FollowUps
from balie.gateway.handoff_words import HandoffWords, has_call_back, once_key, waiting
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
    """Finds the words for decisions; times are told by the clock of a zone."""

    def __init__(self, wording: Wording, follow_ups: FollowUps, zone: tzinfo = UTC) -> None:
        self._wording = wording
        self._words = HandoffWords(wording, zone)
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
                phrase = Phrase.DEGRADED if services_down else waiting(routing.handoff)
                was_open = decision.handoff_was_open
                drafts = (self._asked(claim, phrase, language, routing.handoff, was_open=was_open),)
            case DecisionKind.ASSIST if decision.answer is not None:
                suggestions = (self._answer(claim, decision.answer, answers, language).text,)
        return Outcome(decision.kind, drafts, suggestions, routing.handoff, decision.wire)

    def failed(self, claim: Claim, language: str, handoff: HandoffNow) -> Outcome:
        """Returns what a turn comes to that could not be decided, and for which a person was asked."""
        notice = self._asked(claim, Phrase.DEGRADED, language, handoff, was_open=False)
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

    def _asked(
        self, claim: Claim, phrase: Phrase, language: str, handoff: HandoffNow | None, *, was_open: bool
    ) -> Draft:
        """Returns what is said when a person is asked; it promises nobody who does not come now.

        Such a handoff is told of by the follower as well, so that whoever comes first is the only one.
        """
        if handoff is not None and has_call_back(handoff):
            phrase, notice = Phrase.CALL_BACK_PROMISED, Notice.CALL_BACK_PROMISED
            promised = self._notice(claim, phrase, language, handoff, notice)
            return promised if was_open else replace(promised, once_key=once_key(handoff))
        if handoff is not None and handoff.state == HandoffState.MESSAGE_TAKEN:
            taken = self._notice(claim, Phrase.MESSAGE_TAKEN, language, handoff, Notice.MESSAGE_TAKEN)
            return replace(taken, once_key=once_key(handoff))
        return self._notice(claim, Phrase.STILL_WAITING if was_open else phrase, language, handoff)

    def _notice(
        self,
        claim: Claim,
        phrase: Phrase,
        language: str,
        handoff: HandoffNow | None,
        notice: Notice = Notice.WAITING,
    ) -> Draft:
        if handoff is None:
            text, spoken = self._wording.say(phrase, language)
        else:
            text, spoken = self._words.say(phrase, language, handoff)
        return _reply(claim, Author.SYSTEM, text, spoken, notice=notice)


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
