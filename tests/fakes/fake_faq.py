"""An FAQ that finds what a test tells it to, served by a real server."""

# ruff: noqa: N802  RPC names are PascalCase

from typing import Any

import grpc

from balie.api.faq.v1 import entry_pb2, faq_service_pb2, faq_service_pb2_grpc

THRESHOLD = 0.8


class FakeFaq(faq_service_pb2_grpc.FaqServiceServicer):
    """Knows entries by id, and finds for a text those that `finds[text]` names with their scores.

    Attributes:
        entries: question and answer by entry id; told in Dutch whatever language is asked for.
        asked: requests in the order in which they came.
        metadata: what came with each.
        fails: codes of the next answers, which are refusals.
    """

    def __init__(self) -> None:
        self.entries: dict[str, tuple[str, str]] = {}
        self.finds: dict[str, list[tuple[str, float]]] = {}
        self.asked: list[faq_service_pb2.SearchAnswersRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.fails: list[grpc.StatusCode] = []
        self._searches = 0

    async def SearchAnswers(
        self, request: faq_service_pb2.SearchAnswersRequest, context: Any
    ) -> faq_service_pb2.SearchAnswersResponse:
        self.asked.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if self.fails:
            await context.abort(self.fails.pop(0), "as the test says")
        self._searches += 1  # an answer's id is unique for each search, as the contract says
        answers = [
            self._answer(entry_id, 1.0, entry_pb2.ANSWER_SOURCE_PINNED)
            for entry_id in request.entry_ids
            if entry_id in self.entries
        ]
        pinned = set(request.entry_ids)
        answers += [
            self._answer(entry_id, score, entry_pb2.ANSWER_SOURCE_RANKED)
            for entry_id, score in self.finds.get(request.text, [])
            if entry_id not in pinned
        ]
        return faq_service_pb2.SearchAnswersResponse(
            answers=answers,
            no_answer_reason=self._why_not(answers),
            threshold=THRESHOLD,
            index_generation=12,
            encoder_fingerprint="fake",
            calibration_version="calibration-1",
        )

    def _answer(
        self, entry_id: str, score: float, source: "entry_pb2.AnswerSource.ValueType"
    ) -> entry_pb2.Answer:
        question, answer = self.entries[entry_id]
        return entry_pb2.Answer(
            answer_id=f"{entry_id}-search-{self._searches}",
            entry_id=entry_id,
            language="nl",
            question=question,
            answer=answer,
            score=score,
            above_threshold=score >= THRESHOLD,
            source=source,
        )

    def _why_not(self, answers: list[entry_pb2.Answer]) -> "faq_service_pb2.NoAnswerReason.ValueType":
        if answers and answers[0].above_threshold:
            return faq_service_pb2.NO_ANSWER_REASON_UNSPECIFIED
        if len(answers) > 1 and sum(answer.score for answer in answers) >= THRESHOLD:
            return faq_service_pb2.NO_ANSWER_REASON_AMBIGUOUS
        return faq_service_pb2.NO_ANSWER_REASON_BELOW_THRESHOLD

    def add(self, server: grpc.aio.Server) -> None:
        faq_service_pb2_grpc.add_FaqServiceServicer_to_server(self, server)
