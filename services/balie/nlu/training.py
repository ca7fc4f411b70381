"""Trains a model in a process of its own: `python -m balie.nlu.training --intents FILE --model-folder FOLDER`.

The service starts this when it has no model of its data and encoder; people run it to see what their examples are worth.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from balie.encoders import EncoderSettings, EncoderUnavailable, open_encoder
from balie.kit import log
from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.nlu.artifacts import Manifest, Origin, StoredThresholds, save
from balie.nlu.calibrating import Promise
from balie.nlu.errors import StartRefused
from balie.nlu.examples import Examples
from balie.nlu.training_data import read_examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.encoders import Encoder
    from balie.nlu.learning import Progress

RECIPE = "chars.2-5.v1+linear-svc.c1.v1+cv5.v2"
"""Changes whenever the same examples would give another model; part of its name, and known without scikit-learn."""

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained."""

    intents_file: Path
    model_folder: Path
    languages: tuple[str, ...]
    promise: Promise
    encoder: EncoderSettings


def origin_of(examples: Examples, encoder_fingerprint: str, job: Job) -> Origin:
    """Returns what a model of these examples is made of."""
    return Origin(
        data_fingerprint=examples.fingerprint(),
        encoder_fingerprint=encoder_fingerprint,
        languages=tuple(sorted(job.languages)),
        recipe=RECIPE,
        **asdict(job.promise),
    )


def train(job: Job, progress: "Progress") -> Manifest:
    """Trains and stores a model, and returns its manifest.

    Raises:
        DataFileWrong: something is wrong with the examples.
        TrainingFailed: the model cannot be stored.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    from balie.nlu.learning import learn

    progress("reading the examples", 0.0)
    examples = read_examples(job.intents_file, job.languages)
    progress("loading the encoder", 0.02)
    encoder = open_encoder(job.encoder)
    vectors = _encode(encoder, [example.text for example in examples.items], job.encoder.workers, progress)
    learned = learn(examples, vectors, job.promise, progress)
    origin = origin_of(examples, encoder.fingerprint, job)
    manifest = Manifest(
        version=origin.version(),
        created=datetime.now(UTC),
        origin=origin,
        intents=list(learned.intents),
        examples=len(examples.items),
        dimensions=encoder.dimensions,
        thresholds=StoredThresholds(**asdict(learned.thresholds)),
        figures=dict(learned.figures),
        accuracy_by_language=dict(learned.by_language),
    )
    progress("storing the model", 0.98)
    stored = save(job.model_folder, manifest, learned.weights)
    progress("done", 1.0)
    return stored


def _encode(
    encoder: "Encoder", texts: Sequence[str], workers: int, progress: "Progress"
) -> "NDArray[np.float32]":
    import numpy as np

    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    vectors = []
    with ThreadPoolExecutor(workers) as pool:
        for done, part in enumerate(pool.map(encoder.encode, chunks), 1):
            vectors.append(part)
            progress("encoding the examples", 0.05 + 0.25 * done / len(chunks))
    return np.concatenate(vectors)


def table_of(manifest: Manifest) -> str:
    """Returns the figures of a model as people read them."""
    figures, thresholds = manifest.figures, manifest.thresholds
    rows = [
        ("model", manifest.version),
        ("intents / examples", f"{len(manifest.intents)} / {manifest.examples}"),
        *(
            (f"accuracy {language}", f"{share:.3f}")
            for language, share in manifest.accuracy_by_language.items()
        ),
        ("in-scope accuracy", f"{figures.get('in_scope_accuracy', 0.0):.3f}"),
        (
            "threshold / lead / floor",
            f"{thresholds.match:.3f} / {thresholds.margin:.2f} / {thresholds.floor:.3f}",
        ),
        ("coverage", f"{figures['coverage']:.3f}"),
        ("wrong rate", f"{figures['wrong_rate']:.3f} (at most {manifest.origin.max_wrong:g} promised)"),
        ("choices between two", f"{figures['ambiguous']:.3f}"),
        *([("out of scope refused", f"{figures['oos_recall']:.3f}")] if "oos_recall" in figures else []),
        ("calibration", thresholds.version),
    ]
    width = max(len(name) for name, _ in rows)
    lines = "".join(f"{name:<{width}}  {value}\n" for name, value in rows)
    return f"Measured by cross-validation:\n{lines}"


class _Log:
    """Tells progress as log lines, one a step and one every tenth of the whole."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, step: str, share: float) -> None:
        if (step, int(share * 10)) != self._last:
            self._last = step, int(share * 10)
            structlog.get_logger().info("training", step=step, percent=round(share * 100))


class _Screen:
    """Tells progress on standard error, on one line when that is a terminal."""

    def __init__(self) -> None:
        self._step = ""

    def __call__(self, step: str, share: float) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{share:4.0%}  {step}" + ("\n" if share >= 1.0 else ""))
            sys.stderr.flush()
        elif step != self._step:
            sys.stderr.write(f"{share:4.0%}  {step}\n")
        self._step = step


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains as the arguments say and returns the exit code: 0 when a model was stored."""
    options = _parser().parse_args(arguments)
    quiet = options.log_format is not None
    log.configure(service="nlu", level=options.log_level, form=options.log_format or "console")
    started = time.monotonic()
    try:
        manifest = train(_job(options), _Log() if quiet else _Screen())
    except (StartRefused, EncoderUnavailable, MissingExtra, UnknownPlugin) as error:
        sys.stderr.write(f"nlu: {error}\n")
        return 1
    seconds = round(time.monotonic() - started, 1)
    if quiet:
        structlog.get_logger().info("trained", model=manifest.version, seconds=seconds, **manifest.figures)
    else:
        sys.stdout.write(f"{table_of(manifest)}took {seconds} s\n")
    return 0


def _job(options: argparse.Namespace) -> Job:
    encoder = (
        EncoderSettings.model_validate_json(options.encoder) if options.encoder else EncoderSettings.load()
    )
    if options.encoder_folder is not None:
        encoder = encoder.model_copy(update={"folder": options.encoder_folder})
    return Job(
        intents_file=options.intents,
        model_folder=options.model_folder,
        languages=tuple(options.languages),
        promise=Promise(options.max_wrong, options.max_wrong_choice, options.max_wrong_delta),
        encoder=encoder,
    )


def _parser() -> argparse.ArgumentParser:
    promise = Promise()
    parser = argparse.ArgumentParser(
        prog="python -m balie.nlu.training",
        description="Trains an intent model and prints what it is worth, measured by cross-validation.",
    )
    parser.add_argument(
        "--intents",
        type=Path,
        required=True,
        help="file or folder of examples: YAML (Balie's or Rasa's), JSON Lines, CSV",
    )
    parser.add_argument("--model-folder", type=Path, required=True, help="folder that models are kept in")
    parser.add_argument("--encoder-folder", type=Path, help="default: BALIE_ENCODER_FOLDER or its default")
    parser.add_argument("--encoder", help="all settings of the encoder, as JSON")
    parser.add_argument("--languages", nargs="+", default=["nl", "de", "en"], metavar="TAG")
    parser.add_argument("--max-wrong", type=_share, default=promise.max_wrong, metavar="SHARE")
    parser.add_argument("--max-wrong-choice", type=_share, default=promise.max_wrong_choice, metavar="SHARE")
    parser.add_argument("--max-wrong-delta", type=_share, default=promise.delta, metavar="CHANCE")
    parser.add_argument("--log-format", choices=("json", "console"), help="log lines instead of a table")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _share(text: str) -> float:
    share = float(text)
    if not 0.0 < share < 1.0:
        raise argparse.ArgumentTypeError("must be above 0 and below 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
