"""Runs the FAQ service: `python -m balie.faq`."""

from balie.faq.app import lifespan
from balie.faq.settings import FaqSettings
from balie.kit.server import run

if __name__ == "__main__":
    run(lifespan, FaqSettings.load())
