"""How a call to an engine that is served elsewhere ends when it does not end well; nobody outside is told of these."""


class CallFailed(Exception):
    """The server refused or did not answer.

    Attributes:
        problem: what happened, without a word of the server's own.
        said: the server's sentence, for the operator who trains; may hold anything, and so is logged nowhere.
        is_away: whether the server is away or overwhelmed, so that others would fare no better.
        is_refusal: whether it understood, and says that this can never succeed.
    """

    def __init__(
        self, problem: str, *, said: str = "", is_away: bool = True, is_refusal: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.said = said
        self.is_away = is_away
        self.is_refusal = is_refusal


class Nonsense(CallFailed):
    """The server answered, and not as the contract says."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"answers nonsense: {problem}")
