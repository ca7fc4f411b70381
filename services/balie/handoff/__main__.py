"""Runs the handoff service: `python -m balie.handoff`."""

from balie.handoff.app import lifespan
from balie.handoff.settings import HandoffSettings
from balie.kit.server import run

if __name__ == "__main__":
    run(lifespan, HandoffSettings.load())
