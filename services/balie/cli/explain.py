"""A turn, explained for people: what was understood, what was found, what was decided and why, and how long it took."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from balie.api.common.v1 import language_pb2
from balie.api.faq.v1 import faq_service_pb2
from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import handoff_pb2

_SHOWN = 5


def kind(turn: resources.Turn) -> str:
    """Returns the decision in one lower-case word, `undecided` when there is none."""
    if not turn.HasField("decision"):
        return "undecided"
    return handoff_pb2.DecisionKind.Name(turn.decision.kind).removeprefix("DECISION_KIND_").lower()


def because(turn: resources.Turn) -> str:
    """Returns the decision's reasons in a line, such as `faq answer dogs-on-board 0.81 ≥ 0.62`."""
    return ", ".join(reason_words(reason) for reason in turn.decision.reasons)


def answered_entry(turn: resources.Turn) -> str:
    """Returns the id of the FAQ entry that the decision answers with; empty when it is none."""
    wanted = turn.decision.answer.answer_id
    return next((answer.entry_id for answer in turn.answers if wanted and answer.answer_id == wanted), "")


def explained(turn: resources.Turn) -> RenderableType:
    """Returns a panel that explains a turn."""
    parts: list[RenderableType] = [_understanding(turn), _answers(turn), _decision(turn), _timings(turn)]
    return Panel(Group(*parts), title=f"turn {turn.id}", title_align="left", border_style="dim")


def _understanding(turn: resources.Turn) -> RenderableType:
    if not turn.HasField("understanding"):
        return Text("understood    nothing: NLU did not answer", style="yellow")
    heard = turn.understanding
    verdict = language_pb2.Verdict.Name(heard.verdict).removeprefix("VERDICT_")
    lines = [
        f"understood    {heard.language} ({heard.language_confidence:.2f}), {verdict}, threshold {heard.threshold:.2f}"
    ]
    intents = ", ".join(f"{intent.name} {intent.score:.2f}" for intent in heard.intents[:_SHOWN])
    lines.append(f"intents       {intents or 'none'}")
    if heard.keywords:
        found = ", ".join(f"{word.keyword_id} → {_target(word)}" for word in heard.keywords[:_SHOWN])
        lines.append(f"keywords      {found}")
    if told := _signals(heard.signals):
        lines.append(f"signals       {told}")
    return Text("\n".join(lines))


def _signals(signals: language_pb2.Signals) -> str:
    """Returns what of the signals is out of the ordinary, in words; empty when nothing is."""
    told = ["asks for a person"] if signals.asks_for_person else []
    if signals.frustration >= language_pb2.FRUSTRATION_MILD:
        level = language_pb2.Frustration.Name(signals.frustration).removeprefix("FRUSTRATION_").lower()
        names = (language_pb2.FrustrationSign.Name(sign) for sign in signals.frustration_signs)
        signs = ", ".join(name.removeprefix("FRUSTRATION_SIGN_").replace("_", " ").lower() for name in names)
        told.append(f"{level} frustration{f' ({signs})' if signs else ''}")
    if signals.question_count > 1:
        told.append(f"{signals.question_count} questions")
    return ", ".join(told)


def _target(word: language_pb2.KeywordMatch) -> str:
    return str(getattr(word, word.WhichOneof("target") or "value"))


def _answers(turn: resources.Turn) -> RenderableType:
    if not turn.answers:
        reason = faq_service_pb2.NoAnswerReason.Name(turn.no_answer_reason).removeprefix("NO_ANSWER_REASON_")
        return Text(f"found         nothing ({reason.lower()})")
    table = Table(box=None, padding=(0, 1), show_header=False)
    for number, answer in enumerate(turn.answers[:_SHOWN]):
        mark = "✓" if answer.above_threshold else " "
        table.add_row(
            "found        " if number == 0 else "",
            f"{answer.score:.2f} {mark}",
            answer.entry_id,
            answer.question,
        )
    return table


def _decision(turn: resources.Turn) -> RenderableType:
    line = Text("decided       ")
    line.append(kind(turn).upper(), style="bold")
    line.append(f"  because {because(turn)}" if turn.decision.reasons else "")
    if turn.decision.queue_id:
        line.append(f"  in queue {turn.decision.queue_id}")
    return line


def reason_words(reason: handoff_pb2.Reason) -> str:
    """Returns a reason in words, such as `faq answer dogs-on-board 0.81 ≥ 0.62`."""
    words = handoff_pb2.ReasonCode.Name(reason.code).removeprefix("REASON_CODE_").replace("_", " ").lower()
    subject = f" {reason.subject}" if reason.subject else ""
    score = f" {reason.score:.2f}" if reason.HasField("score") else ""
    if reason.HasField("score") and reason.HasField("threshold"):
        score += f" {'≥' if reason.score >= reason.threshold else '<'} {reason.threshold:.2f}"
    return words + subject + score


def _timings(turn: resources.Turn) -> RenderableType:
    stages = "  ".join(
        f"{timing.stage} {timing.duration.ToNanoseconds() / 1e6:.1f} ms{'' if timing.ok else ' (failed)'}"
        for timing in turn.timings
    )
    versions = turn.versions
    names = (
        f"model {versions.model or '-'}, index {versions.index_generation}, policy {versions.policy or '-'}"
    )
    return Text(f"took          {stages}\nversions      {names}", style="dim")
