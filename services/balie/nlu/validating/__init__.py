"""Says what is wrong with training data, or may be: conflicting labels, near-duplicates, wrong languages and the like.

Knows neither gRPC nor a terminal: files in, findings out.
"""

from balie.nlu.validating.findings import CHECKS, Check, Finding, Place, Severity
from balie.nlu.validating.validation import Validation, validate

__all__ = ["CHECKS", "Check", "Finding", "Place", "Severity", "Validation", "validate"]
