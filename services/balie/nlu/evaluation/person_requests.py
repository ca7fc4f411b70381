"""How well requests for a person are heard, on labelled messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from balie.calibration import Interval, by_class, wilson
from balie.nlu.evaluation.row_fields import shown_file
from balie.nlu.examples import Example
from balie.nlu.signals import SignalReader

_OTHER, _REQUEST = 0, 1


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """What hearing requests is worth on some messages.

    Attributes:
        requests: messages that are requests for a person.
        others: messages that are none.
        precision: the share of what was heard as a request that is one, [0, 1]; 0 when nothing was.
        recall: the share of requests that was heard, [0, 1]; 0 when there are none.
        f1: their harmonic mean, [0, 1].
        false_alarm_rate: the share of others that was heard as a request, [0, 1]; 0 when there are none.
        precision_interval: of the precision, at 95 % confidence.
        recall_interval: of the recall, at 95 % confidence.
    """

    requests: int
    others: int
    precision: float
    recall: float
    f1: float
    false_alarm_rate: float
    precision_interval: Interval
    recall_interval: Interval


@dataclass(frozen=True, slots=True)
class MeasuredRequests:
    """The figures, and what they were made of.

    Attributes:
        all: on all messages.
        by_language: on those of each language, by its tag.
        by_file: on those of each file, by its name and its folder's.
        by_value: on those whose rows say the same of something, by what they say; empty unless it was asked for.
        missed: requests that were not heard.
        false_alarms: others that were heard as requests.
    """

    all: RequestFigures
    by_language: dict[str, RequestFigures]
    by_file: dict[str, RequestFigures]
    by_value: dict[str, RequestFigures]
    missed: Sequence[str]
    false_alarms: Sequence[str]


def measure_requests(
    examples: Sequence[Example],
    reader: SignalReader,
    *,
    label: str = "human",
    values: Sequence[str] = (),
) -> MeasuredRequests:
    """Returns how well requests are heard.

    Args:
        examples: labelled messages, at least one.
        reader: the service's own.
        label: that of requests for a person; all others are none.
        values: what each row says of something that figures are told apart by; none when they are not.
    """
    truth = [example.intent == label for example in examples]
    heard = [reader.read(example.text).asks_for_person for example in examples]
    told = list(zip(examples, truth, heard, strict=True))
    return MeasuredRequests(
        all=_figures(truth, heard),
        by_language=_parted([one.language for one in examples], truth, heard),
        by_file=_parted([shown_file(one.file) for one in examples], truth, heard),
        by_value=_parted(values, truth, heard) if values else {},
        missed=[example.text for example, true, said in told if true and not said],
        false_alarms=[example.text for example, true, said in told if said and not true],
    )


def _parted(keys: Sequence[str], truth: Sequence[bool], heard: Sequence[bool]) -> dict[str, RequestFigures]:
    """Returns the figures of the messages of each key."""
    parts: dict[str, tuple[list[bool], list[bool]]] = {}
    for key, true, said in zip(keys, truth, heard, strict=True):
        both = parts.setdefault(key, ([], []))
        both[0].append(true)
        both[1].append(said)
    return {key: _figures(*parts[key]) for key in sorted(parts)}


def _figures(truth: Sequence[bool], heard: Sequence[bool]) -> RequestFigures:
    found = by_class(truth, heard, 2)
    others, requests = (int(count) for count in found.support)
    hits = sum(true and said for true, said in zip(truth, heard, strict=True))
    alarms = int(found.predicted[_REQUEST])
    return RequestFigures(
        requests=requests,
        others=others,
        precision=float(found.precision[_REQUEST]),
        recall=float(found.recall[_REQUEST]),
        f1=float(found.f1[_REQUEST]),
        false_alarm_rate=(alarms - hits) / max(1, others),
        precision_interval=wilson(hits, alarms),
        recall_interval=wilson(hits, requests),
    )
