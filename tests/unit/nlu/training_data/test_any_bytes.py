"""Whatever a file holds, reading it ends with examples and problems, and never with another error."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.nlu.training_data import gather

PIECES = st.sampled_from(
    [
        b"text,label,lang\n",
        b"text\tintent\n",
        b'{"text": "hoi", "label": "greet"}\n',
        b"intents:\n  a:\n    nl: [x, y]\n",
        b"oos: {nl: [x]}\n",
        b"nlu:\n- intent: greet\n  examples: |\n    - hi\n",
        b"  - text: hi\n",
        b"&a [*a]\n",
        b"*a",
        b"!!python/object:os.system x\n",
        b"---\n",
        b"hoi,greet,nl\n",
        b'"',
        b"\t",
        b"\r",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"[[[[[[[[[[[[[[[[[[[[[",
        b"{" * 40,
        b"- - - - - - - - - -",
        b": : :",
        b"? ",
        b"|\n",
        b">\n",
        "é😀مرحبا\u2028\u0085".encode(),
    ]
)
CONTENT = st.lists(PIECES | st.binary(max_size=12), max_size=12).map(b"".join)


@pytest.mark.parametrize("ending", [".yaml", ".jsonl", ".json", ".csv", ".tsv", ""])
@settings(deadline=None, max_examples=150)
@given(content=CONTENT)
def test_ends_with_examples_and_problems(ending: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{ending}"
        path.write_bytes(content)
        found = gather([path])
    for example in found.examples:
        assert example.text.strip()
        assert example.intent
        example.text.encode()
        assert 1 <= example.line <= len(content) + 1
    for problem in found.problems:
        assert problem.problem
        assert str(problem).isprintable()
