"""`balie route check`, `show` and `explain`: a policy, and what it made of a turn."""

import json
from pathlib import Path

import grpc
from google.protobuf import json_format
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import router_service_pb2 as router
from balie.cli.console import console, explain_failure, fail, printable
from balie.cli.explain import reason_words
from balie.client import Balie
from balie.handoff.routing import policy_file
from balie.handoff.routing.policy_file import PolicyFile, Rule
from balie.kit.strict_yaml import FileMistake

_CALL_SECONDS = 30.0


def read_policy(file: Path) -> tuple[PolicyFile, bytes]:
    """Returns a policy's file; ends the command with the mistake and its line when it cannot be used."""
    try:
        return policy_file.load(file)
    except FileMistake as mistake:
        fail(str(mistake), "docs/routing.md has every key; `balie route show` prints a policy to begin with.")


def run_check(file: Path) -> None:
    """Prints what a policy says, in its order."""
    policy, content = read_policy(file)
    table = Table(box=None, padding=(0, 2), show_header=False)
    for number, rule in enumerate(policy.rules, start=1):
        table.add_row(
            f"{number}.", Text(rule.title, style="bold"), Text(_conditions(rule)), Text(_action(rule))
        )
    console.print(table)
    for name, guard in policy.guards:
        told = "off" if guard is None else ", ".join(f"{key} {value}" for key, value in guard)
        console.print(Text(f"guard {name}: {told}", style="dim"))
    console.print(f"{len(policy.rules)} rules; decisions will name {policy_file.version_of(policy, content)}")


def _conditions(rule: Rule) -> str:
    told = []
    for word, condition in (("when", rule.when), ("unless", rule.unless)):
        if condition is not None:
            held = condition.model_dump(exclude_unset=True, mode="json", by_alias=True)
            told.append(f"{word} {', '.join(f'{name} {_plain(value)}' for name, value in held.items())}")
    return " ".join(told)


def _plain(value: object) -> str:
    """Returns a value as a person would write it: `tier gold or platinum`."""
    if isinstance(value, list):
        return " or ".join(map(_plain, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(one)}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).removesuffix(":00") if isinstance(value, str) else str(value)


def _action(rule: Rule) -> str:
    if rule.escalate is not None:
        return f"→ a person, queue {rule.escalate.queue or 'by default'}, priority {rule.escalate.priority}"
    if rule.answer is not None:
        return f"→ reply {rule.answer.reply}"
    return "→ ask what was meant" if rule.clarify else "step"


async def run_show(address: str, version: str) -> None:
    """Prints a policy as the file it came from."""
    async with Balie(handoff=address) as client:
        try:
            reply = await client.router.GetPolicy(
                router.GetPolicyRequest(policy_version=version), timeout=_CALL_SECONDS
            )
        except grpc.RpcError as error:
            explain_failure(error, address)
    console.print(Text(f"# {reply.policy_version}", style="dim"))
    console.print(reply.policy_yaml.decode(), markup=False, soft_wrap=True, end="")


async def run_explain(address: str, turn: str, policy: Path | None, version: str, *, as_json: bool) -> None:
    """Prints a decision made again."""
    request = router.ExplainRequest(turn_id=turn)
    if policy is not None:
        request.policy_yaml = read_policy(policy)[1]
    elif version:
        request.policy_version = version
    async with Balie(handoff=address) as client:
        try:
            reply = await client.router.Explain(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            explain_failure(error, address)
    if as_json:
        told = json_format.MessageToDict(reply, preserving_proto_field_name=True)
        console.print_json(json.dumps(told))
        return
    then, now = reply.turn.decision, reply.decision
    table = Table(box=None, padding=(0, 1), show_header=False)
    for rule in reply.rules:
        sign, style = ("●", "bold") if rule.decided else ("○", "dim")
        table.add_row(
            Text(sign, style=style), Text(rule.rule, style=style), Text(printable(rule.why), style=style)
        )
    console.print(Panel(table, title=f"turn {turn}", title_align="left", border_style="dim"))
    console.print(Text(f"then  {then.policy_version}: {in_words(then)}"))
    style = "yellow" if reply.differs else "green"
    console.print(Text(f"now   {now.policy_version}: {in_words(now)}", style=style))


def in_words(decision: handoff_pb2.Decision) -> str:
    """Returns a decision in a line: what is done, and why."""
    kind = handoff_pb2.DecisionKind.Name(decision.kind).removeprefix("DECISION_KIND_").lower()
    told = [kind]
    if decision.answer.answer_id or decision.answer.reply:
        told.append(decision.answer.reply or _answer(decision.answer.answer_id))
    if decision.options:
        told.append(f"{len(decision.options)} options")
    if decision.queue_id:
        told.append(f"queue {decision.queue_id}")
    if decision.silent:
        told.append("silent")
    reasons = ", ".join(reason_words(reason) for reason in decision.reasons)
    return printable(f"{', '.join(told)} ({reasons})")


def _answer(answer_id: str) -> str:
    shown = 12
    return answer_id if len(answer_id) <= shown else f"{answer_id[:shown]}…"
