"""The engine `spacy_textcat`: what it trains, and pipelines that somebody else trained."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.training import Example as Annotated

from balie.nlu.engines.port import Example, Lesson, Message, OptionWrong, Ranking, TrainingFailed
from balie.nlu.engines.spacy_textcat import SpacyTextcatEngine, SpacyTextcatRanker

TEXTS = {
    "bike": ("mag de fiets mee", "wat kost een fiets", "fiets meenemen", "een fiets aan boord"),
    "hours": ("hoe laat open", "wat zijn de openingstijden", "morgen open", "tot hoe laat open"),
    "oos": ("bak een brood", "brood bakken", "hoe bak ik brood", "brood met kaas"),
}
INTENTS = ("bike", "hours")


def lesson(*intents: str, language: str = "und") -> Lesson:
    """Returns the sample, in no language in particular: spaCy takes a second to be ready for Dutch."""
    examples = [Example(intent, language, text) for intent in intents or TEXTS for text in TEXTS[intent]]
    return Lesson(sorted(examples), sorted({*(intents or TEXTS)} - {"oos"}))


def trained(folder: Path, taught: Lesson | None = None, **options: str) -> SpacyTextcatRanker:
    taught = taught or lesson()
    engine = SpacyTextcatEngine.from_options(options)
    engine.train(taught, folder, lambda _step, _share: None)
    return engine.load(folder, taught.intents)


def asked(ranker: SpacyTextcatRanker, *texts: str) -> Ranking:
    return ranker.rank([Message(text) for text in texts])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    return made


def pipeline(folder: Path, factory: str = "textcat", *, labels: dict[str, str] | None = None) -> str:
    """Writes a pipeline that somebody trained with spaCy, with names of their own."""
    names = labels or {intent: intent for intent in TEXTS}
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    bag = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": factory == "textcat",
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 4096,
    }
    textcat: Any = nlp.add_pipe(factory, name="topics", config={"model": bag})
    for label in sorted(names.values()):
        textcat.add_label(label)
    examples = [
        Annotated.from_dict(nlp.make_doc(text), {"cats": {names[one]: float(one == intent) for one in names}})
        for intent in names
        for text in TEXTS[intent]
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.05
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(folder)
    return str(folder)


def test_examples_out_of_scope_teach_it_to_say_so(folder: Path) -> None:
    found = asked(trained(folder), "fiets", "brood")
    assert found.out_of_scope is not None
    assert found.out_of_scope[0] < 0.3 < found.out_of_scope[1]
    assert found.scores.argmax(axis=1)[0] == 0


def test_without_them_it_has_no_view_of_that(folder: Path) -> None:
    found = asked(trained(folder, lesson("bike", "hours")), "fiets", "brood")
    assert found.out_of_scope is None


def test_case_makes_no_difference(folder: Path) -> None:
    found = asked(trained(folder), "mag de fiets mee", "Mag De FIETS Mee")
    assert found.scores[0].tolist() == found.scores[1].tolist()


@pytest.mark.parametrize(
    ("taught", "options", "lang"),
    [
        (lesson(language="de-AT"), {}, "de"),
        (lesson(language="tlh"), {}, "xx"),
        (lesson(language="de"), {"lang": "en"}, "en"),
        (
            Lesson([*lesson(language="en").examples, Example("bike", "de", "fahrrad")], INTENTS),
            {},
            "xx",
        ),
    ],
)
def test_words_are_split_as_the_language_splits_them(
    folder: Path, taught: Lesson, options: dict[str, str], lang: str
) -> None:
    trained(folder, taught, **options)
    assert f'lang = "{lang}"' in (folder / "pipeline" / "config.cfg").read_text()


@pytest.mark.parametrize("architecture", ["cnn", "ensemble"])
def test_other_architectures_learn_the_same_twice(tmp_path: Path, architecture: str) -> None:
    found = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        ranker = trained(tmp_path / name, architecture=architecture, epochs="3")
        found.append(asked(ranker, "mag de fiets mee", "brood").scores)
    assert np.allclose(found[0], found[1], atol=1e-5)


def test_one_intent_is_refused_with_a_way_out(folder: Path) -> None:
    with pytest.raises(TrainingFailed, match="add another, or oos"):
        trained(folder, lesson("bike"))


@pytest.mark.parametrize("lang", ["qq", "not-one"])
def test_a_language_that_spacy_does_not_know_is_refused_with_a_way_out(folder: Path, lang: str) -> None:
    with pytest.raises(TrainingFailed, match=f"lang={lang} cannot be had: .*; lang=xx always can"):
        trained(folder, lang=lang)


def test_training_leaves_the_chance_of_others_alone(folder: Path) -> None:
    random.seed(7)
    np.random.seed(7)
    expected = (random.random(), np.random.random())
    random.seed(7)
    np.random.seed(7)
    trained(folder)
    assert (random.random(), np.random.random()) == expected


def test_words_that_were_ranked_are_forgotten(folder: Path) -> None:
    ranker = trained(folder)
    asked(ranker, "woord")
    strings = ranker._classifier._nlp.vocab.strings  # type: ignore[union-attr]
    before = len(strings)
    for number in range(300):
        asked(ranker, f"nieuw{number} woord{number}")
    assert len(strings) == before


def test_long_runs_without_a_space_take_no_longer_than_others(folder: Path) -> None:
    """Compared within one run: without gaps the first takes a thousand times as long as the second."""
    from time import process_time

    ranker = trained(folder)
    took = []
    for text in ("?" * 4096, "fiets mee? " * 372):
        started = process_time()
        asked(ranker, text)
        took.append(process_time() - started)
    assert took[0] < 50 * took[1]


def test_a_closed_ranker_says_so(folder: Path) -> None:
    ranker = trained(folder)
    ranker.close()
    with pytest.raises(RuntimeError, match="closed"):
        asked(ranker, "fiets")


class TestPipelines:
    """Pipelines that are taken as they are."""

    def test_a_pipeline_ranks_with_its_own_labels(self, tmp_path: Path, folder: Path) -> None:
        path = pipeline(tmp_path / "theirs")
        taught = lesson()
        engine = SpacyTextcatEngine.from_options({"pipeline": path})
        held_out = engine.train(taught, folder, lambda _step, _share: None)
        assert held_out is not None
        assert held_out.scores.shape == (len(taught.examples), 2)
        Path(path).rename(tmp_path / "gone")
        found = asked(engine.load(folder, taught.intents), "de fiets", "hoe laat open", "brood")
        assert found.scores.argmax(axis=1)[:2].tolist() == [0, 1]
        assert found.out_of_scope is not None
        assert found.out_of_scope[2] > 0.5 > found.out_of_scope[:2].max()

    def test_labels_that_do_not_exclude_each_other_become_probabilities(
        self, tmp_path: Path, folder: Path
    ) -> None:
        names = {"bike": "bike", "hours": "hours"}
        path = pipeline(tmp_path / "theirs", "textcat_multilabel", labels=names)
        found = asked(trained(folder, lesson("bike", "hours"), pipeline=path), "fiets", "xyz")
        assert found.scores.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
        assert found.scores[0, 0] > 0.6
        assert found.out_of_scope is not None
        assert found.out_of_scope[1] > found.out_of_scope[0]

    def test_labels_are_named_anew(self, tmp_path: Path, folder: Path) -> None:
        names = {"bike": "FIETS", "hours": "UREN", "oos": "OVERIG"}
        path = pipeline(tmp_path / "theirs", labels=names)
        labels = "FIETS=bike, UREN=hours, OVERIG=oos"
        found = asked(trained(folder, pipeline=path, labels=labels), "fiets", "brood")
        assert found.scores.argmax(axis=1)[0] == 0
        assert found.out_of_scope is not None

    @pytest.mark.parametrize(
        ("names", "options", "problem"),
        [
            (
                {"bike": "FIETS", "hours": "hours"},
                {},
                "labels that are no intents: FIETS; intents without a label: bike; the option labels=FIETS=bike names",
            ),
            ({"bike": "bike", "oos": "oos"}, {}, "intents without a label: hours"),
            (
                {"bike": "bike", "hours": "uren", "oos": "b"},
                {"labels": "uren=hours,b=bike"},
                "intents with several labels: bike",
            ),
            (
                {"bike": "bike", "hours": "hours"},
                {"labels": "FIETS=bike"},
                "the pipeline has no label 'FIETS'; it has bike, hours",
            ),
        ],
    )
    def test_labels_that_do_not_fit_are_told(
        self, tmp_path: Path, folder: Path, names: dict[str, str], options: dict[str, str], problem: str
    ) -> None:
        path = pipeline(tmp_path / "theirs", labels=names)
        with pytest.raises(TrainingFailed) as raised:
            trained(folder, None, pipeline=path, **options)
        assert problem in str(raised.value)

    def test_a_folder_without_a_pipeline_is_refused(self, tmp_path: Path, folder: Path) -> None:
        with pytest.raises(TrainingFailed, match=r"is no spaCy pipeline: it has no config\.cfg"):
            trained(folder, pipeline=str(tmp_path / "absent"))

    def test_a_pipeline_that_needs_what_is_not_here_is_refused(self, tmp_path: Path, folder: Path) -> None:
        path = Path(pipeline(tmp_path / "theirs"))
        config = (path / "config.cfg").read_text().replace('factory = "sentencizer"', 'factory = "theirs"')
        (path / "config.cfg").write_text(config)
        with pytest.raises(TrainingFailed, match=r"cannot be loaded: .*theirs"):
            trained(folder, pipeline=str(path))

    def test_a_pipeline_without_a_classifier_is_refused(self, tmp_path: Path, folder: Path) -> None:
        nlp = spacy.blank("xx")
        nlp.add_pipe("sentencizer")
        nlp.to_disk(tmp_path / "theirs")
        with pytest.raises(
            TrainingFailed, match="must have one text classifier; it has none, only sentencizer"
        ):
            trained(folder, pipeline=str(tmp_path / "theirs"))

    def test_a_pipeline_with_two_classifiers_is_refused(self, tmp_path: Path, folder: Path) -> None:
        nlp = spacy.load(pipeline(tmp_path / "theirs"))
        other: Any = nlp.add_pipe("textcat_multilabel", name="moods")
        for label in ("glad", "sad"):
            other.add_label(label)
        examples = [Annotated.from_dict(nlp.make_doc("fijn"), {"cats": {"glad": 1.0, "sad": 0.0}})]
        other.initialize(lambda: examples, nlp=nlp)
        nlp.to_disk(tmp_path / "both")
        with pytest.raises(TrainingFailed, match="must have one text classifier; it has topics, moods"):
            trained(folder, pipeline=str(tmp_path / "both"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"labels": "a=b"}, "labels are those of a pipeline, and none is given"),
        ({"pipeline": "p", "epochs": "3"}, "epochs is of training, and a pipeline is taken as it is"),
        ({"pipeline": "p", "labels": "a"}, "labels has 'a', which is not LABEL=intent"),
        ({"architecture": "lstm"}, "should be 'bow', 'cnn' or 'ensemble'"),
        ({"epochs": "0"}, "should be greater than or equal to 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, str], problem: str) -> None:
    with pytest.raises(OptionWrong) as raised:
        SpacyTextcatEngine.from_options(options)
    assert problem in str(raised.value)
