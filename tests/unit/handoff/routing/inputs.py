"""What is known of a turn, in few words."""

from balie.handoff.routing.turns import Answers, Candidate, Inputs, Intent, Understanding, Verdict

DOGS = Candidate("dogs/nl/1", "dogs", 0.9, above_threshold=True)
NOTHING = Answers(threshold=0.6)


def understood(verdict: Verdict = Verdict.NO_MATCH, intent: str = "", **signals: object) -> Understanding:
    intents = (Intent(intent, 0.8),) if intent else ()
    return Understanding(verdict, intents, threshold=0.5, **signals)  # type: ignore[arg-type]


def inputs(**more: object) -> Inputs:
    """Returns a turn on which nothing was understood and nothing found, but for what is said otherwise."""
    given = {"understanding": understood(), "answers": NOTHING, "channel": "web", "language": "nl"}
    return Inputs("desk", **(given | more))  # type: ignore[arg-type]
