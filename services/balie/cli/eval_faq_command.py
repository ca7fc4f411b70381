"""`balie eval faq` and `balie eval faq-table`: how well questions find their answers. What they do is in modules of their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.encoder_options import AsJson, EncoderFolder, folder_of
from balie.cli.eval_options import Delta, MaxWrong, expected_share, share
from balie.cli.extras import libraries_of

Retriever = Annotated[
    str, typer.Option(help="The retriever's name: `hybrid`, `dense`, `lexical`, or that of a plug-in.")
]


def eval_faq(
    entries: Annotated[
        list[Path],
        typer.Option(help="File of entries, of any kind that `balie faq import` reads; may be repeated."),
    ],
    queries: Annotated[
        list[Path],
        typer.Option(help="File of questions with the ids of the entries that answer them; may be repeated."),
    ],
    tune: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of such questions to learn the threshold from; may be repeated.",
            show_default="the collection itself, as the service does",
        ),
    ] = None,
    max_wrong: MaxWrong = 0.05,
    max_wrong_delta: Delta = 0.1,
    unanswerable: Annotated[
        float | None,
        typer.Option(
            "--unanswerable",
            "--expected-unanswerable",
            help="Share of customers' questions that no entry answers.",
            show_default="that of the questions",
            callback=expected_share,
        ),
    ] = None,
    make_unanswerable: Annotated[
        float | None,
        typer.Option(
            help="Ask this share of the questions with their entries taken out, where every question has an answer.",
            callback=share,
        ),
    ] = None,
    retriever: Retriever = "hybrid",
    lang: Annotated[str, typer.Option(help="Language of texts whose file does not say it.")] = "",
    encoding: Annotated[
        str,
        typer.Option(
            help="Encoding of the files, such as windows-1252.", show_default="UTF-8, or UTF-16 with a mark"
        ),
    ] = "",
    encoder: EncoderFolder = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder to keep vectors in, so that another run need not encode again."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a page with plots and all errors into.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask questions whose answers are known, as the service would be asked, and show what is found.

    Entries are files of any kind that `balie faq import` reads; questions are JSON Lines of `{"text", "entry_ids",
    "lang"}`, where `entry_ids` is empty where no entry answers. No service has to run.

    `p_at_1`, `hit_at_5`, `mrr` and `map` are of the ranking, over the questions with an answer. `coverage` is the share of
    these that are answered at the threshold, `wrong_rate` what is wrong among all answers given. docs/faq-evaluation.md
    says the others.

    Example: balie eval faq --entries faq.yaml --queries asked.jsonl --report report

    Example: balie eval faq --entries faq.csv --queries asked.jsonl --make-unanswerable 0.3 --retriever lexical --json
    """
    with libraries_of("faq"):
        from balie.cli.eval_faq import Asked, run_eval_faq
        from balie.faq.evaluation.running import Plan
        from balie.faq.knowledge.files import Source

    def sources(files: Sequence[Path]) -> tuple[Source, ...]:
        return tuple(Source(file, encoding, lang) for file in files)

    asked = Asked(
        plan=Plan(
            entries=sources(entries),
            queries=sources(queries),
            tune=sources(tune or ()),
            max_wrong=max_wrong,
            delta=max_wrong_delta,
            unanswerable=unanswerable,
            made=make_unanswerable or 0.0,
        ),
        retriever=retriever,
        encoding=encoding,
        encoder=folder_of(encoder),
        cache=cache,
        report=report,
    )
    run_eval_faq(asked, as_json=as_json)


def eval_faq_table(
    data: Annotated[Path, typer.Option(help="Folder of the evaluation data, with `faq` in it.")],
    document: Annotated[
        Path | None,
        typer.Option(
            help="Document to write the tables into, between two marks.", show_default="standard output"
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A row to work out; may be repeated.", show_default="all")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Work rows out that are kept, too.")] = False,
    work: Annotated[
        Path, typer.Option(help="Folder of vectors and results, so that a run can go on.")
    ] = Path("var/faq-evaluation"),
    max_wrong: MaxWrong = 0.05,
    max_wrong_delta: Delta = 0.1,
    encoder: EncoderFolder = None,
) -> None:
    """Ask the public sets and the sample desk with each retriever, and write the tables of docs/faq-evaluation.md.

    Every set with sentence embeddings alone, with words alone and with both, beside what plain methods reach and what
    others published. What is kept is not worked out again, unless the files, the retriever, the promise or the encoder
    changed. Exits with 1 when a row misses what is wanted of it.

    Example: balie eval faq-table --data ../shared/data --document docs/faq-evaluation.md

    Example: balie eval faq-table --data ../shared/data --only waddenveer
    """
    with libraries_of("faq"):
        from balie.cli.eval_faq_table import Order, run_faq_table

    run_faq_table(
        Order(
            data=data,
            work=work,
            document=document,
            only=only or (),
            anew=anew,
            max_wrong=max_wrong,
            delta=max_wrong_delta,
            encoder=folder_of(encoder),
        )
    )
