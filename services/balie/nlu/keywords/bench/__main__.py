"""Measures, and prints the report as a line of JSON."""

import argparse
import sys
from pathlib import Path

from balie.nlu.keywords.bench.measuring import measure

_parser = argparse.ArgumentParser(prog="python -m balie.nlu.keywords.bench", description=__doc__)
_parser.add_argument("--keywords", type=int, nargs="+", required=True)
_parser.add_argument("--messages", type=Path, nargs="*", default=[])

if __name__ == "__main__":
    _given = _parser.parse_args()
    sys.stdout.write(measure(_given.keywords, _given.messages).as_json() + "\n")
