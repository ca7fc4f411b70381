"""The engines that learn by cross-fitting, on small lessons, with the built encoder."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.nlu.sample import examples

from balie.nlu.engines.embedding import EmbeddingEngine
from balie.nlu.engines.ensemble import EnsembleEngine
from balie.nlu.engines.linear import LinearEngine
from balie.nlu.engines.port import (
    Example,
    GlancingRanker,
    HeldOutRanking,
    Lesson,
    Message,
    OptionWrong,
    Ranking,
    TrainingFailed,
)
from balie.nlu.engines.registry import open_engine
from balie.nlu.errors import ModelDamaged
from balie.nlu.folds import rows_of

if TYPE_CHECKING:
    from balie.encoders.onnx import OnnxEncoder

NAMES = ("linear", "embedding", "ensemble")
OF_VECTORS = ("embedding", "ensemble")
every_engine = pytest.mark.parametrize("name", NAMES)

ASKED = {
    "bicycle_information": (
        ("nl", "mag de fiets mee op de boot"),
        ("de", "fahrrad mitnehmen"),
        ("en", "bicycle"),
    ),
    "opening_hours": (("nl", "openingstijden loket"), ("de", "wann öffnet ihr"), ("en", "opening hours")),
    "refund_request": (("nl", "ik wil mijn geld terug"), ("de", "geld zurück"), ("en", "money back please")),
}


@pytest.fixture(scope="module")
def known(encoder: "OnnxEncoder") -> "States":
    return States(encoder)


class States:
    """The encoder's states of texts, each text encoded once."""

    def __init__(self, encoder: "OnnxEncoder") -> None:
        self._encoder = encoder
        self._found: dict[str, np.ndarray] = {}

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Returns shape (texts, states, dimensions)."""
        new = sorted(set(texts) - self._found.keys())
        if new:
            self._found |= zip(new, self._encoder.encode_layers(new), strict=True)
        return np.stack([self._found[text] for text in texts])

    def lesson(self, rows: Sequence[Example], intents: Sequence[str] | None = None) -> Lesson:
        """Returns what there is to learn from examples."""
        states = self.of([row.text for row in rows])
        named = intents or sorted({row.intent for row in rows} - {"oos"})
        return Lesson(rows, named, states[:, 0], states)

    def messages(self, texts: Sequence[tuple[str, str]]) -> list[Message]:
        """Returns messages of languages and texts."""
        states = self.of([text for _, text in texts])
        return [
            Message(text, language, its[0], its) for (language, text), its in zip(texts, states, strict=True)
        ]


def rows(*intents: str, most: int = 99) -> list[Example]:
    """Returns the sample desk's examples of some intents, at most so many in each language."""
    return sorted(
        Example(intent, language, text)
        for intent, by_language in examples().items()
        if not intents or intent in intents
        for language, texts in by_language.items()
        for text in texts[:most]
    )


def more_out_of_scope() -> list[Example]:
    """Returns so many that what tells them apart is learned from them."""
    things = (
        "de film",
        "het weer",
        "een recept",
        "de beurs",
        "een raadsel",
        "voetbal",
        "de maan",
        "een gedicht",
    )
    texts = [
        f"{start} {thing}" for start in ("vertel iets over", "hoe vind je", "wat is") for thing in things
    ]
    return [Example("oos", "nl", text) for text in texts]


def trained(name: str, lesson: Lesson, folder: Path, **options: str) -> HeldOutRanking:
    folder.mkdir()
    found = open_engine(name, options).train(lesson, folder, lambda _step, _share: None)
    assert isinstance(found, HeldOutRanking)
    return found


def ranked(name: str, lesson: Lesson, folder: Path, messages: Sequence[Message]) -> Ranking:
    ranker = open_engine(name, {}).load(folder, lesson.intents)
    found = ranker.rank(messages)
    ranker.close()
    assert np.allclose(found.scores.sum(axis=1), 1.0, atol=1e-5)
    return found


def share_right(ranking: Ranking, lesson: Lesson) -> float:
    """Returns the accuracy of rankings of a lesson's examples, of those in scope."""
    first = [lesson.intents[place] for place in ranking.scores.argmax(axis=1)]
    hits = [one == row.intent for one, row in zip(first, lesson.examples, strict=True) if row.intent != "oos"]
    return float(np.mean(hits))


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """Returns how often what is out of scope has the higher score."""
    return float((outside[:, None] > inside).mean())


@every_engine
def test_an_engine_understands_what_it_was_not_taught(name: str, known: States, tmp_path: Path) -> None:
    lesson = known.lesson(rows())
    held_out = trained(name, lesson, tmp_path / "model")
    assert share_right(held_out, lesson) > 0.9
    asked = [(intent, *one) for intent, several in ASKED.items() for one in several]
    found = ranked(name, lesson, tmp_path / "model", known.messages([one[1:] for one in asked]))
    first = [lesson.intents[place] for place in found.scores.argmax(axis=1)]
    hits = sum(one == other[0] for one, other in zip(first, asked, strict=True))
    assert hits >= (6 if name == "linear" else 8), first


@every_engine
def test_the_order_of_the_examples_makes_no_difference(name: str, known: States, tmp_path: Path) -> None:
    lesson = known.lesson(rows(most=3))
    order = np.random.default_rng(1).permutation(len(lesson.examples))
    held_out = trained(name, lesson, tmp_path / "one")
    shuffled = trained(name, rows_of(lesson, order), tmp_path / "other")
    assert np.allclose(held_out.scores[order], shuffled.scores, atol=1e-5)
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / one).iterdir()} for one in ("one", "other")
    ]
    assert files[0].keys() == files[1].keys()
    assert [name for name, content in files[0].items() if files[1][name] != content] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("ensemble", "many"), ("ensemble", "few"), ("ensemble", "none")),
        *(("linear", "many"), ("linear", "none"), ("embedding", "few")),
    ],
)
def test_what_is_out_of_scope_is_told(name: str, kind: str, known: States, tmp_path: Path) -> None:
    """With twenty examples and more by these, with fewer by stand-ins, which take more than three intents."""
    intents = [row for row in rows() if row.intent != "oos"]
    fourth = [Example("wifi", row.language, row.text) for row in WIFI]
    outside = {"many": more_out_of_scope(), "few": rows("oos"), "none": []}[kind]
    lesson = known.lesson(sorted([*intents, *fourth, *outside]))
    held_out = trained(name, lesson, tmp_path / "model")
    assert held_out.out_of_scope is not None
    assert (held_out.strangers is None) == (kind == "many")
    is_outside = np.array([row.intent == "oos" for row in lesson.examples])
    if kind == "many":
        assert auroc(held_out.out_of_scope[~is_outside], held_out.out_of_scope[is_outside]) > 0.9
    else:
        assert held_out.strangers is not None
        assert held_out.strangers.out_of_scope is not None
        assert auroc(held_out.out_of_scope[~is_outside], held_out.strangers.out_of_scope[~is_outside]) > 0.8
        assert np.array_equal(held_out.strangers.scores[is_outside], held_out.scores[is_outside])
    asked = [one for several in ASKED.values() for one in several]
    found = ranked(name, lesson, tmp_path / "model", known.messages([*asked, *STRANGERS]))
    assert found.out_of_scope is not None
    assert auroc(found.out_of_scope[: len(asked)], found.out_of_scope[len(asked) :]) > 0.6


STRANGERS = (
    ("nl", "wat is de hoofdstad van peru"),
    ("de", "schreib mir ein gedicht"),
    ("en", "who is the president"),
)
WIFI = (
    Example("wifi", "nl", "is er wifi aan boord"),
    Example("wifi", "nl", "wat is het wachtwoord van de wifi"),
    Example("wifi", "de", "gibt es wlan an bord"),
    Example("wifi", "de", "das wlan passwort bitte"),
    Example("wifi", "en", "is there wifi on board"),
    Example("wifi", "en", "the wifi password please"),
)


@every_engine
def test_three_intents_without_anything_out_of_scope_have_no_view_of_it(
    name: str, known: States, tmp_path: Path
) -> None:
    lesson = known.lesson([row for row in rows(most=3) if row.intent != "oos"])
    held_out = trained(name, lesson, tmp_path / "model")
    assert held_out.out_of_scope is None
    assert held_out.strangers is None
    assert ranked(name, lesson, tmp_path / "model", known.messages(STRANGERS)).out_of_scope is None


@every_engine
@pytest.mark.parametrize("intents", [("refund_request",), ("refund_request", "opening_hours")])
def test_one_intent_and_two_are_enough(
    name: str, intents: tuple[str, ...], known: States, tmp_path: Path
) -> None:
    lesson = known.lesson(rows(*intents, most=3))
    held_out = trained(name, lesson, tmp_path / "model")
    assert share_right(held_out, lesson) > 0.8
    found = ranked(name, lesson, tmp_path / "model", known.messages(ASKED["refund_request"]))
    assert (found.scores.argmax(axis=1) == lesson.intents.index("refund_request")).all()


@every_engine
def test_an_intent_with_a_single_example_does_not_spoil_the_others(
    name: str, known: States, tmp_path: Path
) -> None:
    lesson = known.lesson(sorted([*rows(most=4), WIFI[0]]))
    held_out = trained(name, lesson, tmp_path / "model")
    assert share_right(held_out, lesson) > 0.8
    found = ranked(name, lesson, tmp_path / "model", known.messages([("nl", "is er wifi aan boord")]))
    assert lesson.intents[int(found.scores[0].argmax())] == "wifi"


@every_engine
def test_four_intents_named_and_one_with_examples(name: str, known: States, tmp_path: Path) -> None:
    lesson = known.lesson(rows("refund_request", most=3), intents=["a", "b", "c", "refund_request"])
    trained(name, lesson, tmp_path / "model")
    found = ranked(name, lesson, tmp_path / "model", known.messages(ASKED["refund_request"]))
    assert (found.scores.argmax(axis=1) == 3).all()


@every_engine
@pytest.mark.parametrize("count", [1, 3])
def test_the_same_words_throughout_teach_nothing(
    name: str, count: int, known: States, tmp_path: Path
) -> None:
    same = [Example("greeting", "nl", "Hallo" + "!" * place) for place in range(count)]
    with pytest.raises(TrainingFailed, match="same words"):
        trained(name, known.lesson(same), tmp_path / "model")


@every_engine
@pytest.mark.parametrize("intents", [("bye", "hello"), ("hello", "hello")])
def test_two_texts_are_a_lesson(name: str, intents: tuple[str, str], known: States, tmp_path: Path) -> None:
    lesson = known.lesson([Example(intents[0], "nl", "tot ziens"), Example(intents[1], "nl", "goedendag")])
    trained(name, lesson, tmp_path / "model")
    found = ranked(name, lesson, tmp_path / "model", known.messages([("nl", "goedendag")]))
    assert found.scores.shape == (1, len(set(intents)))


@every_engine
def test_a_damaged_folder_is_said_to_be_damaged(name: str, known: States, tmp_path: Path) -> None:
    lesson = known.lesson(sorted([*rows(*ASKED, most=1), *more_out_of_scope()]))
    folder = tmp_path / "model"
    trained(name, lesson, folder)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for content in (b"", b"{}", b"[]", b"\xff\xfe", whole[: len(whole) // 2]):
            path.write_bytes(content)
            with pytest.raises(ModelDamaged, match=path.name.replace(".", r"\.")):
                open_engine(name, {}).load(folder, lesson.intents)
        path.write_bytes(whole)
        if path.name != "scope.npz":
            path.unlink()
            with pytest.raises(ModelDamaged, match=path.name.replace(".", r"\.")):
                open_engine(name, {}).load(folder, lesson.intents)
            path.write_bytes(whole)
    open_engine(name, {}).load(folder, lesson.intents)


@pytest.mark.parametrize("name", OF_VECTORS)
def test_an_engine_of_vectors_says_so_when_it_is_given_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="vectors"):
        trained(name, Lesson(rows(), ["a"]), tmp_path / "model")


def test_options_are_known_by_name_and_value() -> None:
    for without in (LinearEngine, EmbeddingEngine):
        with pytest.raises(OptionWrong, match="has no options"):
            without.from_options({"early_exit": "false"})
    with pytest.raises(OptionWrong, match="known are: early_exit"):
        EnsembleEngine.from_options({"network": "always"})
    with pytest.raises(OptionWrong, match="early_exit"):
        EnsembleEngine.from_options({"early_exit": "perhaps"})
    assert not LinearEngine.needs_vectors
    assert EmbeddingEngine.needs_vectors


def test_what_was_seen_at_a_glance_is_not_found_out_again(known: States, tmp_path: Path) -> None:
    lesson = known.lesson(rows(most=3))
    trained("ensemble", lesson, tmp_path / "model")
    ranker = open_engine("ensemble", {}).load(tmp_path / "model", lesson.intents)
    assert isinstance(ranker, GlancingRanker)
    asked = known.messages(ASKED["refund_request"])
    glances = ranker.glance([replace(message, vector=None, states=None) for message in asked])
    assert not any(glance.is_sure for glance in glances), "with few examples letters are never enough"
    whole, on_glances = ranker.rank(asked), ranker.rank_on(asked, glances)
    assert np.array_equal(whole.scores, on_glances.scores)
    assert [int(glance.scores.argmax()) for glance in glances] == [lesson.intents.index("refund_request")] * 3


def test_early_exit_can_be_switched_off(known: States, tmp_path: Path) -> None:
    lesson = known.lesson(rows(most=2))
    trained("ensemble", lesson, tmp_path / "model", early_exit="false")
    stored = json.loads((tmp_path / "model" / "early_exit.json").read_text(encoding="utf-8"))
    assert (stored["least"], stored["share"]) == (2.0, 0.0)
