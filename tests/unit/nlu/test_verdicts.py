import pytest

from balie.nlu.domain import ScoredIntent, Verdict
from balie.nlu.verdicts import NEVER, Thresholds, verdict_of

THRESHOLDS = Thresholds(match=0.7, margin=0.2, floor=0.3, version="test")


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ((0.7, 0.2), Verdict.MATCH),
        ((1.0,), Verdict.MATCH),
        ((0.69, 0.1), Verdict.NO_MATCH),
        ((0.69, 0.31), Verdict.NO_MATCH),
        ((0.45, 0.4), Verdict.AMBIGUOUS),
        ((0.3, 0.3, 0.3), Verdict.AMBIGUOUS),
        ((0.3, 0.29), Verdict.NO_MATCH),
        ((0.1,), Verdict.NO_MATCH),
        ((), Verdict.NO_MATCH),
    ],
)
def test_judges_by_threshold_lead_and_floor(scores: tuple[float, ...], verdict: Verdict) -> None:
    ranked = [ScoredIntent(f"i{place}", score) for place, score in enumerate(scores)]
    assert verdict_of(ranked, THRESHOLDS) is verdict


def test_a_match_needs_its_lead() -> None:
    near = Thresholds(match=0.4, margin=0.2, floor=0.45, version="test")
    assert verdict_of([ScoredIntent("a", 0.5), ScoredIntent("b", 0.4)], near) is Verdict.NO_MATCH


def test_without_a_promise_only_certainty_matches() -> None:
    never = Thresholds(match=NEVER, margin=0.1, floor=NEVER, version="test")
    assert verdict_of([ScoredIntent("a", 0.999), ScoredIntent("b", 0.001)], never) is Verdict.NO_MATCH
    assert verdict_of([ScoredIntent("a", 1.0), ScoredIntent("b", 0.0)], never) is Verdict.MATCH
