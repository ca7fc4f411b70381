"""The numbers of a policy that its steps look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of a policy.

    Attributes:
        clarify_in_a_row: how often in a row the bot asks what was meant before a person is asked, 0 to 10.
        options: answers offered to choose from at most, 1 to 3.
        near_threshold: how far below its threshold an answer may lie to be offered, in the score's own unit, 0 to 1.
        rival_share: share of the best one's score from which on an answer is offered when several together reach the
            threshold, 0 to 1.
        short_message: longest message in which an exact keyword outranks the FAQ's answer, Unicode code points.
    """

    clarify_in_a_row: int = 1
    options: int = 3
    near_threshold: float = 0.1
    rival_share: float = 1 / 3
    short_message: int = 40
