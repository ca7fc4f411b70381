"""`balie faq review`: its commands and their arguments. What they do is in a module of its own."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

review_app = typer.Typer(
    help="What customers asked in vain, grouped by meaning, and what becomes of it.", no_args_is_help=True
)

FAQ_ADDRESS = "127.0.0.1:50053"

Faq = Annotated[str, typer.Option(envvar="BALIE_FAQ", help="Address of FAQ, host:port.")]
Collection = Annotated[
    str, typer.Option(help="The collection that is reviewed.", show_default="the only one there is")
]
Groups = Annotated[
    list[str], typer.Argument(metavar="GROUP", help="A group, or the end of its id, as list shows it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class State(StrEnum):
    """What is being done about a group."""

    NEW = "new"
    PENDING = "pending"
    DONE = "done"
    IGNORED = "ignored"


@review_app.command("list")
def review_list(
    faq: Faq = FAQ_ADDRESS,
    collection: Collection = "",
    state: Annotated[
        list[State] | None,
        typer.Option(help="Groups in this state; may be repeated.", show_default="new and pending"),
    ] = None,
    examples: Annotated[int, typer.Option(min=1, max=10, help="Questions shown of each group.")] = 3,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Groups shown, the most asked first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what was asked in vain: how often, why, in which words, and which entries are nearest.

    Example: balie faq review list --state done
    """
    from balie.cli.faq_review_run import run_list

    states = [one.value for one in state or ()]
    asyncio.run(run_list(faq, collection, states, examples=examples, limit=limit, as_json=as_json))


@review_app.command("add")
def review_add(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="A group, or the end of its id.")],
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry that answers it.")],
    faq: Faq = FAQ_ADDRESS,
    collection: Collection = "",
    question: Annotated[
        int, typer.Option(min=1, max=10, help="Which of the group's questions, as list shows them.")
    ] = 1,
    language: Annotated[
        str,
        typer.Option(help="Language of the phrasing, such as nl.", show_default="the question's"),
    ] = "",
    text: Annotated[
        str, typer.Option(help="The phrasing in your own words.", show_default="the question as it was asked")
    ] = "",
) -> None:
    """Make a question a phrasing of an entry, and the group done. Searches find it within moments.

    Example: balie faq review add 5f3a90c1 bicycle-on-board
    """
    from balie.cli.faq_review_run import Phrasing, run_add

    asyncio.run(run_add(faq, collection, group, Phrasing(entry, question, language, text)))


@review_app.command("ignore")
def review_ignore(groups: Groups, faq: Faq = FAQ_ADDRESS, collection: Collection = "") -> None:
    """Say that groups need no answer, however often they are asked for."""
    from balie.cli.faq_review_run import run_mark

    asyncio.run(run_mark(faq, collection, groups, State.IGNORED.value))


@review_app.command("done")
def review_done(groups: Groups, faq: Faq = FAQ_ADDRESS, collection: Collection = "") -> None:
    """Say that groups are answered now. One that is asked for again is new again."""
    from balie.cli.faq_review_run import run_mark

    asyncio.run(run_mark(faq, collection, groups, State.DONE.value))


@review_app.command("delete")
def review_delete(
    turns: Annotated[
        list[str], typer.Argument(metavar="TURN", help="A turn's id, or another call's request id.")
    ],
    faq: Faq = FAQ_ADDRESS,
    collection: Collection = "",
) -> None:
    """Delete for good what customers asked in some turns, with what they said of the answers."""
    from balie.cli.faq_review_run import run_delete

    asyncio.run(run_delete(faq, collection, turns))


@review_app.command("counts")
def review_counts(faq: Faq = FAQ_ADDRESS, collection: Collection = "", as_json: Json = False) -> None:
    """Show what was said of each entry's answers: ratings and why, shown, clicked."""
    from balie.cli.faq_review_run import run_counts

    asyncio.run(run_counts(faq, collection, as_json=as_json))
