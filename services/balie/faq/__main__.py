"""Runs the FAQ service: `python -m balie.faq`."""

from balie.encoders import EncoderUnavailable
from balie.faq.app import lifespan
from balie.faq.errors import RetrieverUnavailable
from balie.faq.settings import FaqSettings
from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.kit.server import run

if __name__ == "__main__":
    try:
        run(lifespan, FaqSettings.load())
    except (EncoderUnavailable, MissingExtra, RetrieverUnavailable, UnknownPlugin) as refusal:
        raise SystemExit(f"faq: {refusal}") from None
