"""The NLU service's servicers: convert in, call the domain, convert out."""

from typing import TYPE_CHECKING, Any

from balie.api.nlu.v1 import (
    encoder_service_pb2,
    encoder_service_pb2_grpc,
    nlu_service_pb2,
    nlu_service_pb2_grpc,
)
from balie.kit import call
from balie.nlu import convert

if TYPE_CHECKING:
    from balie.nlu.analyzer import Analyzer
    from balie.nlu.encoding import Encoding


class NluService(nlu_service_pb2_grpc.NluServiceServicer):
    """Translates between the contract and the analyzer."""

    def __init__(self, analyzer: "Analyzer") -> None:
        self._analyzer = analyzer

    async def Analyze(
        self, request: nlu_service_pb2.AnalyzeRequest, context: Any
    ) -> nlu_service_pb2.AnalyzeResponse:
        """Understands one message."""
        utterance = convert.utterance_from_proto(request)
        (understanding,) = await self._analyzer.analyze(call.caller().tenant, [utterance])
        call.log(language=understanding.detection.language, verdict=understanding.verdict.name)
        return nlu_service_pb2.AnalyzeResponse(understanding=convert.understanding_to_proto(understanding))

    async def BatchAnalyze(
        self, request: nlu_service_pb2.BatchAnalyzeRequest, context: Any
    ) -> nlu_service_pb2.BatchAnalyzeResponse:
        """Understands several messages."""
        utterances = convert.utterances_from_proto(request)
        call.log(items=len(utterances))
        understandings = await self._analyzer.analyze(call.caller().tenant, utterances)
        return nlu_service_pb2.BatchAnalyzeResponse(
            understandings=map(convert.understanding_to_proto, understandings)
        )


class EncoderService(encoder_service_pb2_grpc.EncoderServiceServicer):
    """Translates between the contract and the encoder."""

    def __init__(self, encoding: "Encoding") -> None:
        self._encoding = encoding

    async def Encode(
        self, request: encoder_service_pb2.EncodeRequest, context: Any
    ) -> encoder_service_pb2.EncodeResponse:
        """Encodes texts."""
        texts = convert.texts_from_proto(request)
        call.log(texts=len(texts))
        encoded = await self._encoding.encode(texts, convert.expected_fingerprint(request))
        return convert.encoded_to_proto(encoded)
