"""Measures what keywords cost in this process: processor time, which other processes change less than the clock."""

import gc
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from balie.nlu.keywords.bench.making import LANGUAGES, Asked, catalogue, messages
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.index import KeywordIndex
from balie.nlu.keywords.keyword import Keyword

_PAGE_BYTES = resource.getpagesize()
_ADDITIONS = 1_000_000
_ADDED = 200
_MESSAGES = 1500


@dataclass(frozen=True, slots=True)
class Cost:
    """What messages of one kind cost.

    Attributes:
        how: how they name what they are about.
        words: of a message, mean.
        found: share of messages in which a keyword was found, [0, 1].
        mean_us, p50_us, p99_us: processor time for each message, microseconds.
    """

    how: str
    messages: int
    words: float
    found: float
    mean_us: float
    p50_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Size:
    """What a catalogue of one size costs.

    Attributes:
        terms: of all keywords together.
        load_cpu_s: processor time of building the index, seconds.
        memory_mb: what it takes, 10^6 bytes.
        add_ms: processor time of adding one keyword, mean, milliseconds.
        costs: of messages, those of all kinds together last.
    """

    keywords: int
    terms: int
    load_cpu_s: float
    memory_mb: float
    add_ms: float
    costs: Sequence[Cost]


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        additions_ms: processor time of a million additions in Python, before and after: what the processor gave, milliseconds.
        sizes: smallest first.
    """

    additions_ms: tuple[float, float]
    sizes: Sequence[Size]

    def as_json(self) -> str:
        """Returns the report as a line."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(line: str) -> "Report":
        """Returns the report of a line."""
        read = json.loads(line)
        sizes = [Size(**size | {"costs": [Cost(**cost) for cost in size["costs"]]}) for size in read["sizes"]]
        before, after = read["additions_ms"]
        return Report((before, after), sizes)


def measure(sizes: Sequence[int], files: Sequence[Path] = ()) -> Report:
    """Returns the cost of catalogues of some sizes; of the files' messages too, JSON Lines with `text` and maybe `lang`."""
    before = _additions()
    found = [_size(count, files) for count in sizes]
    return Report((before, _additions()), found)


def _size(count: int, files: Sequence[Path]) -> Size:
    keywords = list(catalogue(count))
    asked = messages(_MESSAGES, keywords)
    terms = sum(len(ways) for keyword in keywords for ways in keyword.terms.values())
    gc.collect()
    resident, start = _resident(), time.process_time()
    index = KeywordIndex(keywords)
    load = time.process_time() - start
    del keywords
    gc.collect()
    memory = _resident() - resident
    finder = KeywordFinder((), LANGUAGES)
    costs = [_cost(how, [one for one in asked if one.how == how], finder, index) for how in _kinds(asked)]
    costs += [_cost(file.parent.name, _read(file), finder, index) for file in files]
    costs.append(_cost("all of them", asked, finder, index))
    return Size(count, terms, load, memory / 1e6, _adding(index, count), costs)


def _kinds(asked: Sequence[Asked]) -> list[str]:
    return list(dict.fromkeys(one.how for one in asked))


def _cost(how: str, asked: Sequence[Asked], finder: KeywordFinder, index: KeywordIndex) -> Cost:
    for one in asked[:100]:
        finder.find(one.text, one.language, more=index)
    times, found = [], 0
    for one in asked:
        start = time.thread_time_ns()
        matches = finder.find(one.text, one.language, more=index)
        times.append((time.thread_time_ns() - start) / 1000)
        found += bool(matches)
    times.sort()
    return Cost(
        how=how,
        messages=len(asked),
        words=sum(len(one.text.split()) for one in asked) / len(asked),
        found=found / len(asked),
        mean_us=sum(times) / len(times),
        p50_us=times[len(times) // 2],
        p99_us=times[len(times) * 99 // 100],
    )


def _adding(index: KeywordIndex, count: int) -> float:
    """Returns the processor time of adding a keyword to an index, milliseconds."""
    new: list[Keyword] = list(catalogue(count + _ADDED, seed=3))[count:]
    start = time.process_time()
    for keyword in new:
        index.put([keyword])
    return 1000 * (time.process_time() - start) / _ADDED


def _read(file: Path) -> list[Asked]:
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[:_MESSAGES])
    return [Asked(row["text"], row.get("lang", "und"), file.parent.name) for row in rows]


def _additions() -> float:
    start, total = time.process_time(), 0
    for number in range(_ADDITIONS):
        total += number
    return 1000 * (time.process_time() - start)


def _resident() -> int:
    """Returns the memory of this process, bytes; where there is no /proc, its greatest so far."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text().split()[1]) * _PAGE_BYTES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
