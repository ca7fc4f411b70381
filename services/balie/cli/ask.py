"""One question, one answer."""

import json

import grpc
from google.protobuf.json_format import MessageToDict

from balie.cli import talk
from balie.cli.console import console, draw, explain_failure
from balie.cli.explain import explained
from balie.client import Balie

_CONTACT = "terminal"


async def ask(gateway: str, question: str, *, wait_seconds: float, explain: bool, as_json: bool) -> bool:
    """Asks, prints what came back, and tells whether anything did."""
    async with (
        Balie(gateway=gateway, act_as=f"contact:{_CONTACT}") as contact,
        Balie(gateway=gateway) as operator,
    ):
        try:
            conversation = await talk.begin(contact, _CONTACT)
            sent = await talk.say(contact, conversation.id, question, wait_seconds=wait_seconds)
            turn = await talk.turn(operator, sent.turn_id) if explain or as_json else None
        except grpc.RpcError as error:
            explain_failure(error, gateway)
    if as_json:
        replies = [MessageToDict(reply, preserving_proto_field_name=True) for reply in sent.replies]
        whole = {
            "replies": replies,
            "turn": MessageToDict(turn, preserving_proto_field_name=True) if turn else None,
        }
        console.print_json(json.dumps(whole))
        return bool(sent.replies)
    for reply in sent.replies:
        console.print(draw(reply))
    if not sent.replies:
        console.print(
            f"Nothing came back within {wait_seconds:g} s; turn {sent.turn_id} goes on.", style="yellow"
        )
    if turn is not None:
        console.print(explained(turn))
    return bool(sent.replies)
