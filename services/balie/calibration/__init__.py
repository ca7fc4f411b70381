"""Scores to thresholds with a guarantee, and the figures that an evaluation reports."""

from balie.calibration.binomial import least_examples, wrong_rate_bound
from balie.calibration.errors import NoOutOfScope, NoThreshold, ThresholdUnknown, TooFewExamples
from balie.calibration.figures import Figures, coverage, figures, in_scope_accuracy, wrong_rate
from balie.calibration.thresholds import Threshold, least_threshold

__all__ = [
    "Figures",
    "NoOutOfScope",
    "NoThreshold",
    "Threshold",
    "ThresholdUnknown",
    "TooFewExamples",
    "coverage",
    "figures",
    "in_scope_accuracy",
    "least_examples",
    "least_threshold",
    "wrong_rate",
    "wrong_rate_bound",
]
