"""The codec of the topic `models`."""

from balie.api.nlu.v1 import model_event_pb2, model_pb2
from balie.nlu.models.domain import ModelChange, ModelState


def encode(change: ModelChange) -> bytes:
    """Returns the payload that tells of a change."""
    event = model_event_pb2.ModelEvent(
        version=change.version,
        state=model_pb2.ModelState.ValueType(change.state.value),
        activated=change.activated,
        deleted=change.deleted,
    )
    return event.SerializeToString(deterministic=True)


def decode(payload: bytes) -> ModelChange:
    """Returns the change that a payload tells of."""
    event = model_event_pb2.ModelEvent.FromString(payload)
    return ModelChange(
        version=event.version,
        state=ModelState(event.state),
        activated=event.activated,
        deleted=event.deleted,
    )
