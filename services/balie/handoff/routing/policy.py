"""A routing policy: a pure function from what is known of a turn to what is done about it, with reasons.

A person who owns the conversation comes first. Then the guard against loops, the file's rules from the top, and, when none of them
decides, a person. Two more guards look at what came out: an answer given too often in a row, and a person asked for right after
one gave the conversation back. No text is looked at.
"""

from dataclasses import dataclass, replace

from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing import evidence, policy_file, steps
from balie.handoff.routing.limits import Limits
from balie.handoff.routing.policy_file import Guards, PolicyFile, Rule
from balie.handoff.routing.turns import AnswerChoice, DecisionKind, Inputs, Ruling

BY_ITSELF = frozenset({ReasonCode.NO_MATCH, ReasonCode.AMBIGUOUS_AGAIN, ReasonCode.ANSWER_REPEATED})
"""First reasons of a person who is asked for although neither contact nor operator said so."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a rule when a decision was made.

    Attributes:
        rule: its name.
        decided: whether it decided.
        why: why it did not, or what it decided.
    """

    rule: str
    decided: bool
    why: str


class Policy:
    """Decides turns as a file says.

    Attributes:
        version: names it in decisions: the file's own version and a hash of its content.
        content: the file.
    """

    def __init__(self, file: PolicyFile, content: bytes) -> None:
        self.version = policy_file.version_of(file, content)
        self.content = content
        self.limits: Limits = file.limits.limits()
        self._guards: Guards = file.guards
        self._rules: tuple[Rule, ...] = file.rules

    @classmethod
    def default(cls) -> "Policy":
        """Returns the policy that ships."""
        return cls(*policy_file.default())

    @classmethod
    def parse(cls, content: bytes, file: str) -> "Policy":
        """Returns the policy of a file's content.

        Raises:
            FileMistake: something in it is missing, unknown or malformed.
        """
        return cls(policy_file.parse_policy(content, file), content)

    def route(self, inputs: Inputs) -> Ruling:
        """Returns what is done on a turn. The same inputs always give the same ruling."""
        return self.explain(inputs)[0]

    def explain(self, inputs: Inputs) -> tuple[Ruling, tuple[Passed, ...]]:
        """Returns what is done on a turn, and what became of each rule until one decided."""
        passed: list[Passed] = []
        ruling = self._first(inputs, passed)
        for name, guard in (("same_answer", self._same_answer), ("after_release", self._after_release)):
            changed = guard(inputs, ruling)
            if changed is not None:
                passed.append(_decided(name, changed))
                ruling = changed
        if ruling.kind is DecisionKind.ESCALATE and inputs.handoff_state is not None:
            ruling = replace(ruling, reasons=(*ruling.reasons, Reason(ReasonCode.HANDOFF_OPEN)))
        return ruling, tuple(passed)

    def _first(self, inputs: Inputs, passed: list[Passed]) -> Ruling:
        ruling = steps.owned_by_person(inputs, self.limits)
        if ruling is not None:
            passed.append(_decided("owned_by_person", ruling))
            return ruling
        ruling = self._loop(inputs)
        if ruling is not None:
            passed.append(_decided(ruling.reasons[0].code.name.lower(), ruling))
            return ruling
        for rule in self._rules:
            ruling, why = self._ruled(rule, inputs)
            if ruling is not None:
                passed.append(_decided(rule.title, ruling))
                return ruling
            passed.append(Passed(rule.title, decided=False, why=why))
        ruling = steps.no_match(inputs, self.limits)
        passed.append(_decided("no_match", ruling))
        return ruling

    def _ruled(self, rule: Rule, inputs: Inputs) -> tuple[Ruling | None, str]:
        """Returns what a rule decides, None with why it does not."""
        if rule.when is not None and (unmet := rule.when.unmet(inputs)):
            return None, unmet
        if rule.unless is not None and not rule.unless.unmet(inputs):
            return None, "what stands under `unless` holds"
        if rule.step is not None:
            return steps.STEPS[rule.step](inputs, self.limits), "it had nothing to decide"
        reason = Reason(ReasonCode.RULE, rule.name)
        if rule.escalate is not None:
            asked = steps.escalated(inputs, reason, queue_id=rule.escalate.queue or "")
            return replace(asked, priority=rule.escalate.priority, skills=rule.escalate.wanted()), ""
        if rule.answer is not None:
            return Ruling(DecisionKind.ANSWER, (reason,), answer=AnswerChoice(reply=rule.answer.reply)), ""
        if inputs.history.clarified_in_a_row >= self.limits.clarify_in_a_row:
            return None, "what was meant was asked just before"
        return steps.clarified(inputs, self.limits, reason), ""

    def _loop(self, inputs: Inputs) -> Ruling | None:
        """Asks a person, and says nothing more once one is asked, when it looks as if a machine wrote."""
        replies, same = self._guards.bot_replies, self._guards.same_message
        if replies is not None and (
            inputs.history.replies_within(replies.within.total_seconds()) >= replies.at_most
        ):
            reason = Reason(ReasonCode.BOT_REPLIES_CAPPED)
        elif same is not None and inputs.history.same_message_in_a_row >= same.at_most:
            reason = Reason(ReasonCode.MESSAGE_REPEATED)
        else:
            return None
        return replace(steps.escalated(inputs, reason), is_silent=inputs.handoff_state is not None)

    def _same_answer(self, inputs: Inputs, ruling: Ruling) -> Ruling | None:
        """Asks a person in place of an answer that was given as often as it may be."""
        guard = self._guards.same_answer
        entry_id = evidence.entry_of(ruling.answer, inputs) if ruling.kind is DecisionKind.ANSWER else ""
        if guard is None or not entry_id or inputs.history.same_answers(entry_id) < guard.at_most:
            return None
        return steps.escalated(inputs, Reason(ReasonCode.ANSWER_REPEATED, entry_id), *ruling.reasons)

    def _after_release(self, inputs: Inputs, ruling: Ruling) -> Ruling | None:
        """Asks what was meant, once, in place of a person nobody asked for, when one has just given the conversation back."""
        guard, ago = self._guards.after_release, inputs.history.released_ago
        if guard is None or ago is None or ago >= guard.within.total_seconds():
            return None
        if ruling.kind is not DecisionKind.ESCALATE or ruling.reasons[0].code not in BY_ITSELF:
            return None
        if inputs.handoff_state is not None or inputs.history.failed_in_a_row:
            return None
        return steps.clarified(inputs, self.limits, Reason(ReasonCode.RELEASED_RECENTLY), *ruling.reasons)


def _decided(rule: str, ruling: Ruling) -> Passed:
    first = ruling.reasons[0]
    about = f" {first.subject}" if first.subject else ""
    return Passed(rule, decided=True, why=f"{ruling.kind.name}: {first.code.name}{about}")
