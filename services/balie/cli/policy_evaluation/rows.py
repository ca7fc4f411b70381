"""The figures of an evaluation as rows of words, for the terminal and for a document alike."""

from collections.abc import Callable, Iterator

from balie.cli.policy_evaluation.figures import FIGURES, Share
from balie.cli.policy_evaluation.running import SCOPES, Evaluation
from balie.kit.text_files.markdown import Marks, table

MARKS = Marks("balie eval policy")
"""Between which the tables stand in a document."""

_SMALL = 0.0005

WHY_HEAD = ("decided", "because of", "in scope", "out of scope")


def head(found: Evaluation) -> tuple[str, ...]:
    """Returns what stands above the figures: the scopes, and the stated share where there is one."""
    scopes = (scope.replace("_", " ") for scope in SCOPES)
    stated = found.expected_out_of_scope
    return ("", *scopes, *((f"{stated:g} out of scope",) if found.in_traffic else ()))


def rows(found: Evaluation, shown: "Callable[[Share], str]") -> Iterator[tuple[str, ...]]:
    """Yields the number of messages and the figures, each with its words, in each scope and in stated traffic."""
    rest = ("",) if found.in_traffic else ()
    yield ("messages", *(f"{found.count(scope):,}" for scope in SCOPES), *rest)
    for figure in FIGURES:
        by_scope = (shown(found.shares[scope][figure.name]) for scope in SCOPES)
        mixed = found.in_traffic.get(figure.name)
        stated = (number(mixed),) if found.in_traffic else ()
        yield (figure.words, *by_scope, *stated)


def number(value: float | None) -> str:
    """Returns a share in words, with a digit more where it would look like none; empty without one."""
    if value is None:
        return ""
    return f"{value:.4f}" if 0.0 < value < _SMALL else f"{value:.3f}"


def with_interval(share: Share) -> str:
    """Returns a share with where it lies; empty for one of no messages."""
    if share.value is None:
        return ""
    return f"{number(share.value)} ({share.interval.low:.3f} to {share.interval.high:.3f})"


def why_rows(found: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yields what was decided why."""
    for one in found.reasons:
        yield one.kind.name.lower(), one.reason, f"{one.in_scope:,}", f"{one.out_of_scope:,}"


def markdown(found: Evaluation, subject: str) -> str:
    """Returns the figures as tables in Markdown.

    Args:
        found: the evaluation.
        subject: what was learned from and judged, in a sentence.
    """
    lines = [subject, *table(head(found), rows(found, with_interval)), *table(WHY_HEAD, why_rows(found))[1:]]
    return "\n".join(lines)
