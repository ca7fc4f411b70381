"""What an engine's answers have to be, said so that its author knows what to change."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from balie.kit.testing.engines.words import Array, Ranking

_SUM_TOLERANCE = 1e-3


def sound(ranking: Ranking, messages: Sequence[Any], intents: Sequence[str]) -> None:
    """Checks that a ranking has the shape, the type and the range that the port asks for."""
    scores = ranking.scores
    _array(scores, "scores", (len(messages), len(intents)), "(messages, intents), in the order of `intents`")
    off = np.flatnonzero(np.abs(scores.sum(axis=1, dtype=np.float64) - 1.0) > _SUM_TOLERANCE)
    assert not off.size, (
        f"scores: row {off[0]} sums to {scores[off[0]].sum():.4f}, must be 1: give the probability of each intent if one of "
        f"them is meant, such as a softmax; the message is {_shown(messages[off[0]])}"
    )
    if ranking.out_of_scope is not None:
        _array(ranking.out_of_scope, "out_of_scope", (len(messages),), "(messages,)")


def _array(found: Array, name: str, shape: tuple[int, ...], axes: str) -> None:
    assert isinstance(found, np.ndarray), f"{name} must be a NumPy array, is {type(found).__name__}"
    assert found.shape == shape, f"{name} must have the shape {axes}, so {shape}; has {found.shape}"
    assert found.dtype == np.float32, f"{name} must be float32, is {found.dtype}: `.astype(np.float32)`"
    assert np.isfinite(found).all(), f"{name} must be finite numbers: somewhere is a NaN or an infinity"
    assert ((found >= 0) & (found <= 1)).all(), (
        f"{name} must lie in [0, 1], lies in [{found.min():g}, {found.max():g}]"
    )


def same(first: Ranking, second: Ranking, tolerance: float, why: str) -> None:
    """Checks that two rankings of the same messages are the same.

    Args:
        first: one of them.
        second: the other.
        tolerance: how far two numbers may lie apart.
        why: what makes them differ, and what to do.
    """
    _near(first.scores, second.scores, tolerance, f"scores differ: {why}")
    is_silent = first.out_of_scope is None
    assert is_silent == (second.out_of_scope is None), f"out_of_scope is there in one of two rankings: {why}"
    if not is_silent:
        _near(first.out_of_scope, second.out_of_scope, tolerance, f"out_of_scope differs: {why}")


def _near(first: Array, second: Array, tolerance: float, why: str) -> None:
    apart = float(np.abs(first.astype(np.float64) - second).max())
    assert apart <= tolerance, f"{why} (by {apart:.2g}, allowed is {tolerance:g})"


def accuracy(scores: Array, intents: Sequence[str], meant: Sequence[str]) -> float:
    """Returns the share of messages whose best intent is the one that is meant."""
    best = [intents[place] for place in scores.argmax(axis=1)]
    return float(np.mean([one == other for one, other in zip(best, meant, strict=True)]))


def files_of(folder: Path) -> Mapping[str, str]:
    """Returns the checksum of each file of a folder, after a check that there is nothing but files in it."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        assert not path.is_symlink(), (
            f"the folder holds a link, {name}: write files, which can be copied and checked"
        )
        assert path.is_dir() or path.is_file(), f"the folder holds {name}, which is no file"
        if path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found, "training wrote nothing into its folder: whatever ranking needs has to be there"
    return found


def _shown(message: Any) -> str:
    text = repr(message.text)
    return text if len(text) <= 60 else f"{text[:59]}…"
