"""The engine `remote`: an intent engine that somebody serves elsewhere, in any language, as `EngineService`."""

from balie.nlu.engines.remote.engine import RemoteEngine

__all__ = ["RemoteEngine"]
