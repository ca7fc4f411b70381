"""Runs the NLU service: `python -m balie.nlu`."""

from balie.encoders import EncoderUnavailable
from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.kit.server import run
from balie.nlu.app import lifespan
from balie.nlu.errors import StartRefused
from balie.nlu.settings import NluSettings

if __name__ == "__main__":
    try:
        run(lifespan, NluSettings.load())
    except (StartRefused, EncoderUnavailable, MissingExtra, UnknownPlugin) as refusal:
        raise SystemExit(f"nlu: {refusal}") from None
