"""What can be wrong with a bench."""

from balie.encoders.errors import EncoderUnavailable


class BenchFailed(EncoderUnavailable):
    """Nothing could be measured; the message says why."""


class BenchSentencesWrong(BenchFailed):
    """The sentences to measure with cannot be read, or are none."""
