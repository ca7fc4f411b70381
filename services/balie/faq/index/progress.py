"""How far the building of an index is, for those who watch it."""

from balie.faq.domain import BuildProgress, BuildStep


class Progress:
    """Holds the step that is being done; changed and read on the event loop."""

    def __init__(self) -> None:
        self._now = BuildProgress(BuildStep.WAITING)

    @property
    def now(self) -> BuildProgress:
        """Returns how far it is."""
        return self._now

    def begin(self, step: BuildStep) -> None:
        """Says that a step begins."""
        self._now = BuildProgress(step)

    def at(self, done: int, total: int) -> None:
        """Says how much of the step is done."""
        self._now = BuildProgress(self._now.step, min(1.0, done / max(1, total)))
