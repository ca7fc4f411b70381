"""`balie nlu keywords list`, `find` and `delete`: what there is, what a text holds, and what goes."""

import json
from collections.abc import AsyncIterator, Sequence

import grpc
from google.protobuf.json_format import MessageToDict
from rich.table import Table
from rich.text import Text

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import keyword_pb2
from balie.api.nlu.v1 import keyword_service_pb2 as keywords
from balie.cli.console import console, explain_failure, printable
from balie.cli.listing import listed
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
_SHOWN_TERMS = 6


async def run_list(address: str, keyword_id: str, *, as_json: bool) -> None:
    """Prints all keywords, or one."""
    async with Balie(nlu=address) as client:
        try:
            found = [await _one(client, keyword_id)] if keyword_id else [one async for one in _all(client)]
        except grpc.RpcError as error:
            explain_failure(error, address)
    if as_json:
        for one in found:
            console.out(json.dumps(MessageToDict(one, preserving_proto_field_name=True), ensure_ascii=False))
        return
    table = _table("keyword", "points at", "found by", "kept")
    for one in found:
        table.add_row(*_row(one, everything=bool(keyword_id)))
    console.print(table)
    if not keyword_id:
        console.print(Text(f"{len(found)} keywords", style="dim"))


async def run_find(address: str, text: str, language: str, *, as_json: bool) -> bool:
    """Prints the keywords of a text and returns whether there are any."""
    async with Balie(nlu=address) as client:
        request = keywords.LookupKeywordsRequest(text=text, language_hint=language)
        try:
            found = await client.keywords.LookupKeywords(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            explain_failure(error, address)
    if as_json:
        console.out(json.dumps(MessageToDict(found, preserving_proto_field_name=True), ensure_ascii=False))
        return bool(found.keywords)
    table = _table("found", "rule", "keyword", "points at", "")
    for match in found.keywords:
        table.add_row(
            Text(printable(text[match.start_char : match.end_char]), style="bold"),
            language_pb2.KeywordRule.Name(match.rule).removeprefix("KEYWORD_RULE_"),
            match.keyword_id,
            _target(match),
            "the whole message" if match.whole_message else "",
        )
    if found.keywords:
        console.print(table)
    console.print(Text(f"language {found.language}, {len(found.keywords)} keywords found", style="dim"))
    return bool(found.keywords)


async def run_delete(address: str, ids: Sequence[str]) -> None:
    """Deletes keywords; ends the command at the first that cannot be."""
    async with Balie(nlu=address) as client:
        for keyword_id in ids:
            request = keywords.DeleteKeywordRequest(keyword_id=keyword_id, request_id=new_id())
            try:
                await client.keywords.DeleteKeyword(request, timeout=_CALL_SECONDS)
            except grpc.RpcError as error:
                explain_failure(error, address)
            console.print(Text(f"{keyword_id} is deleted"))


async def _one(client: Balie, keyword_id: str) -> keyword_pb2.Keyword:
    request = keywords.GetKeywordRequest(keyword_id=keyword_id)
    return (await client.keywords.GetKeyword(request, timeout=_CALL_SECONDS)).keyword


def _all(client: Balie) -> AsyncIterator[keyword_pb2.Keyword]:
    return listed(client.keywords.ListKeywords, keywords.ListKeywordsRequest(), lambda page: page.keywords)


def _row(keyword: keyword_pb2.Keyword, *, everything: bool) -> tuple[str | Text, ...]:
    ways = [f"{terms.language}: {', '.join(terms.terms)}" for terms in keyword.terms]
    ways += [f"/{one.expression}/" + (f" {one.check}" if one.check else "") for one in keyword.patterns]
    if not everything and len(ways) > _SHOWN_TERMS:
        ways = [*ways[:_SHOWN_TERMS], "…"]
    kept = "file" if keyword.source == keyword_pb2.KEYWORD_SOURCE_FILE else f"stored, {keyword.revision}"
    literal = ["literal"] if keyword.literal else []
    return (
        Text(keyword.id, style="bold"),
        _target(keyword),
        Text(printable("\n".join([*ways, *literal]))),
        kept,
    )


def _target(message: keyword_pb2.Keyword | language_pb2.KeywordMatch) -> Text:
    name = message.WhichOneof("target") or ""
    kind = {"faq_entry_id": "entry", "intent": "intent", "value": "value"}.get(name, "?")
    return Text(printable(f"{kind} {getattr(message, name, '')}"))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table
