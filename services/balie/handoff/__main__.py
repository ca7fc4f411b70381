"""Runs the handoff service: `python -m balie.handoff`."""

from balie.handoff.app import lifespan
from balie.handoff.settings import HandoffSettings
from balie.kit.server import run
from balie.kit.strict_yaml import FileMistake

if __name__ == "__main__":
    try:
        run(lifespan, HandoffSettings.load())
    except FileMistake as mistake:
        raise SystemExit(f"handoff: {mistake}") from None
