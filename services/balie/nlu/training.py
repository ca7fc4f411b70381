"""The process that trains one model, `python -m balie.nlu.training JOB CHANNEL`; the service starts it, nobody else.

It shares neither the interpreter nor the encoder with what is served, and the processor only as far as nothing else
wants it. What it has to say goes to the channel, an open file's number, in lines of JSON: progress, then one outcome.
It ends when the other side does, whose end it notices on standard input.
"""

import multiprocessing
import os
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict

from balie.encoders import EncoderUnavailable
from balie.kit import log
from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.nlu.artifacts import Manifest
from balie.nlu.errors import EngineUnavailable, ModelDamaged, OptionWrong, StartRefused
from balie.nlu.jobs import Job
from balie.nlu.models.domain import FailureReason, TrainingFailure
from balie.nlu.models.memory import resident_bytes

NICENESS = 10
"""Who serves comes first: a process of niceness 10 gets about a tenth of a busy core."""

_GONE = 3

_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], FailureReason], ...] = (
    (OptionWrong, FailureReason.OPTION_INVALID),
    ((UnknownPlugin, MissingExtra, EngineUnavailable), FailureReason.ENGINE_UNAVAILABLE),
    (EncoderUnavailable, FailureReason.ENCODER_UNAVAILABLE),
    ((StartRefused, ModelDamaged), FailureReason.NOTHING_LEARNED),
)


class Line(BaseModel):
    """One line of the channel: progress, or one of the two outcomes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str = ""
    share: float = 0.0
    manifest: Manifest | None = None
    failure: TrainingFailure | None = None


class _Channel:
    """Tells progress once a step and each hundredth of the whole, and the outcome."""

    def __init__(self, number: int) -> None:
        self._file = os.fdopen(number, "wb", buffering=0)
        self._last: tuple[str, int] | None = None

    def progress(self, step: str, share: float) -> None:
        if (step, int(share * 100)) != self._last:
            self._last = step, int(share * 100)
            self.say(Line(step=step, share=share))

    def say(self, line: Line) -> None:
        self._file.write(line.model_dump_json(exclude_defaults=True).encode() + b"\n")


class _Scales:
    """A process that was split off before anything was loaded, and loads nothing but a model, to weigh it."""

    def __init__(self, channel: int) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_weigh, args=(other, self._connection, channel), daemon=True)
        self._process.start()
        other.close()

    def weigh(self, folder: Path) -> int:
        """Returns how much memory a model takes, in bytes; 0 when it cannot be told."""
        try:
            self._connection.send(folder)
            return int(self._connection.recv())
        except (EOFError, OSError):  # it fell; the model is none the worse
            return 0


def _weigh(connection: Connection, other_end: Connection, channel: int) -> None:
    other_end.close()  # or it would never hear that the other side is gone
    os.close(channel)
    try:
        folder = connection.recv()
    except EOFError:
        return
    from balie.nlu.artifacts import open_artifact

    before = resident_bytes()
    artifact = open_artifact(folder)
    connection.send(max(0, resident_bytes() - before))
    artifact.close()


def main() -> int:
    """Trains, tells the outcome, and returns the exit code: 0 when there is one."""
    job = Job.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    log.configure(service="nlu", level="info", form=job.log_format)
    number = int(sys.argv[2])
    os.nice(NICENESS)
    scales = _Scales(number)  # before there are threads, and before memory is used
    threading.Thread(target=_end_with_parent, daemon=True).start()
    channel = _Channel(number)
    channel.say(_outcome(job, channel, scales))
    return 0


def _outcome(job: Job, channel: _Channel, scales: _Scales) -> Line:
    from balie.nlu.trainer import train

    try:
        return Line(manifest=train(job, channel.progress, scales.weigh))
    except OSError as error:
        problem = f"the model cannot be written: {error.strerror or type(error).__name__}"
        return Line(failure=TrainingFailure(FailureReason.CANNOT_WRITE, problem))
    except Exception as error:  # noqa: BLE001  whatever it is, the model fails and somebody is told
        for kinds, reason in _REASONS:
            if isinstance(error, kinds):
                return Line(failure=TrainingFailure(reason, str(error)))
        structlog.get_logger().exception("training failed", model=job.version)
        problem = f"an unexpected {type(error).__name__}; the service's log has where it came from"
        return Line(failure=TrainingFailure(FailureReason.CRASHED, problem))


def _end_with_parent() -> None:
    """Ends the process when whoever started it is gone: a second life of the service trains anew."""
    while os.read(sys.stdin.fileno(), 1):  # not its buffer, whose lock would fell an interpreter that ends
        pass
    os._exit(_GONE)


if __name__ == "__main__":
    sys.exit(main())
