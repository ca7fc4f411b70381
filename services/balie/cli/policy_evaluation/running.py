"""Runs an evaluation of the whole policy from files: reads, trains, works every message out, and measures."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from balie.cli.policy_evaluation.desk import IntentDesk
from balie.cli.policy_evaluation.figures import Share, Why, in_traffic, reasons, shares
from balie.cli.policy_evaluation.model import serving, trained
from balie.cli.policy_evaluation.turns import Judged, TurnRunner
from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.layers import LayeredEncoder
from balie.gateway.said import DecisionKind
from balie.handoff.routing.policy import Policy
from balie.nlu.examples import Example, Examples
from balie.nlu.jobs import Task
from balie.nlu.training_data import read_examples, read_messages

if TYPE_CHECKING:
    from balie.nlu.artifacts import Artifact
    from balie.nlu.engines.port import Progress

SCOPES = ("in_scope", "out_of_scope", "all")


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated.

    Attributes:
        train: files of examples to learn from.
        test: files of messages to work out.
        task: how to train; its languages are those of the files that count.
        policy: decides.
        language: that of messages whose file does not say it; otherwise it is told from their words.
        oos_labels: what is called out of scope in the files, beside `oos`; None for what the format usually calls it.
        cache: folder that trained models are kept in; None keeps none.
    """

    train: Sequence[Path]
    test: Sequence[Path]
    task: Task
    policy: Policy
    language: str = ""
    oos_labels: Sequence[str] | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class Evaluation:
    """What a policy is worth.

    Attributes:
        turns: what became of each message.
        shares: the figures, by scope (`in_scope`, `out_of_scope`, `all`) and name.
        in_traffic: the figures for traffic with the stated share out of scope; empty when none is stated, or no message
            is in scope, or none out of it.
        reasons: what was decided why.
        expected_out_of_scope: the stated share.
        policy_version: the policy that decided.
        model_version: the model that messages were understood with.
        threshold: least score of a match.
        examples: how many were learned from.
        notes: what was left out of the files.
    """

    turns: Sequence[Judged]
    shares: Mapping[str, Mapping[str, Share]]
    in_traffic: Mapping[str, float | None]
    reasons: Sequence[Why]
    expected_out_of_scope: float | None
    policy_version: str
    model_version: str
    threshold: float
    examples: int
    notes: Sequence[str]

    @property
    def wrong(self) -> list[Judged]:
        """Returns the messages that were answered wrongly."""
        return [one for one in self.turns if one.kind is DecisionKind.ANSWER and not one.is_right]

    @property
    def person_requests(self) -> list[Judged]:
        """Returns the messages that were heard to ask for a person."""
        return [one for one in self.turns if one.asks_for_person]

    def count(self, scope: str) -> int:
        """Returns how many messages are of a scope."""
        return self.shares[scope]["answered"].total

    def as_dict(self) -> dict[str, object]:
        """Returns all in values that JSON has; of the messages, those that went wrong."""
        return {
            **{scope: _told(self.count(scope), self.shares[scope]) for scope in SCOPES},
            "in_traffic": dict(self.in_traffic) or None,
            "expected_out_of_scope": self.expected_out_of_scope,
            "reasons": [{**asdict(one), "kind": one.kind.name} for one in self.reasons],
            "wrong": [
                {"text": one.message.text, "label": one.message.intent, "answered": one.intent}
                for one in self.wrong
            ],
            "person_requests": [
                {"text": one.message.text, "label": one.message.intent} for one in self.person_requests
            ],
            "policy_version": self.policy_version,
            "model_version": self.model_version,
            "threshold": self.threshold,
            "examples": self.examples,
            "notes": list(self.notes),
        }


def _told(messages: int, found: Mapping[str, Share]) -> dict[str, object]:
    return {
        "messages": messages,
        **{name: one.value for name, one in found.items()},
        "intervals": {
            name: [one.interval.low, one.interval.high] for name, one in found.items() if one.total
        },
    }


def run(plan: Plan, settings: EncoderSettings, progress: "Progress") -> Evaluation:
    """Returns what a policy is worth.

    Args:
        plan: what is evaluated.
        settings: how to open the encoder.
        progress: is told the step and the share that is done, in [0, 1].

    Raises:
        DataFileWrong: a file cannot be read, something in it makes no sense, or there is too little to learn from.
        TrainingFailed: the engine cannot learn from the examples.
        EncoderUnavailable: the encoder cannot be loaded.
        OSError: the folder of models cannot be written.
    """
    progress("reading the files", 0.0)
    languages = plan.task.languages
    read = partial(read_examples, languages=languages, language=plan.language, oos_labels=plan.oos_labels)
    train = read(plan.train)
    test = read_messages(plan.test, languages, language=plan.language, oos_labels=plan.oos_labels)
    encoder = LayeredEncoder(open_encoder(settings))
    with TemporaryDirectory(prefix="balie-policy-") as work:
        home = plan.cache or Path(work)
        artifact = trained(plan.task, train, encoder, settings, home, _part(progress, 0.0, 0.8))
        with closing(artifact):
            deciding = _decided(plan, artifact, encoder, settings, test.items, _part(progress, 0.8, 1.0))
            turns = asyncio.run(deciding)
    return _measured(plan, artifact, train, turns, [str(note) for one in (train, test) for note in one.notes])


async def _decided(
    plan: Plan,
    artifact: "Artifact",
    encoder: LayeredEncoder,
    settings: EncoderSettings,
    messages: Sequence[Example],
    progress: "Progress",
) -> list[Judged]:
    languages = plan.task.languages
    desk = IntentDesk(artifact.manifest.intents, languages)
    async with serving(artifact, encoder, settings, languages) as understander:
        return await TurnRunner(desk, understander, plan.policy, languages).run(messages, progress)


def _measured(
    plan: Plan, artifact: "Artifact", train: Examples, turns: Sequence[Judged], notes: Sequence[str]
) -> Evaluation:
    inside = [one for one in turns if one.in_scope]
    outside = [one for one in turns if not one.in_scope]
    share = plan.task.promise.expected_out_of_scope
    return Evaluation(
        turns=turns,
        shares=dict(zip(SCOPES, map(shares, (inside, outside, turns)), strict=True)),
        in_traffic=in_traffic(inside, outside, share) if share and inside and outside else {},
        reasons=reasons(turns),
        expected_out_of_scope=share,
        policy_version=plan.policy.version,
        model_version=artifact.version,
        threshold=artifact.thresholds.match,
        examples=len(train.items),
        notes=notes,
    )


def _part(progress: "Progress", start: float, end: float) -> "Progress":
    return lambda step, share: progress(step, start + (end - start) * min(max(share, 0.0), 1.0))
