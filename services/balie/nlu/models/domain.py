"""The words of model work: what a model is, how far its training is, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from balie.nlu.artifacts import Manifest
from balie.nlu.jobs import Task

Key = tuple[str, str]
"""Tenant and version of a model."""


class ModelState(Enum):
    """What a model is. Its numbers are those of the contract, but for the first, which no caller ever sees."""

    RECEIVING = 0
    TRAINING = 1
    READY = 2
    FAILED = 3


class FailureReason(Enum):
    """Why a training failed. Its numbers are those of the contract."""

    NOTHING_LEARNED = 1
    OPTION_INVALID = 2
    ENGINE_UNAVAILABLE = 3
    ENCODER_UNAVAILABLE = 4
    CANNOT_WRITE = 5
    CRASHED = 6
    ABANDONED = 7
    CANCELLED = 8


@dataclass(frozen=True, slots=True)
class TrainingFailure:
    """Why a training failed, and what people can do about it, in a sentence without any example's text."""

    reason: FailureReason
    message: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model, from the moment its training was asked for.

    Attributes:
        version: names it within its tenant.
        display_name: what people call it; may be empty.
        example_count: what it is or was trained from.
        step: what the training does, or did last.
        share: how much of the training is done, [0, 1].
        failure: only of a failed one.
        manifest: only of a ready one, and None there too when it cannot be read.
        created_at: when its training was asked for.
        ended_at: when it became ready or failed.
    """

    tenant: str
    version: str
    display_name: str
    state: ModelState
    task: Task
    example_count: int
    step: str
    share: float
    failure: TrainingFailure | None
    manifest: Manifest | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def key(self) -> Key:
        """Returns tenant and version."""
        return self.tenant, self.version


@dataclass(frozen=True, slots=True)
class Activation:
    """That a tenant's messages are understood with a model from a moment on.

    Attributes:
        number: 1 for the tenant's first, then one more for each.
    """

    tenant: str
    number: int
    version: str
    activated_at: datetime


@dataclass(frozen=True, slots=True)
class ModelChange:
    """One event of the topic `models`: what became of a model."""

    version: str
    state: ModelState
    activated: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as a tenant sees it.

    Attributes:
        active: whether the tenant's messages are to be understood with it.
        activations: when it was activated, newest first, as far as that is kept.
    """

    model: Model
    active: bool
    activations: Sequence[datetime]
