"""Learns a retriever's weights from one's own questions, shows what they do, and writes them for the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from balie.cli.console import console, fail
from balie.cli.eval_progress import watched
from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.kept_vectors import KeptVectors
from balie.encoders.progress import within
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.one_thread import one_thread
from balie.faq.evaluation.reading import read_contents, read_questions
from balie.faq.evaluation.tuning import LEAST_QUERIES, Proposal, Side, Tuner
from balie.faq.knowledge.files import Source
from balie.faq.retrieval.blend import HybridRetriever, write_tuned
from balie.faq.retrieval.judged import Policy


@dataclass(frozen=True)
class Order:
    """What the command was asked for.

    Attributes:
        to: file that the proposal is written into; None shows it alone.
        tuned: file of an earlier proposal, to start from; None starts from what ships.
        cache: folder that vectors are kept in; None keeps none.
    """

    entries: Sequence[Source]
    queries: Sequence[Source]
    max_wrong: float
    delta: float
    encoder: Path
    to: Path | None = None
    tuned: Path | None = None
    cache: Path | None = None


def run_tune(order: Order) -> None:
    """Proposes, shows before and after, and writes the proposal where a file is named."""
    proposal, asked = _proposed(order)
    console.print(_shown(proposal, asked))
    if order.to is None:
        console.print("Nothing is written; name a file with --to.", highlight=False)
        return
    try:
        write_tuned(order.to, {HybridRetriever.kind: proposal.blend})
    except OSError as error:
        fail(f"{order.to} cannot be written ({error.strerror}).")
    console.print(
        f"{order.to} is written. The service uses it with\n"
        f'  BALIE_FAQ_RETRIEVER_OPTIONS=\'{{"tuned": "{order.to.resolve()}"}}\'',
        highlight=False,
    )


def _proposed(order: Order) -> tuple[Proposal, int]:
    with watched("tuning") as progress:
        options = {"tuned": str(order.tuned)} if order.tuned else {}
        retriever = HybridRetriever.from_options(options)
        settings = EncoderSettings.load().model_copy(update={"folder": order.encoder})
        vectors = KeptVectors(lambda: open_encoder(settings), settings.workers, order.cache)
        contents, _ = read_contents(order.entries)
        queries = read_questions(order.queries, contents.keys())
        unanswerable = sum(not query.entry_ids for query in queries)
        if len(queries) - unanswerable < LEAST_QUERIES:
            fail(
                f"{len(queries) - unanswerable} questions with an answer are too few to learn from.",
                f"Collect {LEAST_QUERIES} at least; balie faq review list shows what customers ask.",
            )
        texts = [text for content in contents.values() for text in content.worded()]
        vectors.add([*texts, *[query.text for query in queries]], within(progress, 0.0, 0.6), step="encoding")
        progress("learning", 0.6)
        collection = OfflineCollection(
            contents.values(), retriever, vectors.rows, fingerprint=vectors.encoder.fingerprint
        )
        policy = Policy(order.max_wrong, order.delta, unanswerable / len(queries))
        rows = vectors.rows([query.text for query in queries])
        with one_thread():
            return Tuner(collection, queries, rows, policy).propose(retriever), len(queries)


def _shown(proposal: Proposal, queries: int) -> Table:
    table = Table(
        title=f"{queries} questions, each judged without having been learned from", title_justify="left"
    )
    table.add_column("")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    names = ("first answer right", "threshold", "coverage", "wrong rate")
    for row in zip(names, _figures(proposal.before), _figures(proposal.after), strict=True):
        table.add_row(*row)
    return table


def _figures(side: Side) -> tuple[str, ...]:
    threshold = "none" if side.threshold is None else f"{side.threshold:.3f}"
    return f"{side.p_at_1:.3f}", threshold, f"{side.coverage:.3f}", f"{side.wrong_rate:.3f}"
