import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.fixed_keywords import FixedKeywords
from tests.unit.nlu.sample import LANGUAGES, keywords_file

from balie.encoders import EncoderBusy, EncoderSettings
from balie.encoders.layers import LayeredEncoder
from balie.kit.caller import DEFAULT_TENANT
from balie.kit.errors import ServerStopping
from balie.nlu.analyzer import Analyzer
from balie.nlu.domain import ContactTerms, Rule, ScoredIntent, Target, TargetKind, Utterance, Verdict
from balie.nlu.encoding import StateEncoder
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.served import ServedModel, ServedModels
from balie.nlu.signals import SignalReader
from balie.nlu.verdicts import verdict_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders import Encoder
    from balie.nlu.artifacts import Artifact

TENANT = DEFAULT_TENANT

Making = Callable[[StateEncoder], Analyzer]


class Held:
    """A real encoder that waits to be let go, so that a test decides what arrives together."""

    def __init__(self, encoder: "Encoder") -> None:
        self._encoder = encoder
        self.may_go = threading.Event()
        self.batches: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def encode_layers(self, texts: list[str]) -> "NDArray[np.float32]":
        self.batches.append(len(texts))
        assert self.may_go.wait(30)
        return self._encoder.encode_layers(texts)  # type: ignore[attr-defined]


@asynccontextmanager
async def batching(encoder: object, **limits: int) -> AsyncIterator[StateEncoder]:
    gate = getattr(encoder, "may_go", None)
    if gate is not None:
        gate.set()
    layered = LayeredEncoder(encoder)  # type: ignore[arg-type]  # asks once how wide a row is
    if gate is not None:
        gate.clear()
        encoder.batches.clear()  # type: ignore[attr-defined]
    batcher = StateEncoder(layered, EncoderSettings(**limits))
    try:
        yield batcher
    finally:
        await batcher.close()


def serving(model: ServedModel) -> ServedModels:
    models = ServedModels()
    models.put(TENANT, model)
    return models


@pytest.fixture
def making(artifact: "Artifact", tmp_path: Path) -> Iterator[Making]:
    keywords = FixedKeywords(KeywordFinder(read_keywords(keywords_file(tmp_path)), LANGUAGES))
    detector = LanguageDetector(LANGUAGES, known_words(LANGUAGES, []), floor=0.6)
    with ThreadPoolExecutor(1) as reader:
        yield lambda encoder: Analyzer(
            encoder=encoder,
            models=serving(ServedModel(artifact, detector)),
            detector=detector,
            keywords=keywords,
            signals=SignalReader(LANGUAGES),
            reader=reader,
            waiting=reader,
        )


async def test_understands_a_message_from_end_to_end(
    encoder: "Encoder", making: Making, artifact: "Artifact"
) -> None:
    text = "kunt u mij vertellen of mijn fiets mee mag op de boot?"
    async with batching(encoder) as batcher:
        (found,) = await making(batcher).analyze(TENANT, [Utterance(text)])
    assert found.detection.language == "nl"
    assert [match.keyword_id for match in found.keywords] == ["topic-bicycle"]
    assert found.intents[0].name == "bicycle_information"
    assert [intent.score for intent in found.intents] == sorted(
        (intent.score for intent in found.intents), reverse=True
    )
    assert found.signals.question_count == 1
    assert not found.signals.asks_for_person
    assert found.embedding is None
    assert found.model_version == artifact.version
    assert found.threshold == artifact.thresholds.match
    assert found.calibration_version == artifact.thresholds.version


async def test_gives_the_embedding_when_asked(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        with_it, without = await making(batcher).analyze(
            TENANT, [Utterance("waar is mijn geld", want_embedding=True), Utterance("waar is mijn geld")]
        )
    assert without.embedding is None
    assert with_it.embedding is not None
    assert with_it.embedding.fingerprint == encoder.fingerprint
    assert np.allclose(with_it.embedding.values, encoder.encode(["waar is mijn geld"])[0], atol=1e-4)


async def test_a_keyword_that_is_all_of_the_message_matches_and_leads(
    encoder: "Encoder", making: Making
) -> None:
    async with batching(encoder) as batcher:
        bicycle, article = await making(batcher).analyze(TENANT, [Utterance("fiets!"), Utterance("wv1042")])
    assert bicycle.verdict is Verdict.MATCH
    assert bicycle.intents[0] == ScoredIntent("bicycle_information", 1.0)
    assert {intent.score for intent in bicycle.intents[1:]} == {0.0}
    assert len(bicycle.intents) == 3
    assert article.verdict is Verdict.MATCH
    assert article.keywords[0].target == Target(TargetKind.FAQ_ENTRY, "product-model-ferry")
    assert article.intents[0].score < 1.0


async def test_a_keyword_within_a_message_leaves_the_verdict_to_the_ranking(
    encoder: "Encoder", making: Making, artifact: "Artifact"
) -> None:
    async with batching(encoder) as batcher:
        (found,) = await making(batcher).analyze(
            TENANT, [Utterance("is de fiets op de Wulp gisteren gezien")]
        )
    assert {match.keyword_id for match in found.keywords} == {"ship-wulp", "topic-bicycle"}
    assert found.intents[0].score < 1.0
    assert found.verdict is verdict_of(found.intents, artifact.thresholds)


async def test_an_example_word_for_word_matches(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        known, out = await making(batcher).analyze(
            TENANT,
            [Utterance("VRAAGJE: waar mijn terugbetaling blijft"), Utterance("Hoe bak ik pannenkoeken?!")],
        )
    assert (known.verdict, known.intents[0]) == (Verdict.MATCH, ScoredIntent("refund_request", 1.0))
    assert (out.verdict, out.intents[0].score) == (Verdict.NO_MATCH, 0.0)


async def test_messages_that_arrive_together_are_encoded_together(encoder: "Encoder", making: Making) -> None:
    held = Held(encoder)
    async with batching(held, workers=1, batch_texts=32) as batcher:
        analyzer = making(batcher)
        texts = [f"bericht nummer {number}" for number in range(16)]
        calls = [asyncio.create_task(analyzer.analyze(TENANT, [Utterance(text)])) for text in texts]
        while batcher.measures().texts < 16:  # each comes when its letters were read, the first alone
            await asyncio.sleep(0.005)
        held.may_go.set()
        found = await asyncio.gather(*calls)
        measures = batcher.measures()
    assert (measures.texts, measures.encoded) == (16, 16)
    assert measures.batches <= 2
    alone = encoder.encode(texts)
    assert len(found) == len(alone) == 16


async def test_a_batch_keeps_its_order(encoder: "Encoder", making: Making) -> None:
    texts = [
        "what a bicycle ticket costs",
        "x " * 900,
        "hoe laat het loket opengaat",
        "🚲",
        "wo meine erstattung bleibt",
    ]
    utterances = [Utterance(text, want_embedding=True) for text in texts]
    async with batching(encoder, cache_texts=0) as batcher:
        analyzer = making(batcher)
        together = await analyzer.analyze(TENANT, utterances)
        alone = [(await analyzer.analyze(TENANT, [utterance]))[0] for utterance in utterances]
    for one, other in zip(together, alone, strict=True):
        assert one.detection == other.detection
        assert one.signals == other.signals
        assert one.verdict is other.verdict
        assert one.embedding is not None
        assert other.embedding is not None
        assert float(one.embedding.values @ other.embedding.values) > 0.9999


async def test_too_many_messages_are_refused_by_the_encoder(encoder: "Encoder", making: Making) -> None:
    held = Held(encoder)
    async with batching(held, workers=1, batch_texts=1, queue_texts=1) as batcher:
        analyzer = making(batcher)
        first = asyncio.create_task(analyzer.analyze(TENANT, [Utterance("een")]))
        while not batcher.measures().running:
            await asyncio.sleep(0.005)
        second = asyncio.create_task(analyzer.analyze(TENANT, [Utterance("twee")]))
        while not batcher.measures().waiting:
            await asyncio.sleep(0.005)
        with pytest.raises(EncoderBusy):
            await analyzer.analyze(TENANT, [Utterance("drie")])
        held.may_go.set()
        assert len(await first) == len(await second) == 1


async def test_is_sound_until_the_encoder_is_closed(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        analyzer = making(batcher)
        assert await analyzer.is_sound()
    with pytest.raises(ServerStopping):
        await analyzer.is_sound()


async def test_a_misspelt_keyword_is_a_guess_and_no_match(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        guessed, known = await making(batcher).analyze(TENANT, [Utterance("bicylce"), Utterance("bicycle")])
    assert [match.rule for match in guessed.keywords] == [Rule.FUZZY]
    assert guessed.keywords[0].whole_message
    assert guessed.intents[0].score < 1
    assert known.verdict is Verdict.MATCH
    assert known.intents[0] == ScoredIntent("bicycle_information", 1.0)


async def test_finds_the_terms_of_the_contact(encoder: "Encoder", making: Making) -> None:
    own = ContactTerms("booking-7", Target(TargetKind.VALUE, "booking-7"), ("Texel zaterdag",))
    text = "is texel zaterdag al betaald"
    async with batching(encoder) as batcher:
        theirs, others = await making(batcher).analyze(
            TENANT, [Utterance(text, contact_terms=(own,)), Utterance(text)]
        )
    assert [match.keyword_id for match in theirs.keywords] == ["booking-7"]
    assert others.keywords == []


async def test_an_example_word_for_word_is_known_and_not_encoded(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        (found,) = await making(batcher).analyze(TENANT, [Utterance("  Of mijn fiets MEE mag!! ")])
        assert batcher.measures().texts == 0
    assert found.verdict is Verdict.MATCH
    assert found.intents[0].score == 1.0


async def test_a_guess_never_scores_as_what_is_known_does(encoder: "Encoder", making: Making) -> None:
    async with batching(encoder) as batcher:
        (found,) = await making(batcher).analyze(TENANT, [Utterance("zeg, mag mijn fiets mee?")])
        assert batcher.measures().texts == 1
    assert found.intents[0].score < 1.0
