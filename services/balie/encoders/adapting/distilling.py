"""Trains an encoder's new words, and nothing else of it, until a sentence lies where its English translation does.

The teacher is the encoder's own vector of the English sentence, which no new word changes; the student is the same
encoder reading the translation. Every layer and every old row is fixed, so that English stays as it is.

Source: Reimers and Gurevych 2020, arXiv:2004.09813 (a translation is pulled to the vector of its English sentence);
Artetxe et al. 2020, arXiv:1910.11856 (a language is learnt by new word rows alone, under layers that are fixed).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers
import torch
import torch.nn.functional as functional

from balie.encoders.folder.model import WORD_ROWS, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPARE_PAIRS = 20  # one in so many is not trained on, to tell when to stop
_POOL_BATCHES = 50  # so many batches are sorted by length together


@dataclass(frozen=True)
class Training:
    """How the new words are trained.

    Attributes:
        rounds: how often each pair is seen at most.
        batch_texts: texts of one step.
        rate: Adam's largest step; it rises to it over the first tenth and falls to nothing at the end.
        checks: how often in a round the loss is measured on pairs that are not trained on.
        patience: after how many checks without a lower loss training ends.
        seed: of the order of the pairs.
    """

    rounds: int = 2
    batch_texts: int = 32
    rate: float = 2e-3
    checks: int = 4
    patience: int = 3
    seed: int = 20_240_229


class Student:
    """The encoder in torch, with the rows of its new words free to change.

    Args:
        model: the adapted encoder.
        first_new: how many rows there were before; the others are trained.
    """

    def __init__(self, model: Model, first_new: int) -> None:
        self._shape = model.shape
        self._first_new = first_new
        self._weights = {
            name: torch.from_numpy(np.array(model.weights[name]))
            for name in model.weights
            if name != WORD_ROWS
        }
        rows = np.asarray(model.weights[WORD_ROWS])
        self._old = torch.from_numpy(rows[:first_new].copy())
        self.new = torch.from_numpy(rows[first_new:].copy()).requires_grad_()
        self._tokenizer = tokenizers.Tokenizer.from_str(model.tokenizer_text())
        self._tokenizer.enable_truncation(model.max_tokens)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the tokens of each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def vectors(self, rows: Sequence[Sequence[int]]) -> Any:
        """Returns one unit vector for each text of tokens, a tensor of shape (texts, dimensions)."""
        ids = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
        mask = torch.zeros(ids.shape, dtype=torch.bool)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            mask[place, : len(row)] = True
        hidden = self._embed(ids)
        for layer in range(self._shape.layers):
            hidden = self._layer(f"encoder.layer.{layer}.", hidden, mask)
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)

    def _embed(self, ids: Any) -> Any:
        known = functional.embedding(ids.clamp(max=self._first_new - 1), self._old)
        if len(self.new):
            new = functional.embedding((ids - self._first_new).clamp(min=0), self.new)
            known = torch.where((ids >= self._first_new).unsqueeze(-1), new, known)
        positions = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm("embeddings.LayerNorm", known + positions + segment)

    def _layer(self, prefix: str, hidden: Any, mask: Any) -> Any:
        texts, tokens, dimensions = hidden.shape
        heads = self._shape.heads
        query, key, value = (
            self._linear(f"{prefix}attention.self.{part}", hidden)
            .view(texts, tokens, heads, dimensions // heads)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        context = context.transpose(1, 2).reshape(texts, tokens, dimensions)
        attended = self._linear(f"{prefix}attention.output.dense", context)
        hidden = self._norm(f"{prefix}attention.output.LayerNorm", attended + hidden)
        widened = functional.gelu(self._linear(f"{prefix}intermediate.dense", hidden))
        return self._norm(
            f"{prefix}output.LayerNorm", self._linear(f"{prefix}output.dense", widened) + hidden
        )

    def _linear(self, name: str, values: Any) -> Any:
        return functional.linear(values, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, values: Any) -> Any:
        gain, shift = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(values, gain.shape, gain, shift, self._shape.norm_epsilon)


def train_words(
    model: Model,
    first_new: int,
    texts: Sequence[str],
    targets: "NDArray[np.float32]",
    *,
    training: Training | None = None,
    progress: Callable[[float, float], None] = lambda _share, _loss: None,
) -> Model:
    """Returns the model with its new rows trained, or as it was when training helps nothing.

    Computes on one thread, so that the same pairs give the same rows on the same machine.

    Args:
        model: the adapted encoder.
        first_new: how many rows there were before.
        texts: sentences of the new language.
        targets: the vectors of their English translations, shape (texts, dimensions), of length 1.
        training: how; usual when absent.
        progress: is told the share that is done, in [0, 1], and the latest loss, in [0, 2].
    """
    training = training or Training()
    with _one_thread():
        student = Student(model, first_new)
        rows = student.ids(texts)
        # A sentence without a new word has nothing that could be trained.
        useful = [place for place, row in enumerate(rows) if max(row) >= first_new]
        if not useful:
            return model
        trained = _train(student, [rows[place] for place in useful], targets[useful], training, progress)
    words = np.array(model.weights[WORD_ROWS], np.float32)
    words[first_new:] = trained
    return replace(model, weights={**model.weights, WORD_ROWS: words})


def _train(
    student: Student,
    rows: list[list[int]],
    targets: "NDArray[np.float32]",
    training: Training,
    progress: Callable[[float, float], None],
) -> "NDArray[np.float32]":
    """Returns the new rows at the check whose loss was lowest; what was there before training counts as one."""
    order = np.random.default_rng(training.seed).permutation(len(rows))
    spare, used = np.split(order, [max(1, len(rows) // _SPARE_PAIRS)])
    goals = torch.from_numpy(targets.copy())
    batches = [batch for turn in range(training.rounds) for batch in _batches(rows, used, training, turn)]
    optimiser = torch.optim.Adam([student.new], lr=training.rate)
    every = max(1, math.ceil(len(batches) / max(1, training.rounds * training.checks)))
    best, lowest, waited = (
        student.new.detach().numpy().copy(),
        _loss(student, rows, goals, spare, training),
        0,
    )
    for step, batch in enumerate(batches, start=1):
        optimiser.param_groups[0]["lr"] = training.rate * _share_of_rate(step, len(batches))
        optimiser.zero_grad()
        loss = (1 - (student.vectors([rows[place] for place in batch]) * goals[batch]).sum(-1)).mean()
        loss.backward()
        optimiser.step()
        if step % every == 0 or step == len(batches):
            found = _loss(student, rows, goals, spare, training)
            if found < lowest:
                best, lowest, waited = student.new.detach().numpy().copy(), found, 0
            elif (waited := waited + 1) >= training.patience:
                break
        progress(step / len(batches), lowest)
    kept: NDArray[np.float32] = best
    return kept


def _share_of_rate(step: int, steps: int) -> float:
    rising = max(1, steps // 10)
    return min(step / rising, (steps - step + 1) / max(1, steps - rising))


def _batches(
    rows: list[list[int]], used: "NDArray[np.int64]", training: Training, turn: int
) -> Iterator["NDArray[np.int64]"]:
    """Yields each pair once, in batches of like length: padding is what costs."""
    chance = np.random.default_rng([training.seed, turn])
    shuffled = chance.permutation(used)
    lengths = np.array([len(row) for row in rows])
    pool = training.batch_texts * _POOL_BATCHES
    for start in range(0, len(shuffled), pool):
        part = shuffled[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches = [part[at : at + training.batch_texts] for at in range(0, len(part), training.batch_texts)]
        for place in chance.permutation(len(batches)):
            yield batches[place]


def _loss(
    student: Student, rows: list[list[int]], goals: Any, places: "NDArray[np.int64]", training: Training
) -> float:
    """Returns the mean of one minus the cosine to the English sentence, in [0, 2]."""
    ordered = sorted(places, key=lambda place: len(rows[place]))
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(ordered), training.batch_texts):
            batch = ordered[start : start + training.batch_texts]
            found = student.vectors([rows[place] for place in batch])
            total += float((1 - (found * goals[batch]).sum(-1)).sum())
    return total / max(1, len(ordered))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
