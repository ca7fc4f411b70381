"""How models look in a terminal, and as JSON."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.table import Table
from rich.text import Text

from balie.api.nlu.v1 import model_pb2
from balie.cli.console import printable

_MB = 1_000_000
_STATES = {
    model_pb2.MODEL_STATE_TRAINING: ("training", "yellow"),
    model_pb2.MODEL_STATE_READY: ("ready", "green"),
    model_pb2.MODEL_STATE_FAILED: ("failed", "red"),
}
_FIGURES = (
    ("in-scope accuracy", "in_scope_accuracy"),
    ("coverage", "coverage"),
    ("wrong rate", "wrong_rate"),
    ("choices between two", "ambiguous"),
    ("out of scope refused", "oos_recall"),
)


def as_dict(model: model_pb2.Model) -> dict[str, Any]:
    """Returns a model as JSON has it."""
    found: dict[str, Any] = MessageToDict(
        model, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def table_of(models: list[model_pb2.Model]) -> Table:
    """Returns a table of models, a row each; an arrow stands beside the active one."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(width=1)
    for name in ("version", "name", "state", "engine"):
        table.add_column(name, no_wrap=name != "name", overflow="fold")
    for name in ("intents", "examples", "accuracy", "coverage", "MB", "asked for"):
        table.add_column(name, justify="right", no_wrap=True)
    for model in models:
        facts, figures = model.facts, model.facts.figures
        table.add_row(
            "→" if model.active else "",
            Text(model.version, style="cyan"),
            printable(model.display_name),
            state_of(model),
            model.spec.engine,
            str(len(facts.intents) or ""),
            str(model.example_count),
            _share(figures, "in_scope_accuracy"),
            _share(figures, "coverage"),
            f"{facts.size_bytes / _MB:.1f}" if facts.size_bytes else "",
            f"{model.create_time.ToDatetime():%Y-%m-%d %H:%M}",
        )
    return table


def details_of(model: model_pb2.Model) -> Table:
    """Returns all that is worth knowing of one model, a row each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _details(model):
        table.add_row(name, value)
    return table


def state_of(model: model_pb2.Model) -> Text:
    """Returns a model's state in a word, with how far its training is."""
    word, style = _STATES.get(model.state, ("unknown", ""))
    if model.state == model_pb2.MODEL_STATE_TRAINING:
        word = f"{word} {model.progress.share:.0%}, {printable(model.progress.step)}"
    return Text(word, style=style)


def _details(model: model_pb2.Model) -> list[tuple[str, str | Text]]:
    facts, promise = model.facts, model.spec.promise
    options = " ".join(f"{name}={value}" for name, value in sorted(model.spec.engine_options.items()))
    rows: list[tuple[str, str | Text]] = [
        ("model", Text(model.version, style="cyan")),
        ("name", printable(model.display_name)),
        ("state", state_of(model)),
        ("engine", f"{model.spec.engine} {printable(options)}".rstrip()),
    ]
    if model.HasField("failure"):
        rows.append(("problem", Text(printable(model.failure.message), style="red")))
    if not model.HasField("facts"):
        return [*rows, ("examples", str(model.example_count))]
    rows.append(("intents / examples", f"{len(facts.intents)} / {model.example_count}"))
    for language, share in sorted(facts.accuracy_by_language.items()):
        rows.append((f"accuracy {printable(language)}", f"{share:.3f}"))
    for title, name in _FIGURES:
        if name in facts.figures:
            promised = f" (at most {promise.max_wrong:g} promised)" if name == "wrong_rate" else ""
            rows.append((title, f"{facts.figures[name]:.3f}{promised}"))
    rows += [
        ("threshold", f"{facts.threshold:.3f}, calibration {facts.calibration_version}"),
        ("files / in memory", f"{facts.size_bytes / _MB:.1f} MB / {facts.loaded_bytes / _MB:.1f} MB"),
        ("encoder", facts.encoder_fingerprint or "none"),
        ("data", facts.data_fingerprint[:12]),
    ]
    return rows


def _share(figures: Any, name: str) -> str:
    return f"{figures[name]:.3f}" if name in figures else ""
