"""What a caller is told, and what an operator has to put right before NLU can start, or train.

Of these `FingerprintMismatch` alone is a `Failure`; those of model work are in `balie.nlu.models.errors`, and what else
callers are told comes from the kit's bounds and from the encoder (`EncoderBusy`). No caller of an RPC is ever told of the
others.
"""

from pathlib import Path

from balie.kit.errors import FailedPrecondition


class FingerprintMismatch(FailedPrecondition):
    """The caller's vectors are of another encoder than this one."""

    reason = "FINGERPRINT_MISMATCH"

    def __init__(self, fingerprint: str, current_fingerprint: str) -> None:
        super().__init__(
            f"the encoder is {current_fingerprint}, not the one expected: their vectors cannot be compared",
            fingerprint=fingerprint,
            current_fingerprint=current_fingerprint,
        )


class StartRefused(Exception):
    """Something is wrong with what the service was given; the message says what to do."""


class DataFileWrong(StartRefused):
    """A file of intents or keywords cannot be read, or something in it makes no sense.

    Attributes:
        path: the file.
        line: where, from 1; 0 for the file as a whole.
        problem: what is wrong.
    """

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


class TrainingFailed(StartRefused):
    """No model could be trained or stored."""


class ModelDamaged(Exception):
    """A file of a trained model is missing, or is not as it was written; the data to train it anew are there."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"the model's file {file} {problem}")
        self.file = file
        self.problem = problem


class OptionWrong(StartRefused):
    """An option of an engine is unknown, or its value makes no sense."""

    def __init__(self, engine: str, option: str, problem: str) -> None:
        super().__init__(f"engine {engine}: option {option!r} {problem}")
        self.engine = engine
        self.option = option
        self.problem = problem


class EngineUnavailable(Exception):
    """An engine cannot answer now, such as a remote one that is down; messages are understood without intents."""

    def __init__(self, engine: str, problem: str) -> None:
        super().__init__(f"engine {engine} {problem}")
        self.engine = engine
        self.problem = problem
