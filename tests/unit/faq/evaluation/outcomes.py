"""Outcomes of questions made by hand."""

from balie.faq.evaluation.outcome import Asked
from balie.faq.evaluation.queries import EvalQuery


def asked(
    *ranks: int, best: str = "other", confidence: float = 0.5, answers: int = 1, language: str = "en"
) -> Asked:
    """Returns a question with so many answers, found at these places; none of either where nothing answers."""
    ids = frozenset(f"a{number}" for number in range(answers))
    best = "a0" if ranks and ranks[0] == 1 else best
    return Asked(EvalQuery("?", ids, language), ranks, best, confidence, 0.002)


def unanswerable(confidence: float, language: str = "en") -> Asked:
    """Returns a question that nothing answers."""
    return asked(confidence=confidence, answers=0, language=language)
