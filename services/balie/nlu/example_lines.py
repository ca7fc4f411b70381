"""Examples as bytes: lines of JSON, in which they are stored, and handed to the process that trains."""

import json
import zlib
from collections.abc import Iterable, Iterator

from balie.nlu.examples import Example

CHUNK_BYTES = 1 << 20
"""About how large a chunk gets before it is packed; the database takes one at a time."""


def chunks(examples: Iterable[Example]) -> Iterator[bytes]:
    """Yields the examples packed, some thousand in each chunk, in the order given."""
    lines: list[bytes] = []
    size = 0
    for example in examples:
        line = json.dumps([example.intent, example.language, example.text], ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
        lines.append(line)
        size += len(line) + 1
        if size >= CHUNK_BYTES:
            yield zlib.compress(b"\n".join(lines))
            lines, size = [], 0
    if lines:
        yield zlib.compress(b"\n".join(lines))


def examples_of(packed: Iterable[bytes]) -> Iterator[Example]:
    """Yields the examples of chunks, in their order.

    Raises:
        ValueError: the bytes are none that `chunks` made.
    """
    for chunk in packed:
        try:
            lines = zlib.decompress(chunk).split(b"\n")
        except zlib.error as error:
            raise ValueError("no chunk of examples") from error
        for line in lines:
            intent, language, text = json.loads(line.decode("utf-8", "surrogatepass"))
            yield Example(intent, language, text)
