"""`python -m balie.encoders.bench`: measures and prints the figures; progress goes to standard error."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from balie.encoders.bench.settings import keep_libraries_to_one_thread
from balie.encoders.errors import EncoderUnavailable
from balie.encoders.settings import EncoderSettings

_MISSED = 1
_FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON and returns the exit code: 0, 1 with `--check` and a missed target, 2 for no figures."""
    options = _parser().parse_args(arguments)
    keep_libraries_to_one_thread()  # read at their import, so nothing above has imported one
    try:
        from balie.encoders.bench.run import Plan, run

        settings = EncoderSettings.load()
        report = run(
            Plan(
                folder=options.folder or settings.folder,
                sentences=options.sentences,
                model=options.model,
                torch=not options.no_torch,
                workers=options.workers or settings.workers,
                rounds=options.rounds,
                seconds=options.seconds,
            ),
            _told,
        )
    except (EncoderUnavailable, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(report.as_dict(), indent=indent, ensure_ascii=False) + "\n")
    return _MISSED if options.check and report.missed else 0


def _told(step: str, share: float) -> None:
    sys.stderr.write(f"{share:4.0%}  {step}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m balie.encoders.bench", description=__doc__)
    parser.add_argument("--folder", type=Path, help="the encoder; default BALIE_ENCODER_FOLDER")
    parser.add_argument("--sentences", type=Path, help="JSON Lines with `text` instead of the built-in sets")
    parser.add_argument("--model", default="", help="for torch; default the packaged model")
    parser.add_argument("--no-torch", action="store_true", help="leave torch out")
    parser.add_argument("--workers", type=int, default=0, help="threads; default BALIE_ENCODER_WORKERS")
    parser.add_argument("--rounds", type=_at_least_one, default=7, help="of each measurement; default 7")
    parser.add_argument("--seconds", type=float, default=1.5, help="of concurrent callers; default 1.5")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--json", action="store_true", help="as it is done anyway")
    return parser


def _at_least_one(given: str) -> int:
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
