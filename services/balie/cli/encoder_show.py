"""`balie encoder show`: all of one encoder, and how it splits a text."""

import json
from typing import Any

from rich.table import Table
from rich.text import Text

from balie.cli.console import console, fail, printable
from balie.cli.encoder_list import as_dict
from balie.encoders import EncoderUnavailable
from balie.encoders.catalogue import Listed, find, look
from balie.encoders.settings import EncoderSettings
from balie.encoders.splitting import SAMPLES, Splitter, Token


def run_show(wanted: str, *, texts: list[str], as_json: bool) -> None:
    """Prints an encoder, its files checked against their checksums; ends the command with 1 when it is damaged."""
    try:
        settings = EncoderSettings.load()
        encoder = look(find(wanted, settings), settings, check="full")
        splitter = None if encoder.problem else Splitter(encoder.folder, encoder.max_tokens)
    except (EncoderUnavailable, ImportError) as error:
        fail(str(error))
    rates = {tag: splitter.tokens_per_word(samples) for tag, samples in SAMPLES.items()} if splitter else {}
    split = [(text, splitter.split(text)) for text in texts] if splitter else []
    if as_json:
        console.print_json(json.dumps(_json(encoder, rates, split)))
    elif split:
        for text, tokens in split:
            _print_split(text, tokens)
    else:
        console.print(_facts(encoder, rates))
        console.print(_files(encoder))
    if encoder.problem:
        fail(f"damaged: {encoder.problem}")


def _json(encoder: Listed, rates: dict[str, float], split: list[tuple[str, list[Token]]]) -> dict[str, Any]:
    files = {name: file.model_dump(mode="json") for name, file in encoder.files}
    given = as_dict(encoder) | {"pooling": encoder.pooling, "files": files, "tokens_per_word": rates}
    if split:
        given["texts"] = [
            {
                "text": text,
                "count": len(tokens),
                "tokens": [{"text": one.text, "id": one.id, "new_word": one.word} for one in tokens],
            }
            for text, tokens in split
        ]
    return given


def _facts(encoder: Listed, rates: dict[str, float]) -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    facts = {
        "encoder": encoder.name + (" (a service that starts now reads it)" if encoder.used else ""),
        "folder": str(encoder.folder),
        "kind": encoder.kind,
        "fingerprint": encoder.fingerprint,
        "precision": encoder.precision,
        "dimensions": str(encoder.dimensions or ""),
        "reads": f"{encoder.max_tokens} tokens of a text" if encoder.max_tokens else "",
        "pooling": encoder.pooling,
        "source": encoder.source,
        "licence": encoder.licence,
    }
    for taught in encoder.adaptations:
        trained = ", trained" if taught.trained else ""
        words = f"{taught.words} words of {', '.join(taught.languages)}{trained}"
        facts["taught"] = "\n".join(
            [*filter(None, [facts.get("taught")]), words, *(f"  {line}" for line in taught.data)]
        )
    facts["tokens per word"] = ", ".join(f"{tag} {rate:.2f}" for tag, rate in rates.items())
    for name, value in facts.items():
        if value:
            table.add_row(name, printable(value))
    return table


def _files(encoder: Listed) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("\nfile", header_style="dim")
    table.add_column("\nbytes", header_style="dim", justify="right")
    state = "as written" if not encoder.problem else "when written"
    table.add_column(f"\nsha256, {state}", header_style="dim")
    for name, file in encoder.files:
        table.add_row(name, str(file.size_bytes), file.sha256[:16])
    return table


def _print_split(text: str, tokens: list[Token]) -> None:
    line = Text()
    for token in tokens:
        style = "dim" if token.special else "bold green" if token.word else ""
        line.append(
            f"«{printable(token.text)}»" if token.word else printable(token.text), style=style
        ).append(" ")
    console.print(line, soft_wrap=True)
    own = [token for token in tokens if not token.special]
    words, known = len(text.split()), sum(token.word for token in own)
    marked = f"; {known} «whole words» that were taught" if known else ""
    console.print(
        f"{len(tokens)} tokens with the special ones, {len(own)} for {words} words{marked}",
        style="dim",
        soft_wrap=True,
    )
