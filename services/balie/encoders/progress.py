"""How long work tells what it is doing."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Is told what is being done and how much of the whole is done, in [0, 1]."""


def within(progress: Progress, start: float, end: float, *, prefix: str = "") -> Progress:
    """Returns the progress of a part, told as its share of the whole.

    Args:
        progress: of the whole.
        start: share of the whole that is done when the part begins.
        end: the same when it ends.
        prefix: what the part's steps begin with.
    """
    return lambda step, share: progress(f"{prefix}{step}", start + (end - start) * share)
