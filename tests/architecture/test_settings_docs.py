"""The docs list every setting of the encoder as the class describes it."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from balie.encoders.settings import EncoderSettings

DOCS = Path(__file__).parents[2] / "docs" / "encoder.md"


def described() -> str:
    """Returns the table that the docs should hold."""
    lines = ["| variable | default | what it is, and what it costs |", "| --- | --- | --- |"]
    for name, variable in EncoderSettings.variables().items():
        field = EncoderSettings.model_fields[name]
        default = f"`{field.default}`" if field.default not in (PydanticUndefined, "") else ""
        lines.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_docs_list_every_setting_of_the_encoder():
    assert described() in DOCS.read_text(encoding="utf-8"), f"put this table there:\n{described()}"
