"""`balie faq review`: what was asked in vain as a table, and what becomes of it."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.table import Table
from rich.text import Text

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.api.faq.v1 import review_service_pb2 as review
from balie.cli.console import console, explain_failure, fail, printable
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
_PAGE = 50
_COUNTS_PAGE = 500
_SHOWN_ID = 8
_EXAMPLE_CHARACTERS = 100
_STATE = "QUESTION_GROUP_STATE_"
_REASON = "QUESTION_REASON_"


@dataclass(frozen=True, slots=True)
class Phrasing:
    """What shall become a phrasing.

    Attributes:
        entry: that gets it.
        question: place among the group's questions, from 1.
        language: empty for the question's.
        text: empty for the question's.
    """

    entry: str
    question: int
    language: str
    text: str


async def run_list(
    address: str, collection: str, states: Sequence[str], *, examples: int, limit: int, as_json: bool
) -> None:
    """Prints the groups that are asked for most."""
    async with _reviewing(address, collection) as (client, name):
        request = review.ListQuestionGroupsRequest(
            collection_id=name, states=map(_state, states), examples=examples, page_size=limit
        )
        page = await client.review.ListQuestionGroups(request, timeout=_CALL_SECONDS)
    if as_json:
        _print_json(page.groups)
        return
    table = _table("group", "asked", "why", "questions", "nearest entries", "last asked")
    table.columns[1].justify = "right"
    for group in page.groups:
        table.add_row(*_row(group))
    if page.groups:
        console.print(table)
    more = ", and more" if page.next_page_token else ""
    console.print(Text(f"{_counted(len(page.groups), 'group')} of {name}{more}", style="dim"))


async def run_add(address: str, collection: str, ending: str, phrasing: Phrasing) -> None:
    """Makes a question of a group a phrasing of an entry."""
    async with _reviewing(address, collection) as (client, name):
        group = await _group(client, name, ending)
        if len(group.examples) < phrasing.question:
            fail(f"The group has no question {phrasing.question}.", "balie faq review list shows them.")
        question = group.examples[phrasing.question - 1]
        request = review.AddPhrasingRequest(
            collection_id=name,
            question_id=question.id,
            entry_id=phrasing.entry,
            language=phrasing.language,
            text=phrasing.text,
            request_id=new_id(),
        )
        done = await client.review.AddPhrasing(request, timeout=_CALL_SECONDS)
    language = phrasing.language or question.language
    console.print(
        Text(
            f"{done.entry.id} is now found by “{printable(phrasing.text or question.text)}” ({language}); "
            f"group {_short(group.id)} is done."
        )
    )


async def run_mark(address: str, collection: str, endings: Sequence[str], state: str) -> None:
    """Gives groups a state; ends the command at the first that somebody changed meanwhile."""
    async with _reviewing(address, collection) as (client, name):
        for ending in endings:
            group = await _group(client, name, ending)
            request = review.UpdateQuestionGroupRequest(
                collection_id=name,
                group_id=group.id,
                state=_state(state),
                etag=group.etag,
                request_id=new_id(),
            )
            await client.review.UpdateQuestionGroup(request, timeout=_CALL_SECONDS)
            console.print(Text(f"{_short(group.id)} is {state}: {_example(group)}"))


async def run_delete(address: str, collection: str, turns: Sequence[str]) -> None:
    """Deletes what was asked in turns."""
    async with _reviewing(address, collection) as (client, name):
        request = review.DeleteQuestionsRequest(collection_id=name, call_ids=turns, request_id=new_id())
        gone = await client.review.DeleteQuestions(request, timeout=_CALL_SECONDS)
    console.print(f"{_counted(gone.deleted, 'question')} deleted.")


async def run_counts(address: str, collection: str, *, as_json: bool) -> None:
    """Prints what was said of each entry's answers."""
    found: list[review.EntryFeedback] = []
    async with _reviewing(address, collection) as (client, name):
        token = ""
        while True:
            request = review.CountFeedbackRequest(
                collection_id=name, page_size=_COUNTS_PAGE, page_token=token
            )
            page = await client.review.CountFeedback(request, timeout=_CALL_SECONDS)
            found += page.entries
            token = page.next_page_token
            if not token:
                break
    if as_json:
        _print_json(found)
        return
    table = _table("entry", "helpful", "not helpful", "why not", "shown", "clicked")
    for column in (1, 2, 4, 5):
        table.columns[column].justify = "right"
    for one in found:
        counts = {
            "wrong": one.wrong_answer,
            "out of date": one.out_of_date,
            "unclear": one.unclear,
            "incomplete": one.incomplete,
            "other": one.other,
        }
        why = ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)
        numbers = [str(number) for number in (one.helpful, one.not_helpful)]
        table.add_row(Text(one.entry_id, style="bold"), *numbers, Text(why), str(one.shown), str(one.clicked))
    if found:
        console.print(table)
    console.print(Text(f"{_counted(len(found), 'entry', 'entries')} of {name}", style="dim"))


@contextlib.asynccontextmanager
async def _reviewing(address: str, collection: str) -> AsyncIterator[tuple[Balie, str]]:
    """Yields a client and the collection's id; ends the command with the reason of a call that fails."""
    async with Balie(faq=address) as client:
        try:
            yield client, collection or await _only_collection(client)
        except grpc.RpcError as error:
            explain_failure(error, address)


async def _only_collection(client: Balie) -> str:
    page = await client.knowledge.ListCollections(
        knowledge.ListCollectionsRequest(page_size=_PAGE), timeout=_CALL_SECONDS
    )
    names = [found.id for found in page.collections]
    if len(names) != 1:
        known = f"Name one with --collection: {', '.join(names)}." if names else "Import some entries first."
        fail("There is no collection." if not names else "There are several collections.", known)
    return names[0]


async def _group(client: Balie, collection: str, ending: str) -> review.QuestionGroup:
    """Returns the group whose id ends so; ends the command when it is none or several."""
    found, token = [], ""
    while True:
        request = review.ListQuestionGroupsRequest(
            collection_id=collection,
            states=review.QuestionGroupState.values()[1:],
            examples=10,
            page_size=_PAGE,
            page_token=token,
        )
        page = await client.review.ListQuestionGroups(request, timeout=_CALL_SECONDS)
        found += [group for group in page.groups if ending and group.id.endswith(ending)]
        token = page.next_page_token
        if not token:
            break
    if len({group.id for group in found}) != 1:
        fail(
            f"{len(found)} groups have an id that ends in {printable(ending)}.",
            "balie faq review list shows them; more of the id tells them apart.",
        )
    return found[0]


def _row(group: review.QuestionGroup) -> tuple[str | Text, ...]:
    reasons = [_plain(review.QuestionReason.Name(reason), _REASON) for reason in group.reasons]
    state = _plain(review.QuestionGroupState.Name(group.state), _STATE)
    questions = [f"{place}. {_question(one)}" for place, one in enumerate(group.examples, start=1)]
    near = Text("\n").join(
        Text(f"{entry.score:.2f} {printable(entry.entry_id)}", style="green" if entry.above_threshold else "")
        for entry in group.nearest
    )
    why = Text(", ".join(reasons))
    if group.state != review.QUESTION_GROUP_STATE_NEW:
        why.append(f"\n{state}", style="cyan")
    return (
        Text(_short(group.id), style="bold"),
        str(group.count),
        why,
        Text("\n".join(questions)),
        near,
        _moment(group.last_time.ToDatetime()),
    )


def _question(question: review.ReviewQuestion) -> str:
    language = f" ({question.language})" if question.language else ""
    said = f" — “{printable(question.comment)}”" if question.comment else ""
    return _cut(printable(question.text.replace("\n", " "))) + printable(language) + said


def _state(name: str) -> review.QuestionGroupState.ValueType:
    return review.QuestionGroupState.Value(f"{_STATE}{name.upper()}")


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def _plain(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")


def _short(group_id: str) -> str:
    return group_id[-_SHOWN_ID:]


def _example(group: review.QuestionGroup) -> str:
    return _cut(printable(group.examples[0].text.replace("\n", " "))) if group.examples else ""


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else text[: _EXAMPLE_CHARACTERS - 1] + "…"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _print_json(messages: Sequence[Message]) -> None:
    for message in messages:
        console.out(json.dumps(MessageToDict(message, preserving_proto_field_name=True), ensure_ascii=False))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table
