"""Ranks by asking a server, and stops asking one that is away."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import structlog

from balie.kit.breaker import Breaker
from balie.nlu.engines.port import EngineUnavailable, Message, Ranking
from balie.nlu.engines.remote.clients import EngineClient
from balie.nlu.engines.remote.convert import MESSAGES, RemoteModel
from balie.nlu.engines.remote.errors import CallFailed
from balie.nlu.engines.remote.options import NAME

_log = structlog.get_logger()


class RemoteRanker:
    """Asks a server for rankings.

    Args:
        client: asks.
        model: what for.
        intents: order of the scores.
        breaker: keeps a server that is away from costing each message a timeout.
    """

    waits: ClassVar[bool] = True

    def __init__(
        self, client: EngineClient, model: RemoteModel, intents: Sequence[str], breaker: Breaker
    ) -> None:
        self.intents = tuple(intents)
        self._client = client
        self._model = model
        self._breaker = breaker

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what the server thinks of each message, asking for 64 at a time."""
        rankings = [
            self._asked(messages[start : start + MESSAGES]) for start in range(0, len(messages), MESSAGES)
        ]
        told = [ranking.out_of_scope for ranking in rankings if ranking.out_of_scope is not None]
        return Ranking(
            np.concatenate([ranking.scores for ranking in rankings]),
            np.concatenate(told) if len(told) == len(rankings) else None,
        )

    def close(self) -> None:
        """Closes the line; the server keeps the model."""
        self._client.close()

    def _asked(self, messages: Sequence[Message]) -> Ranking:
        if not self._breaker.admits():
            raise EngineUnavailable(
                NAME, f"at {self._client.address} is left alone for a while: it did not answer"
            )
        try:
            found = self._client.rank(self._model, messages, self.intents)
        except CallFailed as failed:
            if not failed.is_away:
                self._breaker.spared()
            elif self._breaker.failed():
                _log.error("remote engine left alone", address=self._client.address, problem=failed.problem)
            raise EngineUnavailable(NAME, f"at {self._client.address} {failed.problem}") from None
        except BaseException:
            self._breaker.spared()
            raise
        if self._breaker.succeeded():
            _log.info("remote engine answers again", address=self._client.address)
        return found
