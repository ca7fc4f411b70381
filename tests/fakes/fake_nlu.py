"""An NLU that understands what a test tells it to, served by a real server."""

# ruff: noqa: N802  RPC names are PascalCase

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import nlu_service_pb2, nlu_service_pb2_grpc


def understanding(
    verdict: "language_pb2.Verdict.ValueType" = language_pb2.VERDICT_NO_MATCH,
    *intents: str,
    language: str = "nl",
    keywords: tuple[language_pb2.KeywordMatch, ...] = (),
    asks_for_person: bool = False,
    frustration: "language_pb2.Frustration.ValueType" = language_pb2.FRUSTRATION_NONE,
    signs: "Sequence[language_pb2.FrustrationSign.ValueType]" = (),
) -> nlu_service_pb2.Understanding:
    """Returns an understanding, its intents scored downwards from 0.9."""
    return nlu_service_pb2.Understanding(
        language=language,
        language_confidence=0.9,
        keywords=keywords,
        intents=[
            language_pb2.ScoredIntent(name=name, score=0.9 - 0.1 * place)
            for place, name in enumerate(intents)
        ],
        verdict=verdict,
        threshold=0.5,
        signals=language_pb2.Signals(
            asks_for_person=asks_for_person,
            question_count=1,
            character_count=10,
            frustration=frustration,
            frustration_signs=signs,
        ),
        embedding=language_pb2.Embedding(fingerprint="fake", values=[1.0, 0.0]),
        model_version="model-7",
        calibration_version="calibration-3",
    )


class FakeNlu(nlu_service_pb2_grpc.NluServiceServicer):
    """Answers with `said[text]`, or with `otherwise`.

    Attributes:
        asked: requests in the order in which they came.
        metadata: their metadata.
        gate: while it is not set, answers are held back.
        fails: codes of the next answers, which are refusals.
    """

    def __init__(self) -> None:
        self.said: dict[str, nlu_service_pb2.Understanding] = {}
        self.otherwise = understanding()
        self.asked: list[nlu_service_pb2.AnalyzeRequest] = []
        self.metadata: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: list[grpc.StatusCode] = []

    async def Analyze(
        self, request: nlu_service_pb2.AnalyzeRequest, context: Any
    ) -> nlu_service_pb2.AnalyzeResponse:
        self.asked.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        await self.gate.wait()
        if self.fails:
            # A badly mannered service repeats what it was asked, which the gateway must not hand on.
            await context.abort(self.fails.pop(0), f"refused: {request.text}")
        return nlu_service_pb2.AnalyzeResponse(understanding=self.said.get(request.text, self.otherwise))

    def add(self, server: grpc.aio.Server) -> None:
        nlu_service_pb2_grpc.add_NluServiceServicer_to_server(self, server)
