"""Between lessons, messages and rankings and what `EngineService` says of them; checks every word of the server's. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.api.nlu.v1 import engine_service_pb2 as wire
from balie.nlu.engines.port import Lesson, Message, Ranking
from balie.nlu.engines.remote.errors import Nonsense

if TYPE_CHECKING:
    from numpy.typing import NDArray

MESSAGES = 64
"""Most messages of one call."""
_EXAMPLES = 256
_PART_BYTES = 1 << 20
_ID_CHARACTERS = 128
_STEP_CHARACTERS = 128
_DESCRIPTION_CHARACTERS = 256
_SUM_TOLERANCE = 1e-3
_RANGE_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Description:
    """What a server says of itself; `options` maps each option's name to what it does."""

    name: str
    version: str
    needs_vectors: bool
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model that a server keeps.

    Attributes:
        model_id: names it to the server.
        intents: in the order of its scores.
        description: a sentence for people.
    """

    model_id: str
    intents: tuple[str, ...]
    description: str


def description_from_proto(said: wire.DescribeEngineResponse) -> Description:
    """Returns what a server says of itself."""
    return Description(
        said.name, said.version, said.needs_vectors, {one.name: one.description for one in said.options}
    )


def lesson_to_proto(lesson: Lesson, options: Mapping[str, str]) -> Iterator[wire.TrainEngineRequest]:
    """Yields a lesson in parts: the spec, then the examples, in an order that does not depend on the lesson's."""
    dimensions = 0 if lesson.vectors is None else lesson.vectors.shape[1]
    yield wire.TrainEngineRequest(
        spec=wire.EngineTrainingSpec(
            intents=lesson.intents,
            example_count=len(lesson.examples),
            dimensions=dimensions,
            options=options,
        )
    )
    part, size = wire.EngineExamples(), 0
    for place in sorted(range(len(lesson.examples)), key=lambda place: _order(lesson, place)):
        example = lesson.examples[place]
        one = wire.EngineExample(
            text=example.text,
            language=example.language,
            intent=example.intent,
            vector=() if lesson.vectors is None else lesson.vectors[place].tolist(),
        )
        added = one.ByteSize()
        if part.examples and (len(part.examples) == _EXAMPLES or size + added > _PART_BYTES):
            yield wire.TrainEngineRequest(examples=part)
            part, size = wire.EngineExamples(), 0
        part.examples.append(one)
        size += added
    yield wire.TrainEngineRequest(examples=part)


def _order(lesson: Lesson, place: int) -> tuple[str, str, str]:
    example = lesson.examples[place]
    return example.intent, example.language, example.text


def progress_from_proto(said: wire.EngineProgress) -> tuple[str, float]:
    """Returns what is being done, and how much of the whole is done, [0, 1]; 0 for what is no number."""
    share = said.share if np.isfinite(said.share) else 0.0
    return said.step.strip()[:_STEP_CHARACTERS] or "training", min(max(share, 0.0), 1.0)


def model_from_proto(said: wire.EngineModel, intents: Sequence[str]) -> RemoteModel:
    """Returns the model that was trained.

    Raises:
        Nonsense: it has no usable id, or is about other intents.
    """
    if not 1 <= len(said.model_id) <= _ID_CHARACTERS:
        raise Nonsense(f"the model's id has {len(said.model_id)} characters, must have 1 to {_ID_CHARACTERS}")
    strangers = sorted(set(said.intents) - set(intents))
    missing = sorted(set(intents) - set(said.intents))
    if strangers or missing or len(said.intents) != len(intents):
        raise Nonsense(
            f"the model must be about the {len(intents)} intents of the spec, each once; it is about {len(said.intents)}, "
            f"unknown are {', '.join(strangers[:5]) or 'none'}, missing are {', '.join(missing[:5]) or 'none'}"
        )
    return RemoteModel(said.model_id, tuple(said.intents), said.description[:_DESCRIPTION_CHARACTERS])


def messages_to_proto(model: RemoteModel, messages: Sequence[Message]) -> wire.RankIntentsRequest:
    """Returns the question for the rankings of at most 64 messages."""
    return wire.RankIntentsRequest(
        model_id=model.model_id,
        messages=[
            wire.EngineMessage(
                text=message.text,
                language=message.language,
                vector=() if message.vector is None else message.vector.tolist(),
            )
            for message in messages
        ],
    )


def ranking_from_proto(
    said: wire.RankIntentsResponse, model: RemoteModel, count: int, intents: Sequence[str]
) -> Ranking:
    """Returns the ranking of `count` messages, its scores in the order of `intents`, each row with a sum of 1.

    Raises:
        Nonsense: it is of another model, has another shape, or holds what are no probabilities.
    """
    if said.model_id != model.model_id:
        raise Nonsense("another model ranked than was asked")
    if len(said.rankings) != count:
        raise Nonsense(f"{count} messages have {len(said.rankings)} rankings")
    for one in said.rankings:
        if len(one.scores) != len(model.intents):
            raise Nonsense(f"a ranking of {len(model.intents)} intents has {len(one.scores)} scores")
    scores = _shares("scores", np.array([one.scores for one in said.rankings], np.float64))
    sums = scores.sum(axis=1, keepdims=True)
    if np.abs(sums - 1.0).max() > _SUM_TOLERANCE:
        raise Nonsense("the scores of a message do not sum to 1")
    columns = {name: place for place, name in enumerate(model.intents)}
    ordered = (scores / sums)[:, [columns[name] for name in intents]]
    return Ranking(ordered.astype(np.float32), _out_of_scope(said))


def _out_of_scope(said: wire.RankIntentsResponse) -> "NDArray[np.float32] | None":
    told = [one.out_of_scope for one in said.rankings if one.HasField("out_of_scope")]
    if not told:
        return None
    if len(told) < len(said.rankings):
        raise Nonsense("out_of_scope is told of some messages and not of others")
    return _shares("out_of_scope", np.array(told, np.float64)).astype(np.float32)


def _shares(name: str, found: "NDArray[np.float64]") -> "NDArray[np.float64]":
    if not np.isfinite(found).all():
        raise Nonsense(f"{name} holds what is no number")
    if found.min() < -_RANGE_TOLERANCE or found.max() > 1.0 + _RANGE_TOLERANCE:
        raise Nonsense(f"{name} holds what is not in [0, 1]")
    return found.clip(0.0, 1.0)
