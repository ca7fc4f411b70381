"""The suite that every intent engine has to pass, of this project and of anybody else."""

from balie.kit.testing.engines.suite import EngineSuite, check_engine

__all__ = ["EngineSuite", "check_engine"]
