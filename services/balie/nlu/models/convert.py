"""Between the contract of model work and the domain; checks every documented bound on the way in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.kit import bounds
from balie.kit.errors import FieldMalformed, FieldOutOfRange, TooManyItems
from balie.nlu.artifacts import VERSION_CHARACTERS
from balie.nlu.calibrating import Promise
from balie.nlu.examples import Example
from balie.nlu.jobs import Task
from balie.nlu.models.domain import ListedModel, Model
from balie.nlu.models.errors import StreamOutOfOrder
from balie.nlu.models.evaluating import Evaluation, EvaluationProgress
from balie.nlu.served import SHARED

DISPLAY_NAME_CHARACTERS = 200
ENGINE_CHARACTERS = 64
OPTIONS = 50
OPTION_CHARACTERS = 64
OPTION_VALUE_CHARACTERS = 1024
PART_EXAMPLES = 1000
INTENT_CHARACTERS = 128
TEXT_CHARACTERS = 4096

_VERSION = re.compile(rf"[0-9a-f]{{{VERSION_CHARACTERS}}}")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")
_SHARE_EDGE = 1e-9
"""A share lies this far from 0 and from 1 at least."""


def version(value: str, *, required: bool = True) -> str:
    """Returns a model's version, empty when it may be and is.

    Raises:
        FieldRequired: it is required and empty.
        FieldTooLong: it is longer than a version is.
        FieldMalformed: it is none.
    """
    bounds.text("version", value, VERSION_CHARACTERS, required=required)
    if value and not _VERSION.fullmatch(value):
        raise FieldMalformed("version", expected=f"{VERSION_CHARACTERS} hexadecimal digits")
    return value


def training_header(part: model_service_pb2.TrainModelRequest | None) -> model_service_pb2.TrainingHeader:
    """Returns the header of a training.

    Raises:
        StreamOutOfOrder: the stream begins with something else, or holds nothing.
    """
    if part is None or part.WhichOneof("part") != "header":
        raise StreamOutOfOrder("header")
    return part.header


def evaluation_header(
    part: model_service_pb2.EvaluateModelRequest | None,
) -> model_service_pb2.EvaluationHeader:
    """Returns the header of an evaluation.

    Raises:
        StreamOutOfOrder: the stream begins with something else, or holds nothing.
    """
    if part is None or part.WhichOneof("part") != "header":
        raise StreamOutOfOrder("header")
    return part.header


def display_name(value: str) -> str:
    """Returns what people will call a model."""
    return bounds.text("display_name", value, DISPLAY_NAME_CHARACTERS, required=False)


def task_from_proto(spec: model_pb2.TrainingSpec, default: Task) -> Task:
    """Returns how a model is to be trained.

    Args:
        spec: as it came; what it leaves out is the service's own choice.
        default: that choice. Its options are for its engine alone.
    """
    engine = bounds.identifier("spec.engine", spec.engine, required=False, max_characters=ENGINE_CHARACTERS)
    options = _options(spec.engine_options)
    if not engine or (engine == default.engine and not options):
        options = {**default.options, **options}
    return Task(
        engine=engine or default.engine,
        options=options,
        languages=default.languages,
        promise=_promise(spec.promise, default.promise),
    )


def _options(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > OPTIONS:
        raise TooManyItems("spec.engine_options", limit=OPTIONS, actual=len(given))
    for name, value in given.items():
        bounds.identifier("spec.engine_options", name, max_characters=OPTION_CHARACTERS)
        bounds.text("spec.engine_options", value, OPTION_VALUE_CHARACTERS, required=False)
    return dict(given)


def _promise(given: model_pb2.Promise, default: Promise) -> Promise:
    return Promise(
        max_wrong=_share("max_wrong", given.max_wrong) if given.HasField("max_wrong") else default.max_wrong,
        max_wrong_choice=_share("max_wrong_choice", given.max_wrong_choice)
        if given.HasField("max_wrong_choice")
        else default.max_wrong_choice,
        delta=_share("delta", given.delta) if given.HasField("delta") else default.delta,
        expected_out_of_scope=_expected(given.expected_out_of_scope)
        if given.HasField("expected_out_of_scope")
        else default.expected_out_of_scope,
    )


def _share(name: str, value: float) -> float:
    field = f"spec.promise.{name}"
    bounds.number(field, value, 0.0, 1.0)
    if not _SHARE_EDGE <= value <= 1.0 - _SHARE_EDGE:
        raise FieldOutOfRange(field, minimum=_SHARE_EDGE, maximum=1.0 - _SHARE_EDGE, actual=value)
    return value


def _expected(value: float) -> float:
    return bounds.number("spec.promise.expected_out_of_scope", value, 0.0, 1.0 - _SHARE_EDGE)


def examples_from_proto(
    part: model_service_pb2.TrainModelRequest | model_service_pb2.EvaluateModelRequest, start: int
) -> list[Example]:
    """Returns the examples of a part.

    Args:
        part: as it came.
        start: how many examples came before it.

    Raises:
        StreamOutOfOrder: it is another header, or nothing.
        TooManyItems: it holds more than 1000.
        FieldRequired, FieldTooLong, FieldMalformed: an example is outside its bounds; named by its number.
    """
    if part.WhichOneof("part") != "examples":
        raise StreamOutOfOrder("examples")
    found = bounds.items("examples", part.examples.examples, PART_EXAMPLES)
    return [_example(f"examples[{start + place}]", example) for place, example in enumerate(found)]


def _example(name: str, example: model_pb2.LabelledExample) -> Example:
    intent = bounds.text(f"{name}.intent", example.intent, INTENT_CHARACTERS)
    if _SPACE.search(intent):
        raise FieldMalformed(f"{name}.intent", expected="a name without spaces")
    return Example(
        intent=intent,
        language=bounds.language(f"{name}.language", example.language),
        text=bounds.text(f"{name}.text", example.text, TEXT_CHARACTERS),
    )


def model_to_proto(listed: ListedModel) -> model_pb2.Model:
    """Returns a model as it is sent."""
    model = listed.model
    message = model_pb2.Model(
        version=model.version,
        display_name=model.display_name,
        state=model_pb2.ModelState.ValueType(model.state.value),
        active=listed.active,
        from_file=model.tenant == SHARED,
        spec=model_pb2.TrainingSpec(
            engine=model.task.engine,
            engine_options=model.task.options,
            promise=model_pb2.Promise(
                max_wrong=model.task.promise.max_wrong,
                max_wrong_choice=model.task.promise.max_wrong_choice,
                delta=model.task.promise.delta,
                expected_out_of_scope=model.task.promise.expected_out_of_scope,
            ),
        ),
        example_count=model.example_count,
        progress=model_pb2.TrainingProgress(step=model.step, share=model.share),
        create_time=_timestamp(model.created_at),
        activate_times=map(_timestamp, listed.activations),
    )
    if model.failure is not None:
        reason = model_pb2.TrainingFailureReason.ValueType(model.failure.reason.value)
        message.failure.CopyFrom(model_pb2.TrainingFailure(reason=reason, message=model.failure.message))
    if model.ended_at is not None:
        message.end_time.CopyFrom(_timestamp(model.ended_at))
    if model.manifest is not None:
        message.facts.CopyFrom(_facts(model))
    return message


def _facts(model: Model) -> model_pb2.ModelFacts:
    manifest = model.manifest
    if manifest is None:
        return model_pb2.ModelFacts()
    return model_pb2.ModelFacts(
        intents=manifest.intents,
        data_fingerprint=manifest.origin.data_fingerprint,
        encoder_fingerprint=manifest.origin.encoder_fingerprint,
        calibration_version=manifest.calibration.version,
        threshold=manifest.calibration.match,
        figures=manifest.figures,
        accuracy_by_language=manifest.accuracy_by_language,
        size_bytes=manifest.size_bytes,
        loaded_bytes=manifest.loaded_bytes,
    )


def evaluation_to_proto(progress: EvaluationProgress) -> model_service_pb2.EvaluateModelResponse:
    """Returns how far an evaluation is, as it is sent."""
    message = model_service_pb2.EvaluateModelResponse(ranked=progress.ranked, total=progress.total)
    if progress.evaluation is not None:
        message.evaluation.CopyFrom(_evaluation(progress.evaluation))
    return message


def _evaluation(evaluation: Evaluation) -> model_service_pb2.Evaluation:
    measured = evaluation.measured
    return model_service_pb2.Evaluation(
        model_version=evaluation.model_version,
        calibration_version=evaluation.calibration_version,
        example_count=evaluation.examples,
        figures={name: value for name, value in measured.figures.items() if value is not None},
        intervals={
            name: model_service_pb2.Interval(low=one.low, high=one.high)
            for name, one in measured.intervals.items()
        },
        intents=[model_service_pb2.IntentFigures(**asdict(one)) for one in measured.per_intent],
        confusions=[model_service_pb2.Confusion(**asdict(one)) for one in measured.confusions],
        languages=[
            model_service_pb2.LanguageFigures(
                language=one.language,
                example_count=one.messages,
                in_scope_accuracy=one.in_scope_accuracy,
                coverage=one.coverage,
                wrong_rate=one.wrong_rate,
            )
            for one in measured.by_language
        ],
        risk_coverage=[model_service_pb2.RiskPoint(**asdict(one)) for one in measured.risk_coverage],
    )


def models_to_proto(
    found: Sequence[ListedModel], next_page_token: str
) -> model_service_pb2.ListModelsResponse:
    """Returns a page of models as it is sent."""
    return model_service_pb2.ListModelsResponse(
        models=map(model_to_proto, found), next_page_token=next_page_token
    )


def _timestamp(moment: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(moment)
    return found
