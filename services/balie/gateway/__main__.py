"""Runs the gateway: `python -m balie.gateway`."""

from balie.gateway.app import lifespan
from balie.gateway.settings import GatewaySettings
from balie.kit.server import run
from balie.kit.strict_yaml import FileMistake

if __name__ == "__main__":
    try:
        run(lifespan, GatewaySettings.load())
    except FileMistake as mistake:
        raise SystemExit(f"gateway: {mistake}") from None
