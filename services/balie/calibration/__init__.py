"""Scores to thresholds with a guarantee, and the figures that an evaluation reports."""

from balie.calibration.binomial import least_examples, wrong_rate_bound
from balie.calibration.classes import ByClass, Confusion, by_class, confusions, macro_f1
from balie.calibration.errors import NoOutOfScope, NoThreshold, ThresholdUnknown, TooFewExamples
from balie.calibration.figures import Figures, coverage, figures, in_scope_accuracy, wrong_rate
from balie.calibration.intervals import RESAMPLES, Interval, bootstrap, wilson
from balie.calibration.reliability import (
    Reliability,
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    reliability,
)
from balie.calibration.selective import RiskCoverage, area_under_risk_coverage, risk_coverage
from balie.calibration.separation import (
    Roc,
    auroc,
    out_of_scope_recall_at,
    out_of_scope_recall_at_accuracy,
    roc,
)
from balie.calibration.thresholds import Threshold, least_threshold

__all__ = [
    "RESAMPLES",
    "ByClass",
    "Confusion",
    "Figures",
    "Interval",
    "NoOutOfScope",
    "NoThreshold",
    "Reliability",
    "RiskCoverage",
    "Roc",
    "Threshold",
    "ThresholdUnknown",
    "TooFewExamples",
    "area_under_risk_coverage",
    "auroc",
    "bootstrap",
    "brier_score",
    "by_class",
    "confusions",
    "coverage",
    "debiased_calibration_error",
    "expected_calibration_error",
    "figures",
    "in_scope_accuracy",
    "least_examples",
    "least_threshold",
    "macro_f1",
    "out_of_scope_recall_at",
    "out_of_scope_recall_at_accuracy",
    "reliability",
    "risk_coverage",
    "roc",
    "wilson",
    "wrong_rate",
    "wrong_rate_bound",
]
