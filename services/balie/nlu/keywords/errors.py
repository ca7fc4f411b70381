"""What can go wrong in keyword work."""

from balie.kit.errors import Exhausted, FailedPrecondition, InvalidRequest, NotFound, Unavailable


class KeywordNotFound(NotFound):
    """The tenant has no such keyword."""

    reason = "KEYWORD_NOT_FOUND"

    def __init__(self, keyword_id: str) -> None:
        super().__init__(f"keyword {keyword_id} does not exist", keyword_id=keyword_id)


class KeywordReadOnly(FailedPrecondition):
    """The keyword is one of the service's file."""

    reason = "KEYWORD_READ_ONLY"

    def __init__(self, keyword_id: str) -> None:
        super().__init__(
            f"keyword {keyword_id} is one of the service's file, and can only be changed there",
            keyword_id=keyword_id,
        )


class PatternInvalid(InvalidRequest):
    """A pattern's expression cannot be compiled."""

    reason = "PATTERN_INVALID"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}", field=field, problem=problem)


class KeywordsFull(Exhausted):
    """The tenant has as many keywords, or patterns, as may be."""

    reason = "KEYWORDS_FULL"

    def __init__(self, what: str, *, limit: int) -> None:
        super().__init__(
            f"the tenant has {limit} {what}, more are not taken",
            retry_after_seconds=60.0,
            what=what,
            limit=limit,
        )


class KeywordsBehind(Unavailable):
    """This replica has not come to the generation that was asked for."""

    reason = "KEYWORDS_BEHIND"

    def __init__(self, *, asked: int, generation: int) -> None:
        super().__init__(
            f"the keywords looked for are of generation {generation}, asked for is {asked}",
            retry_after_seconds=0.5,
            asked=asked,
            generation=generation,
        )
