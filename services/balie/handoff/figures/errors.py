"""What can go wrong with figures."""

from balie.kit.errors import InvalidRequest

__all__ = ["PeriodInvalid"]


class PeriodInvalid(InvalidRequest):
    """A period ends no later than it begins, or is too long."""

    reason = "PERIOD_INVALID"

    def __init__(self, problem: str) -> None:
        super().__init__(f"the period makes no sense: {problem}", problem=problem)
