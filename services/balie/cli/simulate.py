"""`balie simulate`: its options and their help. What it does is in the modules beside it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.extras import libraries_of

_WHO, _DESK, _HOW = "Who asks", "Who answers", "How it is tried"


class Rule(StrEnum):
    """Which agent gets a handoff, of those who fit it equally well."""

    LONGEST_IDLE = "longest-idle"
    HIGHEST_SPARE = "highest-spare"
    WEIGHTED = "weighted"


Arrivals = Annotated[
    str, typer.Option(help="How many contacts ask: 1000/h, 20/min or 0.5/s.", rich_help_panel=_WHO)
]
Recorded = Annotated[
    Path | None,
    typer.Option(
        help="When contacts asked: a file with a moment a line, or a JSON list, in ISO 8601 or seconds since 1970.",
        exists=True,
        dir_okay=False,
        rich_help_panel=_WHO,
        show_default=False,
    ),
]
Handle = Annotated[
    str, typer.Option(help="How long an agent needs for one, on average: 6m.", rich_help_panel=_WHO)
]
Spread = Annotated[
    float | None,
    typer.Option(
        help="Draw handling times log-normally, with this standard deviation by mean; exponentially otherwise.",
        min=0.01,
        max=10,
        rich_help_panel=_WHO,
        show_default=False,
    ),
]
Patience = Annotated[
    str,
    typer.Option(
        help="How long contacts wait before they leave, on average: 5m; none when they never do.",
        rich_help_panel=_WHO,
    ),
]
Languages = Annotated[
    str,
    typer.Option(
        help="What contacts write, and after a slash the share of the agents who do: nl=0.7/1,de=0.3/0.4.",
        rich_help_panel=_WHO,
    ),
]
Skills = Annotated[
    str,
    typer.Option(
        help="Share of the contacts who want a skill, and after a slash of the agents who have it: groups=0.1/0.3.",
        rich_help_panel=_WHO,
    ),
]
Queues = Annotated[
    str,
    typer.Option(
        help="Share of the contacts in each queue of --desk: service=0.6,webshop=0.4; alike otherwise.",
        rich_help_panel=_WHO,
    ),
]
Agents = Annotated[int, typer.Option(help="How many agents.", min=1, max=5000, rich_help_panel=_DESK)]
Chats = Annotated[
    int, typer.Option(help="How many chats each has at a time.", min=1, max=100, rich_help_panel=_DESK)
]
DeskFile = Annotated[
    Path | None,
    typer.Option(
        "--desk",
        help="A desk's folder, or the desk.yaml in it: its queues and agents instead of --agents and --chats.",
        exists=True,
        rich_help_panel=_DESK,
        show_default=False,
    ),
]
MaxWait = Annotated[
    str, typer.Option(help="How long a contact waits before a message is taken.", rich_help_panel=_DESK)
]
Reaction = Annotated[
    str,
    typer.Option(
        help="How long an agent takes to accept an offer, on average: 8s; none for no time at all.",
        rich_help_panel=_DESK,
    ),
]
WhichRule = Annotated[
    Rule | None,
    typer.Option(
        help="Which agent comes first of those who fit.",
        show_default="the queue's own: weighted",
        rich_help_panel=_DESK,
    ),
]
Hours = Annotated[
    float, typer.Option(help="How long the desk is open.", min=0.1, max=1000, rich_help_panel=_HOW)
]
Promise = Annotated[str, typer.Option(help="Within which time one should be answered.", rich_help_panel=_HOW)]
Runs = Annotated[
    int,
    typer.Option(
        help="How often it is tried, each time with other contacts.", min=1, max=1000, rich_help_panel=_HOW
    ),
]
Seed = Annotated[int, typer.Option(help="Of chance: the same gives the same.", rich_help_panel=_HOW)]
Compare = Annotated[
    bool, typer.Option("--compare", help="Try all three rules on the same contacts.", rich_help_panel=_HOW)
]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Compare with the formulas of Erlang C and Erlang A; exit with 1 when they differ.",
        rich_help_panel=_HOW,
    ),
]
Scale = Annotated[
    bool,
    typer.Option(
        "--scale", help="Measure what a handoff costs with 10 to 2,000 agents.", rich_help_panel=_HOW
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.", rich_help_panel=_HOW)]


def simulate(
    arrivals: Arrivals = "240/h",
    recorded: Recorded = None,
    handle: Handle = "6m",
    spread: Spread = None,
    patience: Patience = "none",
    languages: Languages = "",
    skills: Skills = "",
    queues: Queues = "",
    agents: Agents = 30,
    chats: Chats = 1,
    desk: DeskFile = None,
    max_wait: MaxWait = "10m",
    reaction: Reaction = "none",
    rule: WhichRule = None,
    hours: Hours = 8.0,
    promise: Promise = "1m",
    runs: Runs = 5,
    seed: Seed = 1,
    compare: Compare = False,
    check: Check = False,
    scale: Scale = False,
    as_json: AsJson = False,
) -> None:
    """Try how long contacts would wait at a desk: the service's own code, with contacts and agents drawn by chance.

    Nothing runs and nothing is changed: it is all in this process, and a day takes seconds.
    """
    with libraries_of("handoff"):
        from balie.cli import simulate_check, simulate_run, simulate_scale
        from balie.cli import simulate_options as read

    if check:
        simulate_check.run_check(seed, as_json=as_json)
        return
    if scale:
        simulate_scale.run_scale(seed, as_json=as_json)
        return
    wanted = simulate_run.Wanted(
        arrivals=read.per_second(arrivals),
        recorded=tuple(read.recorded(recorded)) if recorded else None,
        handle=read.seconds(handle),
        spread=spread,
        patience=read.span(patience),
        languages=read.pairs(languages),
        skills=read.pairs(skills),
        queues=read.pairs(queues),
        agents=agents,
        chats=chats,
        desk=desk,
        max_wait=read.seconds(max_wait),
        reaction=read.span(reaction),
        rule=rule,
        hours=hours,
        promise=read.seconds(promise),
        runs=runs,
        seed=seed,
    )
    simulate_run.run_simulation(wanted, compare=compare, as_json=as_json)
