"""Why no threshold can be vouched for, with what would help."""


class ThresholdUnknown(Exception):
    """No threshold keeps the promise that is asked for; for whoever trains, so no `Failure`."""


class TooFewExamples(ThresholdUnknown):
    """There are fewer examples than the promise takes even when none of them is wrong.

    Attributes:
        examples: how many there are, of the kind that there are too few of.
        needed: how many are needed at least.
    """

    def __init__(
        self, examples: int, needed: int, *, max_wrong: float, delta: float, kind: str = "examples"
    ) -> None:
        super().__init__(
            f"{examples} {kind} are too few to promise at most {max_wrong:.3g} wrong with confidence "
            f"{1 - delta:.3g}: at least {needed} are needed, and more for every one that is wrong"
        )
        self.examples = examples
        self.needed = needed


class NoOutOfScope(ThresholdUnknown):
    """A share of the traffic is expected out of scope, and no example shows what such messages score.

    Attributes:
        expected: the share that is expected.
    """

    def __init__(self, expected: float) -> None:
        super().__init__(
            f"there are no out-of-scope examples at all, so nothing can be promised for traffic of which a share of "
            f"{expected:.3g} is out of scope: add some under `oos`, or expect a share of 0"
        )
        self.expected = expected


class NoThreshold(ThresholdUnknown):
    """There are enough examples, and too many of those with the highest scores are wrong.

    Attributes:
        accepted: how many examples the strictest threshold accepts.
        mistakes: how many of them are wrong or out of scope.
    """

    def __init__(
        self, accepted: int, mistakes: int, *, max_wrong: float, delta: float, expected: float | None = None
    ) -> None:
        mixed = "" if expected is None else f" in traffic of which a share of {expected:.3g} is out of scope"
        super().__init__(
            f"no threshold promises at most {max_wrong:.3g} wrong with confidence {1 - delta:.3g}{mixed}: of the "
            f"{accepted} examples with the highest scores {mistakes} are wrong; more or better examples are needed, or "
            "a larger share of wrong must be accepted"
        )
        self.accepted = accepted
        self.mistakes = mistakes
