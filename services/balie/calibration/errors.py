"""Why no threshold can be vouched for, with what would help."""


class ThresholdUnknown(Exception):
    """No threshold keeps the promise that is asked for; for whoever trains, so no `Failure`."""


class TooFewExamples(ThresholdUnknown):
    """There are fewer examples than the promise takes even when none of them is wrong.

    Attributes:
        examples: how many there are.
        needed: how many are needed at least.
    """

    def __init__(self, examples: int, needed: int, *, max_wrong: float, delta: float) -> None:
        super().__init__(
            f"{examples} examples are too few to promise at most {max_wrong:.3g} wrong with confidence "
            f"{1 - delta:.3g}: at least {needed} are needed, and more for every one that is wrong"
        )
        self.examples = examples
        self.needed = needed


class NoThreshold(ThresholdUnknown):
    """There are enough examples, and too many of those with the highest scores are wrong.

    Attributes:
        accepted: how many examples the strictest threshold accepts.
        mistakes: how many of them are wrong.
    """

    def __init__(self, accepted: int, mistakes: int, *, max_wrong: float, delta: float) -> None:
        super().__init__(
            f"no threshold promises at most {max_wrong:.3g} wrong with confidence {1 - delta:.3g}: of the {accepted} "
            f"examples with the highest scores {mistakes} are wrong; more or better examples are needed, or a "
            "larger share of wrong must be accepted"
        )
        self.accepted = accepted
        self.mistakes = mistakes
