"""The examples of docs/knowledge.md are read as it says."""

import re
from pathlib import Path

import pytest

from balie.faq.knowledge.domain import EntryState
from balie.faq.knowledge.files import read_entries

DOCS = Path(__file__).parents[3] / "docs" / "knowledge.md"


@pytest.mark.parametrize(("block", "ending"), [("csv", ".csv"), ("json", ".jsonl"), ("yaml", ".yaml")])
def test_the_examples_are_read(tmp_path: Path, block: str, ending: str) -> None:
    (text,) = re.findall(rf"```{block}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / f"faq{ending}"
    file.write_text(text, encoding="utf-8")
    (dogs,) = read_entries(file)
    assert dogs.id == "dogs"
    assert dogs.texts[0].question == "Mag mijn hond mee?"
    assert dogs.texts[0].phrasings[0] == "hond"
    if block == "csv":
        assert (dogs.content.market, dogs.content.metadata) == (("be", "nl"), {"owner": "shop"})
    assert (dogs.content.state is EntryState.DRAFT) == (block == "yaml")
