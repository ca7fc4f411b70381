"""What callers of model work are told."""

from collections.abc import Iterable

from balie.kit.errors import Exhausted, FailedPrecondition, InvalidRequest, NotFound
from balie.nlu.models.domain import ModelState


class ModelNotFound(NotFound):
    """The tenant has no such model, or none that is active."""

    reason = "MODEL_NOT_FOUND"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"model {version} does not exist" if version else "no model is active", version=version
        )


class ModelStateInvalid(FailedPrecondition):
    """The model's state does not allow this."""

    reason = "MODEL_STATE_INVALID"

    def __init__(self, version: str, state: ModelState, allowed: Iterable[ModelState]) -> None:
        names = [one.name for one in allowed]
        super().__init__(
            f"model {version} is {state.name}, allowed is {', '.join(names)}",
            version=version,
            state=state.name,
            allowed=names,
        )


class ModelCorrupt(FailedPrecondition):
    """A file of the model is not as it was written."""

    reason = "MODEL_CORRUPT"

    def __init__(self, version: str, file: str, problem: str) -> None:
        super().__init__(
            f"model {version} is corrupt, its {file} {problem}: train it anew",
            version=version,
            file=file,
            problem=problem,
        )


class ModelUnusable(FailedPrecondition):
    """The model is whole and cannot be used here."""

    reason = "MODEL_UNUSABLE"

    def __init__(self, version: str, problem: str) -> None:
        super().__init__(f"model {version} {problem}", version=version, problem=problem)


class ModelOfAnotherEncoder(ModelUnusable):
    """The model takes vectors of another encoder than the service's."""

    reason = "MODEL_UNUSABLE"

    def __init__(self, version: str, fingerprint: str) -> None:
        super().__init__(version, f"takes the vectors of another encoder, {fingerprint}")


class ModelInUse(FailedPrecondition):
    """The model is active, or that of the service's file."""

    reason = "MODEL_IN_USE"

    def __init__(self, version: str) -> None:
        super().__init__(f"model {version} is in use and cannot be deleted", version=version)


class MemoryShort(Exhausted):
    """The model does not fit into the memory that is left."""

    reason = "MEMORY_SHORT"

    def __init__(self, version: str, *, needed_bytes: int, available_bytes: int) -> None:
        super().__init__(
            f"model {version} needs {needed_bytes} bytes of memory beside the one in use, {available_bytes} are left",
            retry_after_seconds=60.0,
            version=version,
            needed_bytes=needed_bytes,
            available_bytes=available_bytes,
        )


class TrainingDataInvalid(InvalidRequest):
    """Nothing can be learned from, or measured on, the examples as a whole."""

    reason = "TRAINING_DATA_INVALID"

    def __init__(self, problem: str) -> None:
        super().__init__(problem, problem=problem)


class TrainingsFull(Exhausted):
    """As many trainings of the tenant are under way or wait as may."""

    reason = "TRAININGS_FULL"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"{limit} models are being trained or wait for it, more are not taken",
            retry_after_seconds=60.0,
            limit=limit,
        )


class EngineOptionInvalid(InvalidRequest):
    """The engine does not take an option."""

    reason = "ENGINE_OPTION_INVALID"

    def __init__(self, engine: str, option: str, problem: str) -> None:
        super().__init__(
            f"engine {engine}: option {option} {problem}", engine=engine, option=option, problem=problem
        )


class EngineNotInstalled(FailedPrecondition):
    """The engine's library is not installed where the service runs."""

    reason = "ENGINE_NOT_INSTALLED"

    def __init__(self, engine: str, advice: str) -> None:
        super().__init__(f"engine {engine} is not installed: {advice}", engine=engine, advice=advice)


class StreamOutOfOrder(InvalidRequest):
    """The parts of a stream come in another order than header first, then examples."""

    reason = "STREAM_OUT_OF_ORDER"

    def __init__(self, expected: str) -> None:
        super().__init__(f"the stream's next message must be its {expected}", expected=expected)
