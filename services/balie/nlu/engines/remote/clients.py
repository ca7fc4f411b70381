"""Calls `EngineService`, and translates how calls fail; blocking, for several threads at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc

from balie.api.nlu.v1 import engine_service_pb2 as wire
from balie.api.nlu.v1 import engine_service_pb2_grpc
from balie.client import sync_channel
from balie.nlu.engines.port import Lesson, Message, OptionWrong, Progress, Ranking
from balie.nlu.engines.remote import convert
from balie.nlu.engines.remote.convert import Description, RemoteModel
from balie.nlu.engines.remote.errors import CallFailed, Nonsense
from balie.nlu.engines.remote.options import NAME, RemoteOptions

_SERVICE = wire.DESCRIPTOR.services_by_name["EngineService"]
_ASKING_SECONDS = 10.0
"""Time to describe an engine, or to delete a model."""
_REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
}
_SENTENCE_CHARACTERS = 512


class EngineClient:
    """Asks one server.

    Args:
        options: where it is and how to reach it.

    Raises:
        OptionWrong: a file of keys cannot be read.
    """

    def __init__(self, options: RemoteOptions) -> None:
        self.address = options.address
        self._timeout_seconds = options.timeout_ms / 1000
        self._train_timeout_seconds = float(options.train_timeout_s)
        self._channel = sync_channel(options.address, services=[_SERVICE], credentials=_credentials(options))
        self._stub: Any = engine_service_pb2_grpc.EngineServiceStub(self._channel)

    def close(self) -> None:
        """Closes the line; calls under way end at once."""
        self._channel.close()

    def describe(self) -> Description:
        """Returns what the server says of itself.

        Raises:
            CallFailed: it does not answer.
        """
        said = self._asked(self._stub.DescribeEngine, wire.DescribeEngineRequest(), _ASKING_SECONDS)
        return convert.description_from_proto(said)

    def train(self, lesson: Lesson, options: Mapping[str, str], progress: Progress) -> RemoteModel:
        """Returns the model that the server makes of a lesson.

        Raises:
            CallFailed: it refuses, goes away, or ends without a model.
        """
        model: wire.EngineModel | None = None
        stream = self._stub.TrainEngine(
            convert.lesson_to_proto(lesson, options), timeout=self._train_timeout_seconds
        )
        try:
            for said in stream:
                if said.WhichOneof("part") == "model":
                    model = said.model
                elif model is None:
                    progress(*convert.progress_from_proto(said.progress))
        except grpc.RpcError as error:
            raise _failed(error) from None
        finally:
            stream.cancel()
        if model is None:
            raise Nonsense("training ended without a model")
        return convert.model_from_proto(model, lesson.intents)

    def rank(self, model: RemoteModel, messages: Sequence[Message], intents: Sequence[str]) -> Ranking:
        """Returns the ranking of at most 64 messages, its scores in the order of `intents`.

        Raises:
            CallFailed: the server does not answer in time, or answers nonsense.
        """
        said = self._asked(
            self._stub.RankIntents, convert.messages_to_proto(model, messages), self._timeout_seconds
        )
        return convert.ranking_from_proto(said, model, len(messages), intents)

    def delete(self, model: RemoteModel) -> None:
        """Deletes a model.

        Raises:
            CallFailed: the server does not answer.
        """
        request = wire.DeleteEngineModelRequest(model_id=model.model_id)
        self._asked(self._stub.DeleteEngineModel, request, _ASKING_SECONDS)

    def _asked(self, method: Any, request: Any, timeout_seconds: float) -> Any:
        try:
            return method(request, timeout=timeout_seconds)
        except grpc.RpcError as error:
            raise _failed(error) from None
        except ValueError as error:  # gRPC's way to say that the channel was closed meanwhile
            raise CallFailed(f"cannot be asked: {error}") from None


def _failed(error: Any) -> CallFailed:
    """Returns what a failed call means."""
    code: grpc.StatusCode = error.code()
    said = (error.details() or "")[:_SENTENCE_CHARACTERS]
    match code:
        case grpc.StatusCode.UNAVAILABLE:
            return CallFailed("does not answer (UNAVAILABLE)", said=said)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return CallFailed("does not answer in time (DEADLINE_EXCEEDED)", said=said)
        case grpc.StatusCode.UNIMPLEMENTED:
            return CallFailed(
                "is no EngineService, or an older one (UNIMPLEMENTED)", said=said, is_refusal=True
            )
        case grpc.StatusCode.NOT_FOUND:
            return CallFailed("has no such model (NOT_FOUND): train it again", said=said)
    is_refusal = code in _REFUSALS
    return CallFailed(f"refuses ({code.name})", said=said, is_away=not is_refusal, is_refusal=is_refusal)


def _credentials(options: RemoteOptions) -> grpc.ChannelCredentials | None:
    if not options.tls:
        return None
    line = grpc.ssl_channel_credentials(
        root_certificates=_bytes("ca_file", options.ca_file),
        private_key=_bytes("key_file", options.key_file),
        certificate_chain=_bytes("cert_file", options.cert_file),
    )
    token = _bytes("token_file", options.token_file)
    if token is None:
        return line
    return grpc.composite_channel_credentials(
        line, grpc.access_token_call_credentials(token.decode("ascii", "replace").strip())
    )


def _bytes(option: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise OptionWrong(NAME, option, f"names {path}, which cannot be read: {error.strerror}") from None
