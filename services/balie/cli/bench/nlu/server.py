"""NLU as `balie up` starts it, alone, with a model that learned what the bench says."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import model_pb2, model_service_pb2, nlu_service_pb2
from balie.cli.bench.nlu.messages import Labelled
from balie.cli.bench.service import serving
from balie.cli.console import explain_failure, fail, printable
from balie.cli.desk import SAMPLE, Desk
from balie.cli.processes import ServiceProcess
from balie.cli.suite import Addresses, service_settings
from balie.client import Balie
from balie.kit.ids import new_id

METHOD = "/balie.api.nlu.v1.NluService/Analyze"

_TRAINING_SECONDS = 3600.0
_ACTIVATION_SECONDS = 60.0
_PART_EXAMPLES = 500
_SAME = 1e-4
"""Scores that differ by less are of the same ranking: the encoder's sums depend a little on what it encodes beside."""


@dataclass(frozen=True)
class Learning:
    """What NLU learns with.

    Attributes:
        encoder: folder that `balie encoder build` wrote.
        engine: its name; empty for the service's choice.
        options: of the engine.
        language: BCP 47 tag of the examples, or empty.
    """

    encoder: Path
    engine: str
    options: Mapping[str, str]
    language: str = "en"


class Server:
    """NLU as a process."""

    def __init__(self, data: Path, encoder: Path) -> None:
        addresses = Addresses.free()
        settings = service_settings(Desk(SAMPLE), data, encoder, addresses)["nlu"]
        # The bench brings its own examples; and what it sends again counts as if it had never been sent.
        del settings["BALIE_NLU_INTENTS_FILE"]
        settings["BALIE_ENCODER_CACHE_TEXTS"] = "0"
        self.address = addresses.nlu
        self._settings = settings
        self._process: ServiceProcess | None = None

    @property
    def pid(self) -> int:
        """Returns the process's id; 0 before it serves."""
        return self._process.pid if self._process else 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        """Runs it for the length of a block; ends the command when it cannot start."""
        async with serving("nlu", self._settings, self.address) as self._process:
            yield self

    async def learn(
        self, learning: Learning, learned: Sequence[Labelled], progress: Callable[[str, float], None]
    ) -> float:
        """Trains and activates a model; returns the seconds that training took."""
        begin = time.perf_counter()
        spec = model_pb2.TrainingSpec(engine=learning.engine, engine_options=dict(learning.options))
        header = model_service_pb2.TrainingHeader(display_name="bench", spec=spec, request_id=new_id())
        requests = [model_service_pb2.TrainModelRequest(header=header)]
        for start in range(0, len(learned), _PART_EXAMPLES):
            part = [
                model_pb2.LabelledExample(intent=row.label or "", text=row.text, language=learning.language)
                for row in learned[start : start + _PART_EXAMPLES]
            ]
            examples = model_service_pb2.ExamplePart(examples=part)
            requests.append(model_service_pb2.TrainModelRequest(examples=examples))
        model = model_pb2.Model()
        async with Balie(nlu=self.address) as client:
            try:
                call = client.models.TrainModel(iter(requests), timeout=_TRAINING_SECONDS)
                async for message in call:
                    model = message.model
                    progress(printable(model.progress.step), model.progress.share)
                seconds = time.perf_counter() - begin
                if model.state != model_pb2.MODEL_STATE_READY:
                    fail(f"The model could not be trained: {printable(model.failure.message)}")
                request = model_service_pb2.ActivateModelRequest(version=model.version, request_id=new_id())
                await client.models.ActivateModel(request, timeout=_ACTIVATION_SECONDS)
            except grpc.RpcError as error:
                explain_failure(error, self.address)
        return seconds


def request(text: str, *, encoded: bool) -> bytes:
    """Returns the bytes of a request; one that asks for the embedding has every message encoded."""
    return nlu_service_pb2.AnalyzeRequest(text=text, want_embedding=encoded).SerializeToString()


def intent_of(reply: bytes) -> str:
    """Returns the intent that a reply ranks first; empty when it ranks none."""
    intents = _intents(reply)
    return intents[0].name if intents else ""


def encoded_share(replies: Mapping[int, bytes], whole: Mapping[int, bytes]) -> float:
    """Returns the share of messages that were encoded, in [0, 1]: whose scores are those of the whole ranking.

    Args:
        replies: to messages that need not be encoded, by number.
        whole: to the same messages, all of them encoded.
    """
    both = replies.keys() & whole.keys()
    return sum(_alike(_intents(replies[one]), _intents(whole[one])) for one in both) / max(1, len(both))


def _alike(some: Sequence[language_pb2.ScoredIntent], others: Sequence[language_pb2.ScoredIntent]) -> bool:
    wanted = {one.name: one.score for one in others}
    return all(abs(one.score - wanted.get(one.name, one.score)) < _SAME for one in some)


def _intents(reply: bytes) -> Sequence[language_pb2.ScoredIntent]:
    return nlu_service_pb2.AnalyzeResponse.FromString(reply).understanding.intents
